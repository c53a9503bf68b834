package planner

import "testing"

func TestLevels_GrowWithThePagesAndTheKey(t *testing.T) {
	number, text := []key{{Width: 8}}, []key{{Width: 120}}
	for _, c := range []struct {
		pages int64
		keys  []key
		want  int
	}{
		{0, number, noRoot},
		{1, number, noRoot},
		{2, number, 0},
		{3, number, 1},
		{280, number, 1},
		{300, number, 2},
		{60000, number, 2},
		{100000, number, 3},
		{280, text, 2},
		{300, []key{{Width: 8}, {Width: 2000, Beside: true}}, 2},
	} {
		if got := levels(c.pages, c.keys); got != c.want {
			t.Errorf("%d pages of %v: %d, want %d", c.pages, c.keys, got, c.want)
		}
	}
}

func TestEmptyTree_HasAPageForEachLevel(t *testing.T) {
	for levels, pages := range map[int]int{noRoot: 1, 0: 2, 1: 3, 3: 5} {
		if got := len(emptyTree(levels)); got != pages*PageSize {
			t.Errorf("%d levels: %d bytes", levels, got)
		}
	}
}
