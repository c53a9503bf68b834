package walk

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// forgotten drops all that was looked at, as much of it as there is.
func (m *memory) forgotten() {
	m.gaveUp = true
	m.forget()
}

// parentsOf is the parents of a candidate as its edges tell them.
func (m *memory) parentsOf(c candidate) []snapshot.Row {
	var all []snapshot.Row
	id, ok := m.seen.find(c.row)
	if !ok {
		return nil
	}
	edges, _ := m.seen.of(id)
	for _, e := range edges {
		switch {
		case e.to == toKept:
			all = append(all, keptBefore)
		case m.seen.dangles(e):
			all = append(all, snapshot.Nowhere)
		case isElsewhere(m.seen.rows[e.to]):
			all = append(all, snapshot.Row(m.seen.keys[e.to]))
		default:
			all = append(all, m.seen.rows[e.to])
		}
	}
	return all
}

// Whatever candidates reference, they need not be looked up again.
func TestRecollect_KnowsAgainWhatWasForgotten(t *testing.T) {
	m := withKeys(t)
	fk := m.foreignKeys[0]
	rows := children(0, 1, 2, 3, 4, 5)
	m.learn(parent(9), 99, nil)
	m.keep(m.seen.id(parent(9)))
	m.intern(parent(7), 77)
	m.forgotten()
	m.intern(parent(7), 77)
	for i, p := range []reference{
		{at: knownByKey, key: 11},
		{at: nothingThere},
		{at: snapshot.Nowhere},
		{at: knownByKey, key: 99},
		{at: knownByKey, key: 77},
	} {
		m.learn(rows[i].row, 0, m.edge(nil, p, fk))
	}
	want := [][]snapshot.Row{{11}, nil, {snapshot.Nowhere}, {keptBefore}, {parent(7)}, nil}
	noted := m.note(rows)
	m.forgotten()
	m.learn(rows[0].row, 0, m.edge(nil, reference{at: knownByKey, key: 12}, fk)) // known better since
	want[0] = []snapshot.Row{12}
	m.recollect(noted)
	for i, c := range rows {
		if diff := cmp.Diff(want[i], m.parentsOf(c)); diff != "" {
			t.Errorf("candidate %d: %s", i, diff)
		}
		if known := m.seen.known(c.row); known != (i < 5) {
			t.Errorf("candidate %d is known: %v", i, known)
		}
	}
	m.recollect(nil)
}

func TestRecollect_LeavesOutWhatIsKeptSince(t *testing.T) {
	m, candidates := fixed(t, 2, 2, map[int][]int{0: {0}, 1: {1}})
	noted := m.note(candidates)
	m.saw(parent(0))
	m.keepRow(candidates[0].row)
	m.forgotten()
	m.recollect(noted)
	if m.seen.known(candidates[0].row) || !m.seen.known(candidates[1].row) {
		t.Error("a row that is kept is offered again, or one that is not is unknown")
	}
}
