package plan

import (
	"math"
	"slices"
)

// counted are the deals of a table that may lack parents by more ties than sets of them can be tried, as a fact with
// its dimensions does: for each number of missing parents the candidates that lack so many, by whichever ties.
func (f *forecast) counted(i int, supplies []supply, ties []*tie) []deal {
	var deals []deal
	for lacking := 0; lacking <= len(ties); lacking++ {
		rows, weights := f.candidatesLackingSoMany(i, supplies, ties, lacking)
		if lacking == 0 {
			deals = append(deals, deal{rows: rows - f.tables[i].kept()})
			continue
		}
		clean := deal{ties: ties, weights: weights, clean: true, each: 1}
		dirty := deal{ties: ties, weights: weights, each: 1}
		complete := 1.0
		for n, l := range ties {
			c := f.complete(l.parent)
			complete *= math.Pow(c, weights[n])
			price, over := f.cost(l.parent, 0)
			own, above := f.unit(l.parent)
			clean.price, clean.over = clean.price+weights[n]*own, clean.over+weights[n]*above
			dirty.price += weights[n] * (own + (price-own)/max(1-c, 1e-9))
			dirty.over += weights[n] * (above + (over-above)/max(1-c, 1e-9))
		}
		clean.rows, dirty.rows = rows*complete, rows*(1-complete)
		deals = append(deals, clean, dirty)
	}
	return deals
}

// candidatesLackingSoMany is how many candidates lack parents by exactly so many of the ties, and in which part of
// these candidates each tie is among them.
func (f *forecast) candidatesLackingSoMany(
	i int, supplies []supply, ties []*tie, lacking int,
) (sum float64, weights []float64) {
	weights = make([]float64, len(ties))
	for _, s := range supplies {
		missing, others := make([]float64, len(ties)), 1.0
		for _, l := range f.ties[i] {
			if l != s.sure && !slices.Contains(ties, l) {
				others *= 1 - l.missing(f)
			}
		}
		for n, l := range ties {
			if l != s.sure {
				missing[n] = l.missing(f)
			}
		}
		rows := s.rows * others
		sum += rows * chance(missing, lacking, -1)
		for n := range ties {
			weights[n] += rows * missing[n] * chance(missing, lacking-1, n)
		}
	}
	for n := range weights {
		weights[n] = min(weights[n]/max(sum, 1e-9), 1)
	}
	return sum, weights
}

// chance is that of so many of independent events with these probabilities, without the one at a position.
// https://en.wikipedia.org/wiki/Poisson_binomial_distribution
func chance(events []float64, so, without int) float64 {
	if so < 0 {
		return 0
	}
	counts := make([]float64, len(events)+1)
	counts[0] = 1
	for n, p := range events {
		if n == without {
			continue
		}
		for k := len(events); k > 0; k-- {
			counts[k] = counts[k]*(1-p) + counts[k-1]*p
		}
		counts[0] *= 1 - p
	}
	return counts[min(so, len(events))]
}
