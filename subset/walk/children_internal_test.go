package walk

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

func TestBatches_AreForOneConnectionEach(t *testing.T) {
	s := &searcher{memory: withKeys(t)}
	s.src = &snapshot.Snapshot{Workers: make([]*pgx.Conn, 2)}
	s.tables[0].Rows = 3 * lookupBatch
	for key := range int64(3 * lookupBatch) {
		s.heaps[0].directory.sampled.Add(uint64(key))
	}
	var got []int64
	lanes := map[int]int{}
	for _, b := range s.batches(s.heaps[0].directory) {
		if len(b.keys) > lookupBatch {
			t.Errorf("%d keys at once", len(b.keys))
		}
		got = append(got, b.keys...)
		lanes[b.lane] += len(b.keys)
	}
	want := make([]int64, 3*lookupBatch)
	for i := range want {
		want[i] = int64(i)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("not each key once, in order: %s", diff)
	}
	if len(lanes) != 2 || lanes[0] < lookupBatch || lanes[1] < lookupBatch {
		t.Errorf("keys by connection: %v", lanes)
	}
}
