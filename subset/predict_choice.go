package subset

import (
	"cmp"
	"math"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// supply is a number of candidates of one table that came the same way.
type supply struct {
	rows float64
	sure *tie // whose parents are kept for all of them, if any
}

// deal is the candidates that need new parents by the same ties, and what
// they cost.
type deal struct {
	ties  []*tie
	clean bool    // what those parents reference is kept already
	rows  float64 // candidates
	each  float64 // of them for each set of new parents
	price float64 // of one, as the walk's choice reckons
	over  float64 // rows above the targets of their tables, for each set of new parents
}

const (
	mostMissing = 6   // ties of one table of which parents are taken to be missing
	dealSteps   = 100 // turns in which the candidates of one table are taken
)

// sample expects how the walk chooses among the candidates of a table: those
// whose parents are all kept, then the cheapest. It returns what it spends of
// the allowance.
func (f *forecast) sample(i int, wanted, allowance float64) (spent float64) {
	t := &f.tables[i]
	goal := t.kept() + wanted
	supplies := f.supplies(i, wanted)
	for range dealSteps {
		left := goal - t.kept()
		if left < 0.5 {
			return spent
		}
		d := f.cheapest(i, supplies, allowance-spent)
		if d == nil {
			return spent
		}
		rows := min(left, d.rows)
		if len(d.ties) > 0 {
			rows = min(rows, max(wanted/dealSteps*2, d.each))
			if d.over > 0 {
				rows = min(rows, d.each*max((allowance-spent)/d.over, 1))
			}
			spent += f.take(d, rows/d.each)
		}
		t.sampled += min(rows, t.rows-t.kept())
	}
	return spent
}

// take keeps so many sets of the parents that a deal needs.
func (f *forecast) take(d *deal, sets float64) (over float64) {
	for _, l := range d.ties {
		t := &f.tables[l.parent]
		sets := min(sets, t.rows-t.kept(), l.distinct-l.forced)
		if sets <= 0 {
			continue
		}
		over += max(sets-t.room(), 0)
		t.forced += sets
		l.forced += sets
		if d.clean {
			continue
		}
		complete := f.complete(l.parent)
		for _, up := range f.ties[l.parent] {
			needed := min(up.missing(f)/max(1-complete, 1e-9), 1)
			over += f.bring(up, up.fresh(f, sets*needed), 1)
		}
	}
	return over
}

// supplies are the candidates that the walk finds by the table's strategy.
func (f *forecast) supplies(i int, wanted float64) []supply {
	t := &f.plan.Tables[i]
	need := wanted + fewCandidates
	rows := float64(t.Rows)
	switch t.strategy {
	case scan:
		return []supply{{rows: min(need*surplus, rows)}}
	case drive:
		found := []supply{{rows: min(need, rows)}}
		for _, l := range f.ties[i] {
			if !slices.ContainsFunc(t.driving, func(k *catalog.ForeignKey) bool { return k == l.key }) {
				continue
			}
			parent := &f.tables[l.parent]
			children := rows * l.refers * parent.sampled / max(parent.rows, 1)
			found = append(found, supply{rows: min(need*surplus, children), sure: l})
		}
		return found
	case blocks:
		return []supply{{rows: min(need, rows)}}
	}
	return []supply{{rows: rows}}
}

// cheapest is the deal that the walk would take next, or nil when there is
// none that the allowance covers.
func (f *forecast) cheapest(i int, supplies []supply, allowance float64) *deal {
	const few = 0.5
	var best *deal
	ties := f.lacking(i)
	for set := range 1 << len(ties) {
		for _, d := range f.deals(i, supplies, ties, set) {
			if d.rows < few || d.over > 0 && d.over > allowance {
				continue
			}
			if best == nil || d.price < best.price {
				best = &d
			}
		}
	}
	return best
}

// lacking is the ties of a table by which parents may be missing, the
// likeliest first.
func (f *forecast) lacking(i int) []*tie {
	const seldom = 1e-6
	ties := slices.DeleteFunc(slices.Clone(f.ties[i]), func(l *tie) bool { return l.missing(f) < seldom })
	slices.SortStableFunc(ties, func(a, b *tie) int { return cmp.Compare(b.missing(f), a.missing(f)) })
	return ties[:min(len(ties), mostMissing)]
}

// deals are the candidates that need new parents by one set of ties: those
// whose parents are complete, and those whose parents need more.
func (f *forecast) deals(i int, supplies []supply, ties []*tie, set int) []deal {
	rows := f.candidatesLacking(i, supplies, ties, set)
	if set == 0 {
		return []deal{{rows: rows - f.tables[i].kept()}}
	}
	clean, dirty := deal{clean: true}, deal{}
	sets, complete := 1.0, 1.0
	for n, l := range ties {
		if set&(1<<n) == 0 {
			continue
		}
		clean.ties = append(clean.ties, l)
		sets *= max(l.gone(f), 1)
		c := f.complete(l.parent)
		complete *= c
		price, over := f.cost(l.parent, 0)
		own, above := f.unit(l.parent)
		clean.price, clean.over = clean.price+own, clean.over+above
		dirty.price += own + (price-own)/max(1-c, 1e-9)
		dirty.over += above + (over-above)/max(1-c, 1e-9)
	}
	dirty.ties = clean.ties
	clean.rows, dirty.rows = rows*complete, rows*(1-complete)
	for _, d := range []*deal{&clean, &dirty} {
		d.each = atLeastOne(rows / sets)
		d.price /= d.each
	}
	return []deal{clean, dirty}
}

// atLeastOne is how many there are on average where there are any, of what
// chance spreads with this average.
func atLeastOne(average float64) float64 {
	if average < 1e-6 {
		return 1
	}
	return average / -math.Expm1(-average)
}

// candidatesLacking is how many candidates lack parents by exactly these
// ties.
func (f *forecast) candidatesLacking(i int, supplies []supply, ties []*tie, set int) (sum float64) {
	for _, s := range supplies {
		rows := s.rows
		for _, l := range f.ties[i] {
			missing := l.missing(f)
			if l == s.sure {
				missing = 0
			}
			if n := slices.Index(ties, l); n >= 0 && set&(1<<n) != 0 {
				rows *= missing
				continue
			}
			rows *= 1 - missing
		}
		sum += rows
	}
	return sum
}

// complete is the chance that all that a row of a table references is kept,
// though the row is not: rows that are kept are complete.
func (f *forecast) complete(i int) float64 {
	t := &f.tables[i]
	chance := 1.0
	for _, l := range f.ties[i] {
		chance *= 1 - l.missing(f)
	}
	return max(chance*t.rows-t.kept(), 0) / max(t.rows-t.kept(), 1)
}

// unit is the price of one new row of a table, and how much of it is above
// the table's target.
func (f *forecast) unit(i int) (price, over float64) {
	if f.tables[i].room() >= 1 {
		return roomCost, 0
	}
	return 1, 1
}

// cost is unit with all that the row references.
func (f *forecast) cost(i, depth int) (price, over float64) {
	const deep = 5
	price, over = f.unit(i)
	if depth == deep {
		return price, over
	}
	for _, l := range f.ties[i] {
		if missing := l.missing(f); missing > 0.001 {
			p, o := f.cost(l.parent, depth+1)
			price, over = price+missing*p, over+missing*o
		}
	}
	return price, over
}
