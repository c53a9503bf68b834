package walk

import (
	"cmp"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// memory is what the walk knows of rows: which are kept, for good, and what
// those that were looked at reference, for as long as that is not much.
type memory struct {
	*schema
	seen    seen
	gaveUp  bool // on a row in seen whose ancestors are not all in it
	kept    *snapshot.RowSet
	sampled *snapshot.RowSet
	news    []snapshot.Row // rows sampled since it was emptied, in family mode
	broken  bool           // a row was kept that was never looked at
}

func newMemory(s *schema) *memory {
	return &memory{schema: s, kept: snapshot.NewRowSet(len(s.heaps)), sampled: snapshot.NewRowSet(len(s.heaps))}
}

// reason says why a row is kept: sampled, or the position of the foreign key
// that forced it.
type reason int32

const sampled reason = -1

// learn records what a row references, and returns the edges.
func (m *memory) learn(row snapshot.Row, key int64, edges []edge) {
	m.seen.look(m.intern(row, key), edges)
}

// intern is the id of a row of which the place and (where its heap has a
// directory) the key are known. It may have been known by one of them alone.
func (m *memory) intern(r snapshot.Row, key int64) int32 {
	d := m.heapOf(r).directory
	if d == nil {
		return m.seen.id(r)
	}
	id, ok := d.ids.get(m.seen.keys, key)
	if !ok {
		id = m.seen.id(r)
		m.seen.keys[id] = key
		d.ids.put(m.seen.keys, id)
	} else if isElsewhere(m.seen.rows[id]) {
		m.seen.rows[id] = r
		m.seen.ids.put(m.seen.rows, id)
	}
	return id
}

// edge appends the edge to a parent, if there is to be one.
func (m *memory) edge(edges []edge, p reference, fk *foreignKey) []edge {
	switch {
	case p.at == nothingThere:
		return edges
	case p.at == knownByKey:
		return m.edgeByKey(edges, p.key, fk)
	case p.at == snapshot.Nowhere:
		return append(edges, edge{toNowhere, int32(fk.position)})
	case p.at == keptBefore || m.kept.Has(p.at):
		return append(edges, edge{toKept, int32(fk.position)})
	}
	return append(edges, edge{m.intern(p.at, p.key), int32(fk.position)})
}

// edgeByKey appends the edge to the row of that key.
func (m *memory) edgeByKey(edges []edge, key int64, fk *foreignKey) []edge {
	d := fk.directory
	id, ok := d.ids.get(m.seen.keys, key)
	switch {
	case !ok && d.kept.Contains(uint64(key)):
		return append(edges, edge{toKept, int32(fk.position)})
	case !ok:
		id = m.seen.add(snapshot.Elsewhere(d.heap.number), key)
		d.ids.put(m.seen.keys, id)
	}
	return append(edges, edge{id, int32(fk.position)})
}

// keep marks a row as sampled, and all that it references as forced, and
// returns those. The row and what it references must have been looked at.
func (m *memory) keep(id int32) []int32 {
	if m.seen.kept[id] {
		return nil
	}
	m.mark(id, sampled)
	queue := []int32{id}
	for n := 0; n < len(queue); n++ {
		edges, ok := m.seen.of(queue[n])
		m.broken = m.broken || !ok
		for _, e := range edges {
			references := &m.foreignKeys[e.foreignKey].references
			references.Rows++
			if m.seen.dangles(e) {
				references.Dangling++
			}
			if m.seen.fresh(e) {
				m.mark(e.to, reason(e.foreignKey))
				queue = append(queue, e.to)
			}
		}
	}
	return queue[1:]
}

func (m *memory) mark(id int32, why reason) {
	r := m.seen.rows[id]
	m.seen.kept[id] = true
	m.kept.Add(r)
	h := m.heapOf(r)
	if h.directory != nil {
		h.directory.keep(m.seen.keys[id], why)
	}
	tally := &h.table.tally
	if why == sampled {
		m.sampled.Add(r)
		if m.plan.Mode == plan.ModeFamily {
			m.news = append(m.news, r)
		}
		tally.Sampled++
		return
	}
	tally.Forced++
	tally.By[int(why)]++
}

// mostRemembered is how many rows that were looked at are remembered for the
// next table, which may reference the same ones.
const mostRemembered = 40_000

// forget drops what was looked at and not kept, when it is much.
func (m *memory) forget() {
	if !m.gaveUp && len(m.seen.rows) <= mostRemembered {
		return
	}
	m.seen.forget()
	for _, h := range m.heaps {
		if h.directory != nil {
			h.directory.ids.forget()
		}
	}
	m.gaveUp = false
}

// unknown is the rows that are neither kept nor looked at, sorted and without
// repeats.
func (m *memory) unknown(rows []snapshot.Row) []snapshot.Row {
	var unknown []snapshot.Row
	for _, r := range rows {
		if !m.seen.known(r) && !m.kept.Has(r) {
			unknown = append(unknown, r)
		}
	}
	slices.Sort(unknown)
	return slices.Compact(unknown)
}

// frontier is the rows that were not looked at, among some and all that is to
// be kept with them as far as that is known: what was looked at for another
// table may not have been followed. It leaves out where it has been, by id.
func (m *memory) frontier(ids []int32, been []bool) (unseenIDs []int32, beenToo []bool) {
	been = append(been, make([]bool, len(m.seen.rows)-len(been))...)
	for queue := slices.Clone(ids); len(queue) > 0; {
		id := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if been[id] {
			continue
		}
		been[id] = true
		edges, known := m.seen.of(id)
		if !known {
			unseenIDs = append(unseenIDs, id)
		}
		for _, e := range edges {
			if m.seen.fresh(e) {
				queue = append(queue, e.to)
			}
		}
	}
	return unseenIDs, been
}

// unseen is where rows lie that are not kept, sorted, and the ids of those of
// which only the key is known, by heap and key.
func (m *memory) unseen(ids []int32) (rows []snapshot.Row, keyed []int32) {
	for _, id := range ids {
		switch {
		case m.seen.kept[id]:
		case isElsewhere(m.seen.rows[id]):
			keyed = append(keyed, id)
		default:
			rows = append(rows, m.seen.rows[id])
		}
	}
	slices.Sort(rows)
	slices.SortFunc(keyed, func(a, b int32) int {
		return cmp.Or(cmp.Compare(m.seen.rows[a], m.seen.rows[b]), cmp.Compare(m.seen.keys[a], m.seen.keys[b]))
	})
	return rows, keyed
}

// behind is what candidates reference and is not kept.
func (m *memory) behind(candidates []candidate) []int32 {
	var ids []int32
	for _, c := range candidates {
		id, ok := m.seen.find(c.row)
		if !ok {
			continue
		}
		edges, _ := m.seen.of(id)
		for _, e := range edges {
			if m.seen.fresh(e) {
				ids = append(ids, e.to)
			}
		}
	}
	return ids
}

// unkept is what is left of candidates, in their order. It reuses the slice.
func (m *memory) unkept(candidates []candidate) []candidate {
	return slices.DeleteFunc(candidates, func(c candidate) bool { return m.kept.Has(c.row) })
}

func isElsewhere(r snapshot.Row) bool { return r == snapshot.Elsewhere(r.Heap()) }
