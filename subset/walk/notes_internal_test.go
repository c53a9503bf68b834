package walk

import (
	"math"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

func TestNotes_ComeBackAsTheyWereTaken(t *testing.T) {
	type one struct {
		reference
		encoding
	}
	var all []one
	for n := range int64(200) {
		all = append(all,
			one{reference{at: snapshot.Row(n)}, byPlace},
			one{reference{at: nothingThere}, byPlace},
			one{reference{at: snapshot.Nowhere}, byPlaceAndKey},
			one{reference{at: snapshot.Row(n), key: -n}, byPlaceAndKey},
			one{reference{at: knownByKey, key: n << 50}, byKey},
		)
		if n%3 == 0 { // not each word beyond the last of these has a bit
			all = append(all, one{reference{at: nothingThere}, byKey})
		}
	}
	all = append(all, one{reference{at: knownByKey, key: math.MinInt64}, byKey}, one{reference{at: knownByKey}, byKey})
	var n notes
	for _, o := range all {
		n.parent(o.reference, o.encoding)
	}
	read := noteReader{notes: &n}
	for i, o := range all {
		if got := read.parent(o.encoding); got != o.reference {
			t.Fatalf("note %d: %+v, want %+v", i, got, o.reference)
		}
	}
	if read.at != len(n.words) {
		t.Errorf("%d words read of %d", read.at, len(n.words))
	}
}
