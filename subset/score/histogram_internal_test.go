package score

import (
	"math"
	"testing"
)

// near compares figures that were worked out by hand.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > 1e-9 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestBinomial_AgreesWithSumsByHand(t *testing.T) {
	for _, c := range []struct {
		k, n int64
		p    float64
		want float64
	}{
		{0, 0, 0.3, 1},
		{0, 1, 0.25, 0.75},
		{1, 1, 0.25, 1},
		{0, 2, 0.5, 0.25},
		{1, 2, 0.5, 0.75},
		{1, 3, 0.2, 0.8*0.8*0.8 + 3*0.2*0.8*0.8},
		{2, 3, 0.2, 1 - 0.2*0.2*0.2},
		{-1, 5, 0.5, 0},
		{5, 5, 0.5, 1},
		{0, 5, 0, 1},
		{4, 5, 1, 0},
		{5, 5, 1, 1},
		{0, 4, 0.9, 0.0001},
		{3, 4, 0.9, 1 - 0.6561},
	} {
		near(t, "binomial", binomialAtMost(c.k, c.n, c.p), c.want)
	}
}

// The plain sum is right where it does not run out of digits.
func TestBinomial_AgreesWithThePlainSum(t *testing.T) {
	for _, n := range []int64{1, 2, 7, 40, 200} {
		for _, p := range []float64{0.001, 0.1, 0.5, 0.77, 0.999} {
			var sum float64
			for k := range n {
				sum += math.Exp(logChoose(n, k)) * math.Pow(p, float64(k)) * math.Pow(1-p, float64(n-k))
				if got := binomialAtMost(k, n, p); math.Abs(got-sum) > 1e-9 {
					t.Errorf("at most %d of %d by %v: %v, want %v", k, n, p, got, sum)
				}
			}
		}
	}
}

// A million children of one parent must neither take long nor overflow.
func TestBinomial_OfManyIsNormal(t *testing.T) {
	const n, p = 1_000_000, 0.1
	deviation := math.Sqrt(n * p * (1 - p))
	for z, want := range map[float64]float64{-3: 0.00135, -1: 0.15866, 0: 0.5, 1: 0.84134, 3: 0.99865} {
		if got := binomialAtMost(int64(n*p+z*deviation), n, p); math.Abs(got-want) > 0.002 {
			t.Errorf("%v deviations: %v, want about %v", z, got, want)
		}
	}
	if low, high := binomialAtMost(0, n, p), binomialAtMost(n/2, n, p); low != 0 || high != 1 {
		t.Errorf("%v and %v", low, high)
	}
}

// Of 4 parents one has no child, two have one, one has two; each child is kept
// with one half. By hand: none with 1/4 + 2/4·1/2 + 1/4·1/4 = 9/16, one with
// 2/4·1/2 + 1/4·1/2 = 6/16, two with 1/4·1/4 = 1/16.
func TestThinned_IsTheMixtureOfBinomials(t *testing.T) {
	source := newHistogram([]bar{{2, 1}, {0, 1}, {1, 2}})
	half := source.thin(0.05, 0.1)
	near(t, "none", half.atMost(0), 9.0/16)
	near(t, "at most one", half.atMost(1), 15.0/16)
	near(t, "at most two", half.atMost(2), 1)
	near(t, "fewer than none", half.atMost(-1), 0)
	near(t, "mean", half.mean(), 0.5)
	near(t, "source's mean", source.mean(), 1)
}

func TestThin_KeepsTheMeanThatTheCurveImplies(t *testing.T) {
	source := newHistogram([]bar{{0, 10}, {3, 60}, {50, 30}}) // 1,680 children of 100 parents
	near(t, "mean", source.mean(), 16.8)
	// 10 of 100 parents and 42 of 1,680 children: 4.2 each.
	near(t, "thinned", source.thin(42.0/1680, 0.1).mean(), 4.2)
	// More densely kept children than parents: no thinning leads there.
	near(t, "not thinned", source.thin(0.5, 0.1).mean(), 16.8)
	near(t, "no parent is to be kept", source.thin(0.5, 0).mean(), 16.8)
}

func TestDistance_IsTheLargestDifference(t *testing.T) {
	source := newHistogram([]bar{{0, 1}, {1, 2}, {2, 1}})
	whole := source.thin(1, 1)
	for name, c := range map[string]struct {
		subset []bar
		want   float64
	}{
		"itself":                  {[]bar{{0, 1}, {1, 2}, {2, 1}}, 0},
		"half of each":            {[]bar{{0, 50}, {1, 100}, {2, 50}}, 0},
		"all without children":    {[]bar{{0, 7}}, 0.75},
		"none without":            {[]bar{{1, 2}, {2, 1}}, 0.25},
		"all with the most":       {[]bar{{2, 9}}, 0.75},
		"more than any":           {[]bar{{9, 1}}, 1},
		"one between two bars":    {[]bar{{0, 1}, {2, 3}}, 0.5},
		"shares by hand, 1/3 off": {[]bar{{0, 1}, {1, 0}, {2, 1}, {3, 4}}, 1 - 2.0/6},
	} {
		near(t, name, newHistogram(c.subset).distance(whole), c.want)
	}
	// Against the half that is 9/16, 6/16, 1/16.
	half := source.thin(1, 2)
	near(t, "the source against its half", source.distance(half), 9.0/16-1.0/4)
	near(t, "all lost", newHistogram([]bar{{0, 3}}).distance(half), 7.0/16)
}

// The difference may be largest just before a bar, not at it.
func TestDistance_LooksBetweenBars(t *testing.T) {
	source := newHistogram([]bar{{1, 1}, {2, 1}, {3, 1}, {10, 1}})
	near(t, "distance", newHistogram([]bar{{10, 5}}).distance(source.thin(1, 1)), 0.75)
}

func TestHistogram_OfNothingIsNoTrouble(t *testing.T) {
	var none histogram
	near(t, "mean", none.mean(), 0)
	near(t, "childless", none.atMost(0), 0)
	near(t, "distance", none.distance(none.thin(1, 1)), 0)
	near(t, "thinned", none.thin(0, 0).atMost(3), 0)
}
