package plan

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// cold is a disk of a machine in a cloud.
var cold = catalog.Pace{Apart: 3_000, Bytes: 125 << 20, Memory: 4 << 30}

// sized gives a table's only heap so many blocks.
func sized(k *catalog.ForeignKey, pages int64) *catalog.Heap {
	k.ChildHeaps[0].Pages = pages
	return k.ChildHeaps[0]
}

// A scan of all lines takes less of a cold disk than a tenth of its pages one by
// one; in memory it is the other way round.
func TestAccess_ScansWhereReadsAreDear(t *testing.T) {
	_, byOrder, _ := shelves(t, 1)
	lines := sized(byOrder, 67_000)
	const rows, orders, share = 6_000_000, 16_000, 0.008
	if !(Access{Pace: cold}).Scans(lines, rows, byOrder, orders, share) {
		t.Error("30,000 reads of a cold disk instead of a scan")
	}
	if (Access{}).Scans(lines, rows, byOrder, orders, share) {
		t.Error("a scan of six million rows in memory for 48,000")
	}
	if (Access{Pace: cold}).Scans(lines, rows, byOrder, 100, 0.00005) {
		t.Error("a scan of a cold disk for the lines of a hundred orders")
	}
	byOrder.Indexed = false
	if !(Access{}).Scans(lines, rows, byOrder, 1, 1e-6) {
		t.Error("without an index only a scan finds them")
	}
}

func TestAccess_CountsPagesThatChildrenShare(t *testing.T) {
	const rows, orders, share = 6_000_000, 4_000, 0.002
	for correlation, want := range map[float64]bool{1: false, 0: true} {
		_, byOrder, _ := shelves(t, correlation)
		if got := (Access{Pace: cold}).Scans(sized(byOrder, 30_000), rows, byOrder, orders, share); got != want {
			t.Errorf("correlation %v: scans is %v", correlation, got)
		}
	}
}

func TestAccess_StepsDownToWhatIsInMemorySince(t *testing.T) {
	_, byOrder, _ := shelves(t, 1)
	heap := sized(byOrder, 7_000)
	if !(Access{Pace: cold}).ScansForKeys(heap, 400_000, 5_000) {
		t.Error("5,000 reads of a cold disk instead of 7,000 in order")
	}
	if (Access{Pace: cold, Read: true}).ScansForKeys(heap, 400_000, 50) {
		t.Error("400,000 rows are gone through for 50")
	}
	if touched(0, 10) != 0 || touched(10, 1e9) > 10 || touched(1e9, 10) < 9.9 {
		t.Error("touched pages are not those of an occupancy")
	}
}

func TestDisk_WinsOverWhatWasMeasured(t *testing.T) {
	measured := catalog.Pace{RoundTrip: 0.021, Apart: 2_900.4, Bytes: 118 << 20, Cached: 0.3, Memory: 9}
	if got := (Disk{}).Pace(measured); got != measured {
		t.Errorf("nothing is given: %+v", got)
	}
	memory := Disk{Memory: true}.Pace(measured)
	if memory.ApartSeconds() != 0 || memory.BesideSeconds() != 0 || memory.Memory != 9 {
		t.Errorf("memory is given: %+v", memory)
	}
	given := Disk{Reads: 500, Bytes: 10 << 20}.Pace(catalog.Pace{})
	if given.ApartSeconds() != 1.0/500 || given.BesideSeconds() != 8192.0/(10<<20) {
		t.Errorf("a disk is given: %+v", given)
	}
	for want, pace := range map[string]catalog.Pace{
		"21 ms away, 2,900 random reads/s, 123.7 MB/s, 30 % of it in memory": measured,
		"21 ms away, in memory, as subset.disk says":                         memory,
		"near, 500 random reads/s, 10.5 MB/s, as subset.disk says":           given,
		"near, in memory": {RoundTrip: 0.0005},
	} {
		if got := describe(pace); !strings.EqualFold(got, want) {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestTouched_IsAllOfFewPagesAndNoneOfNone(t *testing.T) {
	for _, c := range []struct{ pages, rows, least, most float64 }{
		{0, 100, 0, 0}, {-1, 100, 0, 0}, {1, 100, 0.99, 1}, {10, 1000, 9.99, 10}, {1000, 1, 0.99, 1},
	} {
		if got := touched(c.pages, c.rows); got < c.least || got > c.most {
			t.Errorf("%g rows touch %g of %g pages, want %g to %g", c.rows, got, c.pages, c.least, c.most)
		}
	}
}
