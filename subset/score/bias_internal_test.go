package score

import (
	"testing"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

func TestFarthest_ComparesShares(t *testing.T) {
	for name, c := range map[string]struct {
		a, b []int64
		want float64
	}{
		"equal":           {[]int64{1, 2, 3}, []int64{2, 4, 6}, 0},
		"only the first":  {[]int64{5, 0, 0, 0}, []int64{1, 1, 1, 1}, 0.75},
		"only the last":   {[]int64{0, 0, 0, 9}, []int64{1, 1, 1, 1}, 0.75},
		"the two ends":    {[]int64{3, 0, 0, 3}, []int64{1, 1, 1, 1}, 0.25},
		"around a hole":   {[]int64{1, 0, 1}, []int64{4, 0, 4}, 0},
		"nothing of some": {[]int64{0, 0}, []int64{1, 1}, 1},
	} {
		near(t, name, farthest(c.a, c.b), c.want)
	}
}

func TestChance_FallsWithTheSampleAndWithWhatIsLeft(t *testing.T) {
	near(t, "one row", chance(1, 1), 1)
	near(t, "a hundred rows", chance(100, 1), 0.1628)
	near(t, "three of four rows", chance(100, 0.25), 0.0814)
	near(t, "all rows", chance(100, 0), 0)
	near(t, "no row", chance(0, 1), 1)
	near(t, "more rows than there were", chance(100, -0.5), 0)
}

func TestExtent_NumbersHeapsOneAfterAnother(t *testing.T) {
	e := extent{first: map[uint32]int64{7: 0, 8: 600}, pages: 1000}
	for _, c := range []struct {
		heap        uint32
		block, item int64
		want        int
	}{
		{7, 0, 1, 0},
		{7, 599, 291, 599},
		{8, 0, 1, 600},
		{8, 399, 1, 999},
		{8, 399, 4000, 999}, // an item number of larger blocks
		{8, 5000, 1, 999},   // grown since
	} {
		if got := e.part(c.heap, c.block, c.item); got != c.want {
			t.Errorf("%+v: part %d", c, got)
		}
	}
	// In a table of one block the rows themselves are told apart.
	one := extent{first: map[uint32]int64{7: 0}, pages: 1}
	if a, b := one.part(7, 0, 1), one.part(7, 0, 100); a >= b || b >= parts {
		t.Errorf("parts %d and %d", a, b)
	}
	if n := (extent{}).width(); n != 1 {
		t.Errorf("width %d of an empty table", n)
	}
}

// inBlocks makes a row in each of the blocks.
func inBlocks(heap int, blocks ...uint32) []snapshot.Row {
	var rows []snapshot.Row
	for _, b := range blocks {
		rows = append(rows, snapshot.MakeRow(heap, pgtype.TID{BlockNumber: b, OffsetNumber: 1, Valid: true}))
	}
	return rows
}

func TestBlockBias_SeesWhereKeptRowsLie(t *testing.T) {
	var even, first []uint32
	for b := range uint32(100) {
		even = append(even, b)
		first = append(first, b/50) // only the first two blocks
	}
	for name, c := range map[string]struct {
		rows  [][]snapshot.Row
		pages []int64
		want  float64
	}{
		"one in each block":       {[][]snapshot.Row{inBlocks(0, even...)}, []int64{100}, 0},
		"only the first":          {[][]snapshot.Row{inBlocks(0, first...)}, []int64{100}, 0.98},
		"only the last partition": {[][]snapshot.Row{nil, inBlocks(1, even...)}, []int64{100, 100}, 0.5},
		"both partitions":         {[][]snapshot.Row{inBlocks(0, even...), inBlocks(1, even...)}, []int64{100, 100}, 0},
	} {
		got := BlockBias(c.rows, c.pages)
		near(t, name, got.Value, c.want)
		if got.Beyond() != (c.want > 0) {
			t.Errorf("%s: %+v", name, *got)
		}
	}
}

func TestBlockBias_IsSilentWhereItCannotTell(t *testing.T) {
	if d := BlockBias([][]snapshot.Row{inBlocks(0, 0, 0, 0)}, []int64{mostUneven - 1}); d != nil {
		t.Errorf("%+v of a small table", *d)
	}
	if d := BlockBias([][]snapshot.Row{nil}, []int64{1000}); d != nil {
		t.Errorf("%+v of no rows", *d)
	}
	// A table that grew after its size was read.
	if d := BlockBias([][]snapshot.Row{inBlocks(0, 5000)}, []int64{1000}); d == nil || d.Value < 0.9 {
		t.Errorf("%+v", d)
	}
}

func TestCoverage_CountsValuesAndTheirRows(t *testing.T) {
	source := values{"a": 70, "b": 20, "c": 9, "d": 1}
	got := source.coverage(values{"a": 5, "c": 1, "unheard of": 2})
	want := Coverage{Values: 4, Found: 2, Share: 0.5, Weighted: 0.79, Expected: got.Expected}
	if *got != want {
		t.Errorf("%+v, want %+v", *got, want)
	}
	if none := source.coverage(nil); none.Found != 0 || none.Weighted != 0 || none.Expected != 0 {
		t.Errorf("%+v", *none)
	}
}

// Of 3 rows of one value and 1 of another, 1 row finds half of the values, 2
// rows find the common one always and the rare one half of the time.
func TestCoverage_ExpectsWhatAnEvenSampleHas(t *testing.T) {
	v := values{"common": 3, "rare": 1}
	near(t, "of one row", v.expected(1), 0.5)
	near(t, "of two rows", v.expected(2), (1+0.5)/2)
	near(t, "of all rows", v.expected(4), 1)
	near(t, "of more than all", v.expected(9), 1)
	near(t, "of none", v.expected(0), 0)
}

func TestValues_AreFewWhenRowsShareThem(t *testing.T) {
	many := values{}
	for i := range mostValues + 1 {
		many[string(rune('a'+i))] = 100
	}
	for name, c := range map[string]struct {
		v    values
		want bool
	}{
		"two of four":         {values{"a": 2, "b": 2}, true},
		"one alone":           {values{"a": 9}, false},
		"each row its own":    {values{"a": 1, "b": 1, "c": 1}, false},
		"too many":            {many, false},
		"those of an empty":   {nil, false},
		"hardly ever the own": {values{"a": 1, "b": 3}, true},
	} {
		if c.v.few() != c.want {
			t.Errorf("%s: %v", name, !c.want)
		}
	}
}
