package walk

import "github.com/offshoot-dev/offshoot/subset/snapshot"

// recall is what candidates that are left over reference. What was looked at
// is forgotten when it is much, and these will be offered again: without it
// they would be looked up one by one.
type recall struct {
	rows    []snapshot.Row
	keys    []int64     // of each, 0 where rows of its heap have none
	parents []reference // of each, by single foreign key of its heap
}

// knows reports whether anything was noted: it is of all candidates of a table,
// or of none.
func (r *recall) knows() bool { return r != nil && len(r.rows) > 0 }

// keptBefore is the parent of a row that was looked at when its parent was kept
// already: which one it is, nobody knows any more.
const keptBefore = ^snapshot.Row(0) - 2

// note takes down what is known of candidates.
func (m *memory) note(candidates []candidate) *recall {
	r := &recall{}
	for _, c := range candidates {
		id, ok := m.seen.find(c.row)
		h := m.heapOf(c.row)
		if !ok || m.seen.spans[id] == unseen || len(h.several) > 0 {
			continue
		}
		r.rows, r.keys = append(r.rows, c.row), append(r.keys, m.seen.keys[id])
		edges, _ := m.seen.of(id)
		for _, fk := range h.single {
			r.parents = append(r.parents, m.referenceBy(fk, edges))
		}
	}
	return r
}

// referenceBy is what a row references by a foreign key, from its edges.
func (m *memory) referenceBy(fk *foreignKey, edges []edge) reference {
	for _, e := range edges {
		if int(e.foreignKey) != fk.position {
			continue
		}
		switch {
		case e.to == toKept:
			return reference{at: keptBefore}
		case m.seen.dangles(e):
			return reference{at: snapshot.Nowhere}
		case isElsewhere(m.seen.rows[e.to]):
			return reference{at: knownByKey, key: m.seen.keys[e.to]}
		}
		return reference{at: m.seen.rows[e.to], key: m.seen.keys[e.to]}
	}
	return reference{at: nothingThere}
}

// recollect has what was noted known again, as far as it was forgotten.
func (m *memory) recollect(r *recall) {
	if r == nil {
		return
	}
	var edges []edge
	parents := r.parents
	for i, row := range r.rows {
		single := m.heapOf(row).single
		if !m.seen.known(row) && !m.kept.Has(row) {
			edges = edges[:0]
			for n, fk := range single {
				edges = m.edge(edges, parents[n], fk)
			}
			m.learn(row, r.keys[i], edges)
		}
		parents = parents[len(single):]
	}
}
