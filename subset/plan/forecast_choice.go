package plan

import (
	"cmp"
	"math"
	"slices"
)

// supply is a number of candidates of one table that came the same way.
type supply struct {
	rows float64
	sure *tie // whose parents are kept for all of them, if any
}

// deal is the candidates that need new parents by the same ties, and what
// they cost.
type deal struct {
	ties    []*tie
	weights []float64 // the part of the deal in which each tie is; nil: all of it
	clean   bool      // what those parents reference is kept already
	rows    float64   // candidates
	each    float64   // of them for each set of new parents, the most common ones first
	average float64   // of them for each set of new parents there is
	price   float64   // of one, as the walk's choice reckons
	over    float64   // rows above the targets of their tables, for each set of new parents
}

const (
	mostMissing = 4  // ties of one table whose sets are tried one by one
	dealSteps   = 60 // turns in which the candidates of one table are taken
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
	for n, l := range d.ties {
		t := &f.tables[l.parent]
		sets := min(sets*d.weight(n), t.rows-t.kept(), l.distinct-l.forced)
		if sets <= 0 {
			continue
		}
		over += Over(t.kept(), sets, t.target)
		t.forced += sets
		share := sets / max(l.gone(f), sets) * (1 - l.caught)
		if len(d.ties) == 1 && d.average > 0 {
			share *= max(d.each/d.average, 1)
		}
		l.force(sets, share)
		if d.clean {
			continue
		}
		complete := f.complete(l.parent)
		for _, up := range f.ties[l.parent] {
			needed := min(up.missing(f)/max(1-complete, 1e-9), 1)
			over += f.bring(up, up.fresh(f, sets*needed))
		}
	}
	return over
}

func (d *deal) weight(n int) float64 {
	if d.weights == nil {
		return 1
	}
	return d.weights[n]
}

// supplies are the candidates that the walk finds by the table's strategy.
func (f *forecast) supplies(i int, wanted float64) []supply {
	t := &f.plan.Tables[i]
	need, rows := wanted+FewCandidates, float64(t.Rows)
	switch t.How {
	case Scan:
		return []supply{{rows: min(need*Surplus, rows*f.tables[i].matching)}}
	case Drive:
		return f.driven(i, need)
	case Blocks:
		return []supply{{rows: min(need, rows)}}
	}
	return []supply{{rows: rows}}
}

// driven are the children of sampled parents, by the keys in the order in which
// the walk asks by them, and a sample of blocks for what they cannot give.
func (f *forecast) driven(i int, need float64) []supply {
	t := &f.plan.Tables[i]
	share := func(l *tie) float64 { return f.tables[l.parent].sampled / max(f.tables[l.parent].rows, 1) }
	drivers := slices.DeleteFunc(slices.Clone(f.ties[i]), func(l *tie) bool {
		return share(l) == 0 ||
			!slices.ContainsFunc(l.keys, func(n int) bool { return slices.Contains(t.Driving, f.plan.ForeignKeys[n]) })
	})
	weight := func(l *tie) float64 {
		return t.Weight(l.key, int64(f.tables[l.parent].sampled), share(l), int64(need*Surplus))
	}
	slices.SortStableFunc(drivers, func(a, b *tie) int { return cmp.Compare(weight(a), weight(b)) })
	var found []supply
	missing := need
	for _, l := range drivers {
		if missing <= 0 {
			break
		}
		children := float64(t.Rows) * l.refers * share(l)
		found = append(found, supply{rows: min(missing*Surplus, children), sure: l})
		missing -= children
	}
	if missing > 0 || slices.ContainsFunc(f.ties[i], func(l *tie) bool { return l.refers < 1 }) {
		found = append(found, supply{rows: min(need, float64(t.Rows))})
	}
	return found
}

// cheapest is the deal that the walk would take next, or nil when there is
// none that the allowance covers.
func (f *forecast) cheapest(i int, supplies []supply, allowance float64) *deal {
	const few = 0.5
	var best *deal
	for _, d := range f.offers(i, supplies) {
		if d.rows < few || d.over > 0 && d.over > allowance {
			continue
		}
		if best == nil || d.price < best.price {
			best = &d
		}
	}
	return best
}

func (f *forecast) offers(i int, supplies []supply) (deals []deal) {
	ties := f.lacking(i)
	if len(ties) > mostMissing {
		return f.counted(i, supplies, ties)
	}
	for set := range 1 << len(ties) {
		deals = append(deals, f.deals(i, supplies, ties, set)...)
	}
	return deals
}

// lacking is the ties of a table by which parents may be missing, the
// likeliest first.
func (f *forecast) lacking(i int) []*tie {
	const seldom = 1e-6
	ties := slices.DeleteFunc(slices.Clone(f.ties[i]), func(l *tie) bool { return l.missing(f) < seldom })
	slices.SortStableFunc(ties, func(a, b *tie) int { return cmp.Compare(b.missing(f), a.missing(f)) })
	return ties
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
	clean.each, clean.average = f.each(clean.ties, rows, sets, complete), rows/sets
	dirty.each, dirty.average = f.each(clean.ties, rows, sets, 1-complete), rows/sets
	clean.price /= clean.each
	dirty.price /= dirty.each
	return []deal{clean, dirty}
}

// each is how many candidates one more set of parents serves, by this part
// of the sets. Of parents by one tie the most common come first.
func (f *forecast) each(ties []*tie, rows, sets, part float64) float64 {
	if len(ties) > 1 {
		return 1
	}
	l := ties[0]
	average := rows / max(1-l.caught, 1e-9) / max(sets/max(1-l.forced/l.distinct, 1e-9), 1)
	parents := sets*part + l.forced
	return mostCommon(average, l.forced/max(parents, 1), parents)
}

// mostCommon is how many children the most common parents have that are not
// taken yet, at least 1, where children are spread over parents by chance
// with this average, and the most common share of the parents is taken.
// https://en.wikipedia.org/wiki/Poisson_distribution
func mostCommon(average, taken, parents float64) float64 {
	const large = 300
	if average > large {
		return average
	}
	rest := max(taken, 1/max(parents, 1)) // of the probability, above the answer
	below, each, n := 0.0, math.Exp(-average), 0.0
	for below+each < 1-rest && n < 3*large {
		below += each
		n++
		each *= average / n
	}
	return max(n, 1)
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
	t := &f.tables[i]
	price = Price(t.kept(), t.target)
	if t.room() >= 1 {
		return price, 0
	}
	return price, price
}

// cost is unit with all that the row references.
func (f *forecast) cost(i, depth int) (price, over float64) {
	const deep = 2
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
