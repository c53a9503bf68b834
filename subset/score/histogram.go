package score

import (
	"cmp"
	"math"
	"slices"
)

// histogram is how many parents have how many children by one foreign key,
// those without any included, sorted by children.
type histogram []bar

// bar is the parents that have this many children.
type bar struct{ children, parents int64 }

func newHistogram(bars []bar) histogram {
	h := slices.Clone(bars)
	slices.SortFunc(h, func(a, b bar) int { return cmp.Compare(a.children, b.children) })
	return h
}

func (h histogram) parents() (n int64) {
	for _, b := range h {
		n += b.parents
	}
	return n
}

func (h histogram) children() (n int64) {
	for _, b := range h {
		n += b.children * b.parents
	}
	return n
}

// mean is the mean number of children of a parent, 0 without parents.
func (h histogram) mean() float64 { return ratio(h.children(), h.parents()) }

// atMost is the share of parents that have at most n children.
func (h histogram) atMost(n int64) float64 {
	var some int64
	for _, b := range h {
		if b.children <= n {
			some += b.parents
		}
	}
	return ratio(some, h.parents())
}

// thinned is what becomes of a histogram when each child is kept with the same
// probability, whatever becomes of the others: a parent with n children keeps
// a binomial number of them. It is what a subset without preferences looks
// like to those parents that are kept.
type thinned struct {
	of       histogram
	probable float64 // at most 1
}

// thin is the histogram that is expected of a subset which keeps these shares
// of the children's table and of the parents'. Their quotient is the part of
// its children that a kept parent keeps: it turns the source's mean fan-out
// into that of the subset, kept children by kept parents. Where children are
// kept more densely than parents no thinning leads there, and the source's own
// histogram is the nearest.
func (h histogram) thin(children, parents float64) thinned {
	if parents <= 0 {
		return thinned{h, 1}
	}
	return thinned{h, min(children/parents, 1)}
}

func (t thinned) mean() float64 { return t.probable * t.of.mean() }

// atMost is the share of parents that keep at most n children.
func (t thinned) atMost(n int64) float64 {
	if n < 0 {
		return 0
	}
	var share float64
	for _, b := range t.of {
		share += float64(b.parents) * binomialAtMost(n, b.children, t.probable)
	}
	return share / float64(max(t.of.parents(), 1))
}

// distance is that of Kolmogorov and Smirnov: the largest difference between
// the shares of parents that have at most n children, over all n. Between two
// bars of h only t changes, so that looking at their ends is enough.
func (h histogram) distance(t thinned) float64 {
	var worst, below float64
	all := float64(max(h.parents(), 1))
	for _, b := range h {
		worst = max(worst, math.Abs(below-t.atMost(b.children-1)))
		below += float64(b.parents) / all
		worst = max(worst, math.Abs(below-t.atMost(b.children)))
	}
	return min(worst, 1)
}

// binomialAtMost is the probability that of n children at most k are kept. It
// adds up the shorter tail, from its largest term on.
func binomialAtMost(k, n int64, p float64) float64 {
	switch {
	case k >= n || p <= 0:
		return 1
	case k < 0 || p >= 1:
		return 0
	case float64(k) < float64(n)*p:
		return tail(k, n, p)
	}
	return 1 - tail(n-k-1, n, 1-p) // of those that are not kept
}

// tail is the probability of at most k, where k lies below the mean, so that
// the terms fall from k downwards.
func tail(k, n int64, p float64) float64 {
	const negligible = 1e-12
	odds := (1 - p) / p
	term := math.Exp(logChoose(n, k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	var sum float64
	for ; k >= 0 && term > sum*negligible; k-- {
		sum += term
		term *= float64(k) / float64(n-k+1) * odds
	}
	return min(sum, 1)
}

// logChoose is the logarithm of n over k.
func logChoose(n, k int64) float64 {
	factorial := func(n int64) float64 {
		f, _ := math.Lgamma(float64(n) + 1)
		return f
	}
	return factorial(n) - factorial(k) - factorial(n-k)
}

// ratio is a part of a whole, 0 of nothing.
func ratio(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
