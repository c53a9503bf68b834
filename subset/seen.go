package subset

// seen is rows that were looked at: what each references, and which of them
// are kept by now. A row has a small number there, its id, for as long as it
// is remembered; everything that is decided about candidates is decided on ids.
type seen struct {
	ids   map[row]int32
	rows  []row  // by id
	kept  []bool // by id
	spans []span // by id: what the row references, in edges
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

func newSeen() *seen { return &seen{ids: map[row]int32{}} }

// id is the row's number, a new one when it has none.
func (s *seen) id(r row) int32 {
	id, ok := s.ids[r]
	if !ok {
		id = int32(len(s.rows))
		s.ids[r] = id
		s.rows = append(s.rows, r)
		s.kept = append(s.kept, false)
		s.spans = append(s.spans, unseen)
	}
	return id
}

// known reports whether the row was looked at.
func (s *seen) known(r row) bool {
	id, ok := s.ids[r]
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
func (s *seen) fresh(e edge) bool { return e.to >= 0 && !s.kept[e.to] }
