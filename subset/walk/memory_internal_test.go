package walk

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// twoTables is a plan of parents and children, the foreign key of which may be
// changed before the schema is made of it.
func twoTables(parentTarget, childTarget int64) *plan.Plan {
	p := &plan.Plan{}
	for i, target := range []int64{parentTarget, childTarget} {
		t := &catalog.Table{Name: catalog.Name{Schema: "s", Name: []string{"parents", "children"}[i]}}
		t.Heaps = []*catalog.Heap{{OID: uint32(i + 1), Name: t.Name, Table: t}}
		p.Tables = append(p.Tables, plan.TablePlan{Table: t, Target: target})
	}
	parents, children := p.Tables[0].Table, p.Tables[1].Table
	p.ForeignKeys = []*catalog.ForeignKey{{
		OID: 3, Name: "key", Parent: parents, ParentHeaps: parents.Heaps, Child: children, ChildHeaps: children.Heaps,
	}}
	return p
}

// byInteger makes the foreign key of two tables a validated integer.
func byInteger(p *plan.Plan) *plan.Plan {
	k := p.ForeignKeys[0]
	k.Validated, k.ParentColumns, k.ChildColumns = true, []string{"id"}, []string{"parent"}
	k.Operators = []catalog.Operator{{Name: "pg_catalog.="}}
	k.Parent.Columns = []catalog.Column{{Name: "id", Type: "bigint", NotNull: true}}
	k.Child.Columns = []catalog.Column{{Name: "parent", Type: "integer"}}
	return p
}

// remembering is a memory of the tables of a plan.
func remembering(t *testing.T, p *plan.Plan) *memory {
	t.Helper()
	s, err := newSchema(p)
	if err != nil {
		t.Fatal(err)
	}
	return newMemory(s)
}

// fixed is a memory of two tables, parents and children, whose edges are known:
// no server is asked.
func fixed(t *testing.T, parentTarget, childTarget int64, parentsOf map[int][]int) (*memory, []candidate) {
	t.Helper()
	m := remembering(t, twoTables(parentTarget, childTarget))
	var candidates []candidate
	for child := range len(parentsOf) {
		var parents []snapshot.Row
		for _, p := range parentsOf[child] {
			parents = append(parents, parent(p))
			if p >= 0 {
				m.saw(parent(p))
			}
		}
		m.saw(childRow(child), parents...)
		candidates = append(candidates, candidate{row: childRow(child), hash: int64(child)})
	}
	return m, candidates
}

// saw records what a row references.
func (m *memory) saw(child snapshot.Row, parents ...snapshot.Row) {
	var edges []edge
	for _, p := range parents {
		edges = m.edge(edges, reference{at: p}, m.foreignKeys[0])
	}
	m.seen.look(m.seen.id(child), edges)
}

// keepRow keeps a row by its place.
func (m *memory) keepRow(r snapshot.Row) []int32 { return m.keep(m.seen.id(r)) }

func parent(i int) snapshot.Row {
	if i < 0 {
		return snapshot.Nowhere
	}
	return snapshot.MakeRow(0, pgtype.TID{OffsetNumber: uint16(i + 1)})
}

func childRow(i int) snapshot.Row {
	return snapshot.MakeRow(1, pgtype.TID{OffsetNumber: uint16(i + 1)})
}

func TestKeep_FollowsCyclesAndCountsDanglingRows(t *testing.T) {
	m, _ := fixed(t, 5, 5, map[int][]int{0: {0, 1, -1}})
	m.saw(parent(0), childRow(0), parent(1))
	if kept := m.keepRow(childRow(0)); len(kept) != 2 {
		t.Errorf("kept %v along with it", kept)
	}
	if m.broken || m.foreignKeys[0].references != (References{Rows: 5, Dangling: 1}) {
		t.Errorf("%+v, broken %v", m.foreignKeys[0].references, m.broken)
	}
	if again := m.keepRow(childRow(0)); again != nil || m.tables[1].tally.Sampled != 1 {
		t.Errorf("kept twice: %v", again)
	}
}

func TestKeep_NoticesRowsThatWereNeverLookedAt(t *testing.T) {
	m, _ := fixed(t, 5, 5, nil)
	m.keepRow(parent(3))
	if !m.broken {
		t.Error("not noticed")
	}
}

func TestUnknown_ListsEachRowOnceInOrder(t *testing.T) {
	m, candidates := fixed(t, 3, 3, map[int][]int{0: {0}})
	m.kept.Add(parent(2))
	got := m.unknown([]snapshot.Row{childRow(2), parent(1), candidates[0].row, parent(1), parent(2), parent(0)})
	if want := []snapshot.Row{parent(1), childRow(2)}; !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestForget_KeepsWhatTheNextTableMayNeed(t *testing.T) {
	m, _ := fixed(t, 3, 3, map[int][]int{0: {0}})
	if m.forget(); len(m.seen.rows) != 2 {
		t.Errorf("%d rows remembered, want 2", len(m.seen.rows))
	}
	m.gaveUp = true
	if m.forget(); len(m.seen.rows) != 0 || m.gaveUp {
		t.Error("remembers rows whose ancestors are not all known")
	}
}
