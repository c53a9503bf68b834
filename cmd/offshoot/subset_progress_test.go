package main

import (
	"testing"
	"time"
)

func TestPace_IsToldOfStepsThatTakeAWhile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		done, total int64
		elapsed     time.Duration
		want        string
	}{
		{500, 1000, 9 * time.Second, ""},
		{0, 1000, time.Minute, ""},
		{300_000, 1_200_000, time.Minute, "about 3m0s left, 300,000 rows, 5,000 a second: "},
		{1_250_000, 1_200_000, 50 * time.Second, "1,250,000 rows, 25,000 a second: "},
	} {
		if got := pace(c.done, c.total, c.elapsed); got != c.want {
			t.Errorf("%d of %d after %s: %q", c.done, c.total, c.elapsed, got)
		}
	}
}
