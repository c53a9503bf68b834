package walk

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

func TestNotes_ComeBackAsTheyWereTaken(t *testing.T) {
	type one struct {
		reference
		manner
	}
	var all []one
	for n := range int64(200) {
		all = append(all,
			one{reference{at: snapshot.Row(n)}, byPlace},
			one{reference{at: nothingThere}, byPlace},
			one{reference{at: snapshot.Nowhere}, byPlaceAndName},
			one{reference{at: snapshot.Row(n), name: -n}, byPlaceAndName},
			one{reference{at: knownByName, name: n << 50}, byName},
		)
		if n%3 == 0 { // not each word beyond the last of these has a bit
			all = append(all, one{reference{at: nothingThere}, byName})
		}
	}
	all = append(all, one{reference{at: knownByName, name: math.MinInt64}, byName}, one{reference{at: knownByName}, byName})
	var n notes
	for _, o := range all {
		n.parent(o.reference, o.manner)
	}
	read := noteReader{notes: &n}
	for i, o := range all {
		if got := read.parent(o.manner); got != o.reference {
			t.Fatalf("note %d: %+v, want %+v", i, got, o.reference)
		}
	}
	if read.at != len(n.words) {
		t.Errorf("%d words read of %d", read.at, len(n.words))
	}
}

func TestBatches_AreForOneConnectionEach(t *testing.T) {
	w := withNames()
	w.src = &snapshot.Snapshot{Workers: make([]*pgx.Conn, 2)}
	w.plan.Tables[0].Rows = 3 * lookupBatch
	for name := range int64(3 * lookupBatch) {
		w.directories[0].sampled.Add(uint64(name))
	}
	var got []int64
	lanes := map[int]int{}
	for _, b := range w.batches(w.directories[0]) {
		if len(b.names) > lookupBatch {
			t.Errorf("%d names at once", len(b.names))
		}
		got = append(got, b.names...)
		lanes[b.lane] += len(b.names)
	}
	want := make([]int64, 3*lookupBatch)
	for i := range want {
		want[i] = int64(i)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("not each name once, in order: %s", diff)
	}
	if len(lanes) != 2 || lanes[0] < lookupBatch || lanes[1] < lookupBatch {
		t.Errorf("names by connection: %v", lanes)
	}
}
