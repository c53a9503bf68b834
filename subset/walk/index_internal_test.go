package walk

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// An index gives what a map would, whatever the keys and in whatever order.
func TestIndex_FindsWhatAMapFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var x index[int64]
	for round := range 3 {
		keys, want := []int64{}, map[int64]int32{}
		x.forget()
		for range 5000 * round {
			key := []int64{
				random.Int64N(4000), random.Int64(), -random.Int64N(50), random.Int64N(100) << 40, math.MinInt64,
			}[random.IntN(5)]
			keys = append(keys, key)
			id := int32(len(keys) - 1)
			if random.IntN(4) > 0 { // else it is known by its id alone
				x.put(keys, id)
				want[key] = id
			}
			asked := keys[random.IntN(len(keys))]
			got, ok := x.get(keys, asked)
			if id, known := want[asked]; ok != known || known && got != id {
				t.Fatalf("%d: %d %v, want %d %v", asked, got, ok, id, known)
			}
		}
		if x.n != len(want) {
			t.Errorf("%d keys, want %d", x.n, len(want))
		}
	}
}

func TestIndex_IsEmptyAtFirst(t *testing.T) {
	var x index[snapshot.Row]
	if id, ok := x.get(nil, 7); ok {
		t.Errorf("id %d", id)
	}
}
