package plan

import (
	"math"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// tie is one way from a table to a parent in a forecast: a foreign key, or
// several over the same columns that differ in the partitions they cover.
type tie struct {
	keys          []int // positions in Plan.keys
	key           *catalog.ForeignKey
	child, parent int // positions in Plan.Tables

	refers   float64 // share of the child's rows that reference anything
	distinct float64 // different parents that they reference
	forced   float64 // parents that are kept because of it, so far
	caught   float64 // share of the child's references that name one of these
}

// joinTies adds a tie, to one that it continues where there is one.
func joinTies(ties []*tie, l *tie) []*tie {
	for _, other := range ties {
		if other.parent == l.parent && slices.Equal(other.key.ChildColumns, l.key.ChildColumns) &&
			slices.Equal(other.key.ParentColumns, l.key.ParentColumns) && other.key.When == l.key.When {
			other.keys = append(other.keys, l.keys...)
			return ties
		}
	}
	return append(ties, l)
}

// shortcut drops ties that lead where another way leads too: an order line's
// product and its variant's product, a row's tenant and its owner's tenant.
// Both ways nearly always end at the same row, so that the short one needs
// nothing that the long one does not. Where it leads to more rows than the
// long one can, they are about different things.
func (f *forecast) shortcut() {
	const alike = 1.1
	for _, ties := range f.ties {
		for _, short := range ties {
			for _, long := range ties {
				if long == short || long.child == long.parent {
					continue
				}
				reached := min(long.distinct, f.reach(long.parent, short.parent, map[int]bool{}))
				if short.distinct <= alike*reached {
					short.refers = min(short.refers, 1-long.refers)
				}
			}
		}
	}
}

// reach is how many rows of a table those of another one may lead to, by way
// of others too.
func (f *forecast) reach(from, to int, seen map[int]bool) (most float64) {
	seen[from] = true
	for _, t := range f.ties[from] {
		switch {
		case t.parent == to:
			most = max(most, t.distinct)
		case !seen[t.parent]:
			most = max(most, min(t.distinct, f.reach(t.parent, to, seen)))
		}
	}
	return most
}

// missing is the chance that a row of the child needs a parent that is not
// kept. Those that it does not reference itself are spread over all parents.
func (l *tie) missing(f *forecast) float64 {
	t := &f.tables[l.parent]
	others := max(t.kept()-l.forced, 0) / max(t.rows-l.forced, 1)
	return l.refers * min(max((1-l.caught)*(1-others), 0), 1)
}

// gone is how many of the parents that are referenced are not kept.
func (l *tie) gone(f *forecast) float64 {
	t := &f.tables[l.parent]
	others := max(t.kept()-l.forced, 0) / max(t.rows-l.forced, 1)
	return max(l.distinct-l.forced, 0) * (1 - min(others, 1))
}

// force keeps more parents because of the tie, which so many of the child's
// references name.
func (l *tie) force(parents, references float64) {
	l.forced += parents
	l.caught = min(l.caught+references, 1)
}

// fresh is how many different parents so many references to missing ones
// name: some name the same.
// https://en.wikipedia.org/wiki/Occupancy_problem
func (l *tie) fresh(f *forecast, references float64) float64 {
	gone := l.gone(f)
	if gone < 1e-9 {
		return 0
	}
	return gone * -math.Expm1(-references/gone)
}

// measure reads from the statistics how much of the child refers, and to how
// many different parents. Where they say nothing, every row refers to one of
// its own.
func (l *tie) measure(p *Plan, counts catalog.Counts, known Matching) {
	rows, parents := max(float64(p.Tables[l.child].Rows), 1), max(float64(p.Tables[l.parent].Rows), 1)
	var heaps []*catalog.Heap
	for _, n := range l.keys {
		for _, h := range p.ForeignKeys[n].ChildHeaps {
			if !slices.Contains(heaps, h) {
				heaps = append(heaps, h)
			}
		}
	}
	var referring float64
	for _, h := range heaps {
		given := 1.0
		for _, c := range l.key.ChildColumns {
			given *= 1 - h.Statistics[c].Null
		}
		referring += given * float64(counts[h.OID].Rows)
	}
	values := l.values(heaps, counts, parents)
	if share, ok := known.References[l.key.Name]; ok && l.key.When != "" {
		referring, values = min(referring, share*rowsIn(heaps, counts)), values*share
	} else if l.key.When != "" {
		referring /= p.alternatives(l.key)
	}
	l.refers = min(referring/rows, 1)
	l.distinct = max(min(values, parents, referring), 1)
}

// alternatives is how many references of the configuration share a column:
// each holds for the rows of one condition.
func (p *Plan) alternatives(key *catalog.ForeignKey) float64 {
	n := 0.0
	for _, k := range p.ForeignKeys {
		if k.When != "" && k.Child == key.Child && slices.Equal(k.ChildColumns, key.ChildColumns) {
			n++
		}
	}
	return max(n, 2)
}

// values is how many different values the child's columns hold.
func (l *tie) values(heaps []*catalog.Heap, counts catalog.Counts, parents float64) float64 {
	if l.unique() {
		return parents
	}
	product := 1.0
	for _, c := range l.key.ChildColumns {
		product *= columnValues(l.key.Child, heaps, c, counts, parents)
	}
	return product
}

// unique reports whether each parent has one child at most.
func (l *tie) unique() bool {
	return slices.ContainsFunc(l.key.Child.Keys, func(k catalog.Key) bool {
		return !slices.ContainsFunc(k.Columns, func(c string) bool { return !slices.Contains(l.key.ChildColumns, c) })
	})
}

// columnValues is how many different values one column holds. Partitions
// that were analyzed each for itself are taken to draw from the same parents.
func columnValues(
	t *catalog.Table, heaps []*catalog.Heap, column string, counts catalog.Counts, parents float64,
) float64 {
	if s, ok := t.Statistics[column]; ok && len(heaps) == len(t.Heaps) && s.Distinct != 0 {
		return s.Values(rowsIn(heaps, counts))
	}
	never := 1.0 // the chance that no partition names a parent
	for _, h := range heaps {
		rows := float64(counts[h.OID].Rows)
		values := rows
		if s := h.Statistics[column]; s.Distinct != 0 {
			values = s.Values(rows)
		}
		if len(heaps) == 1 {
			return values
		}
		never *= 1 - min(values/parents, 1)
	}
	return parents * (1 - never)
}

func rowsIn(heaps []*catalog.Heap, counts catalog.Counts) (rows float64) {
	for _, h := range heaps {
		rows += float64(counts[h.OID].Rows)
	}
	return rows
}
