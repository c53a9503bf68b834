package walk

import (
	"slices"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// seen is rows that were looked at: what each references, and which of them
// are kept by now. A row has a small number there, its id, for as long as it
// is remembered; everything that is decided about candidates is decided on ids.
type seen struct {
	ids   index[snapshot.Row] // of rows of which the place is known
	rows  []snapshot.Row      // by id; elsewhere where only the key is known, nowhere where there is no row of it
	keys  []int64             // by id; 0 where rows of the heap have none
	kept  []bool              // by id
	spans []span              // by id: what the row references, in edges
	edges []edge
}

// span is a part of seen.edges. A row that was met as a parent but not looked
// at itself has none yet.
type span struct{ first, n int32 }

var unseen = span{n: -1}

// edge leads from a child to its parent.
type edge struct {
	to         int32 // id of the parent, or one of the two below
	foreignKey int32 // position in the plan
}

const (
	toNowhere int32 = -1 - iota // the parent does not exist
	toKept                      // the parent was kept before the child was looked at
)

// forget drops all rows, and keeps the room for others.
func (s *seen) forget() {
	s.ids.forget()
	s.rows, s.keys, s.kept, s.spans, s.edges = s.rows[:0], s.keys[:0], s.kept[:0], s.spans[:0], s.edges[:0]
}

// find is the row's number, which is not ok when it has none.
func (s *seen) find(r snapshot.Row) (id int32, ok bool) { return s.ids.get(s.rows, r) }

// id is the row's number, a new one when it has none.
func (s *seen) id(r snapshot.Row) int32 {
	id, ok := s.find(r)
	if !ok {
		id = s.add(r, 0)
		s.ids.put(s.rows, id)
	}
	return id
}

func (s *seen) add(r snapshot.Row, key int64) int32 {
	s.rows = append(s.rows, r)
	s.keys = append(s.keys, key)
	s.kept = append(s.kept, false)
	s.spans = append(s.spans, unseen)
	return int32(len(s.rows) - 1)
}

// known reports whether the row was looked at.
func (s *seen) known(r snapshot.Row) bool {
	id, ok := s.find(r)
	return ok && s.spans[id] != unseen
}

// look records what a row references.
func (s *seen) look(id int32, edges []edge) {
	s.spans[id] = span{first: int32(len(s.edges)), n: int32(len(edges))}
	s.edges = append(s.edges, edges...)
}

// of is what a row references. It is not ok when that is not known.
func (s *seen) of(id int32) ([]edge, bool) {
	at := s.spans[id]
	if at == unseen {
		return nil, false
	}
	return s.edges[at.first : at.first+at.n], true
}

// fresh reports whether the edge leads to a row that is not kept.
func (s *seen) fresh(e edge) bool {
	return e.to >= 0 && !s.kept[e.to] && s.rows[e.to] != snapshot.Nowhere
}

// dangles reports whether the edge leads to a row that does not exist.
func (s *seen) dangles(e edge) bool {
	return e.to == toNowhere || e.to >= 0 && s.rows[e.to] == snapshot.Nowhere
}

// isFree reports whether a row can be kept and brings no other along.
func (s *seen) isFree(id int32) bool {
	edges, ok := s.of(id)
	return ok && !s.kept[id] && !slices.ContainsFunc(edges, func(e edge) bool { return e.to != id && s.fresh(e) })
}

// kind is the same for rows that have parents by the same foreign keys.
func (s *seen) kind(id int32) uint64 {
	var kind uint64
	edges, _ := s.of(id)
	for _, e := range edges {
		if !s.dangles(e) {
			kind += signature(e.foreignKey)
		}
	}
	return kind
}
