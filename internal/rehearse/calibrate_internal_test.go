package rehearse

import (
	"math"
	"testing"
)

func TestLine_LeadsFromTheTwoLargestTriesToProduction(t *testing.T) {
	size := Size{Rows: 1000, Bytes: 1 << 20, There: 1e6, ThereSize: 1 << 30}
	for name, c := range map[string]struct {
		work  work
		tried []point
		want  float64
	}{
		"two tries": {work{kind: workRewrite}, []point{{n: 1 << 20, seconds: 0.6}, {n: 2 << 20, seconds: 1.1}}, 0.1 + 512},
		"one try":   {work{kind: workVerify}, []point{{n: 1 << 20, seconds: 1}}, 1024},
		// A larger one that took less says nothing of a beginning.
		"noise":          {work{kind: workVerify}, []point{{n: 1 << 20, seconds: 2}, {n: 2 << 20, seconds: 1}}, 512},
		"a part of rows": {work{kind: workChange, rows: 100}, []point{{n: 1000, seconds: 1}}, 100},
	} {
		if got := line(c.tried).at(c.work, size); math.Abs(got-c.want) > c.want/100 {
			t.Errorf("%s: %.1f s, want %.1f", name, got, c.want)
		}
	}
	f := fit{most: 1 << 20}
	if near, far := f.spread(work{kind: workVerify}, size), f.spread(work{kind: workVerify},
		Size{ThereSize: 1 << 40}); near >= far || near < 1 {
		t.Errorf("the interval is %.1f near and %.1f far", near, far)
	}
}
