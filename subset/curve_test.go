package subset_test

import (
	"errors"
	"testing"
	"testing/quick"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

func TestCurve_KeepsWhatTheDesignSays(t *testing.T) {
	for n, want := range map[int64]int64{
		-1: 0, 0: 0, 1: 1, 2: 1, 10: 3, 100: 15, 1_000: 77, 10_000: 390, 100_000: 1_974, 1_000_000: 10_000,
		100_000_000: 256_538,
	} {
		if got := (plan.Curve{}).Rows(n); got != want {
			t.Errorf("%d rows: keeps %d, want %d", n, got, want)
		}
	}
}

func TestCurve_NeverKeepsMoreThanThereIsNorLosesATable(t *testing.T) {
	steep := plan.Curve{From: plan.Point{Source: 2, Kept: 2}, To: plan.Point{Source: 10, Kept: 9}}
	claim := func(n uint32) bool {
		for _, c := range []plan.Curve{{}, steep} {
			if k := c.Rows(int64(n)); k > int64(n) || n > 0 && k < 1 {
				return false
			}
		}
		return true
	}
	if err := quick.Check(claim, nil); err != nil {
		t.Error(err)
	}
}

func TestParseCurve_ReadsWhatStringWrites(t *testing.T) {
	got, err := plan.ParseCurve(plan.DefaultCurve.String())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan.DefaultCurve, got); diff != "" {
		t.Error(diff)
	}
	if got, err := plan.ParseCurve(" 1000000 : 500 , 10:3"); err != nil || got.To.Kept != 500 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestParseCurve_RefusesWhatIsNoCurve(t *testing.T) {
	for _, s := range []string{
		"", "10", "10:3", "10:3,10:3", "10:3,a:b", "10:20,100:30", "0:0,10:1", "10:5,100:2",
		"1:1,2:2,3:3",
	} {
		if _, err := plan.ParseCurve(s); !errors.Is(err, hint.ErrUsage) || len(hint.Of(err)) != 1 {
			t.Errorf("%q: %v with hints %q", s, err, hint.Of(err))
		}
	}
}
