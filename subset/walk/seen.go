package walk

import "github.com/offshoot-dev/offshoot/subset/snapshot"

// seen is rows that were looked at: what each references, and which of them
// are kept by now. A row has a small number there, its id, for as long as it
// is remembered; everything that is decided about candidates is decided on ids.
type seen struct {
	ids   index[snapshot.Row] // of rows of which the place is known
	rows  []snapshot.Row      // by id; elsewhere where only the name is known, nowhere where there is none of that name
	names []int64             // by id; 0 where rows of the heap have none
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
	to  int32 // id of the parent, or one of the two below
	key int32 // position in plan.keys
}

const (
	toNowhere int32 = -1 - iota // the parent does not exist
	toKept                      // the parent was kept before the child was looked at
)

// forget drops all rows, and keeps the room for others.
func (s *seen) forget() {
	s.ids.forget()
	s.rows, s.names, s.kept, s.spans, s.edges = s.rows[:0], s.names[:0], s.kept[:0], s.spans[:0], s.edges[:0]
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

func (s *seen) add(r snapshot.Row, name int64) int32 {
	s.rows = append(s.rows, r)
	s.names = append(s.names, name)
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
