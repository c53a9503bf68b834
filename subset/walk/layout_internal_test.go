package walk

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// company is a schema in which the rows of the last table but one have a key
// and reference others in every way there is.
func company(t *testing.T) (s *schema, child *heap) {
	t.Helper()
	p := &plan.Plan{}
	oid := uint32(0)
	table := func(name string, heaps int) *catalog.Table {
		tab := &catalog.Table{Name: catalog.Name{Schema: "s", Name: name}}
		tab.Columns = []catalog.Column{{Name: "id", Type: "bigint", NotNull: true}, {Name: "code", Type: "text"}}
		for range heaps {
			oid++
			tab.Heaps = append(tab.Heaps, &catalog.Heap{OID: oid, Name: tab.Name, Table: tab, Pages: 1})
		}
		p.Tables = append(p.Tables, plan.TablePlan{Table: tab})
		return tab
	}
	key := func(c *catalog.Table, column, kind string, of *catalog.Table, parent string) *catalog.ForeignKey {
		c.Columns = append(c.Columns, catalog.Column{Name: column, Type: kind})
		k := &catalog.ForeignKey{
			OID: 100, Validated: true, Operators: []catalog.Operator{{Name: "pg_catalog.="}},
			Child: c, ChildRel: c.Name, ChildHeaps: c.Heaps, ChildColumns: []string{column},
			Parent: of, ParentRel: of.Name, ParentHeaps: of.Heaps, ParentColumns: []string{parent},
		}
		p.ForeignKeys = append(p.ForeignKeys, k)
		return k
	}
	firm, area, note := table("firm", 1), table("area", 2), table("note", 1)
	staff, task := table("staff", 1), table("task", 1)
	note.Keys = []catalog.Key{{Columns: []string{"code"}}}
	key(staff, "firm", "integer", firm, "id")
	key(staff, "firm_code", "text", firm, "code").Nullable = true
	key(staff, "area", "bigint", area, "id")
	about := key(staff, "about", "text", note, "code")
	about.OID, about.When = 0, "kind = 'note'"
	key(task, "staff", "bigint", staff, "id")
	s, err := newSchema(p)
	if err != nil {
		t.Fatal(err)
	}
	return s, s.byTable[staff].heaps[0]
}

// columns are values of an answer in PostgreSQL's binary format, by what was
// asked for.
type columns map[string][]byte

func (c columns) of(t *testing.T, l *layout) [][]byte {
	t.Helper()
	var values [][]byte
	for _, column := range l.columns {
		value, ok := c[column.sql]
		if !ok {
			t.Fatalf("asked for %s", column.sql)
		}
		values = append(values, value)
	}
	return values
}

func big(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func tid(block uint32) []byte { return append(binary.BigEndian.AppendUint32(nil, block), 0, 1) }

func rowAt(h *heap, block uint32) snapshot.Row {
	return snapshot.MakeRow(h.number, pgtype.TID{BlockNumber: block, OffsetNumber: 1, Valid: true})
}

// given is an answer about a row that references something by each foreign key.
func given() columns {
	return columns{
		"c.ctid": tid(7), `c."offshoot: hash"`: big(1 << 40), `c."offshoot: parent"`: tid(33), `c."id"`: big(70),
		`c."firm"`: {0, 0, 0, 11},
		"p1.ctid":  tid(22), `p1."offshoot: key"`: big(12), `c."firm_code" IS NOT NULL`: {1},
		"p2.tableoid": {0, 0, 0, 3}, "p2.ctid": tid(33),
		"p3.ctid": tid(44), `COALESCE(c."offshoot: when 3", false) AND c."about" IS NOT NULL`: {1},
	}
}

// none is one about a row that references nothing, or what does not exist.
func none() columns {
	c := given()
	c[`c."firm"`] = nil
	c["p1.ctid"], c[`p1."offshoot: key"`], c[`c."firm_code" IS NOT NULL`] = nil, nil, []byte{1}
	c["p2.tableoid"], c["p2.ctid"] = nil, nil
	c["p3.ctid"], c[`COALESCE(c."offshoot: when 3", false) AND c."about" IS NOT NULL`] = nil, []byte{0}
	return c
}

func read(t *testing.T, l *layout, from columns, into *answer) {
	t.Helper()
	if err := l.read(from.of(t, l), into); err != nil {
		t.Fatal(err)
	}
	into.heap = nil
}

func TestLayout_ReadsWhatItAsksFor(t *testing.T) {
	s, staff := company(t)
	firm, area, note := s.heaps[0], s.heaps[2], s.heaps[3]
	layouts := map[string]*layout{"parents": s.parentLayout(staff), "candidates": s.candidateLayout(staff)}
	for name, l := range layouts {
		want := answer{row: rowAt(staff, 7), key: 70, parents: []reference{
			{at: knownByKey, key: 11}, {at: rowAt(firm, 22), key: 12}, {at: rowAt(area, 33)}, {at: rowAt(note, 44)},
		}}
		if name == "candidates" {
			want.hash = 1 << 40
		}
		got := l.newAnswer()
		read(t, l, given(), got)
		if diff := cmp.Diff(want, *got, cmp.AllowUnexported(answer{}, reference{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		nowhere, nothing := reference{at: snapshot.Nowhere}, reference{at: nothingThere}
		want.parents = []reference{nothing, nowhere, nowhere, nothing}
		read(t, l, none(), got) // into the same: nothing of the last row may be left
		if diff := cmp.Diff(want, *got, cmp.AllowUnexported(answer{}, reference{})); diff != "" {
			t.Errorf("%s, nothing there: %s", name, diff)
		}
	}
}

// The parent that found a child is in the place of its foreign key, and is not
// joined once more.
func TestLayout_TellsTheParentThatFoundAChild(t *testing.T) {
	s, staff := company(t)
	area := s.heaps[2]
	l := s.childLayout(staff, s.foreignKeys[2], area)
	got := l.newAnswer()
	values := given()
	values["p2.ctid"] = values["p3.ctid"] // the joins are counted without that one
	values[`COALESCE(c."offshoot: when 2", false) AND c."about" IS NOT NULL`] = []byte{1}
	delete(values, "p2.tableoid")
	read(t, l, values, got)
	if want := (reference{at: rowAt(area, 33)}); got.parents[2] != want || got.parents[3].at != rowAt(s.heaps[3], 44) {
		t.Errorf("%+v", got.parents)
	}
}

func TestLayout_RefusesAHeapThatTheCatalogDoesNotKnow(t *testing.T) {
	s, staff := company(t)
	l := s.parentLayout(staff)
	values := given()
	values["p2.tableoid"] = []byte{0, 0, 0, 99}
	if err := l.read(values.of(t, l), l.newAnswer()); !errors.Is(err, errMoved) {
		t.Errorf("%v", err)
	}
}

// What waits for its turn comes back as it was read.
func TestNotes_KeepAnswersOfEveryLayout(t *testing.T) {
	s, staff := company(t)
	for _, l := range []*layout{s.candidateLayout(staff), s.childLayout(staff, s.foreignKeys[1], s.heaps[0])} {
		var n notes
		first, second := l.newAnswer(), l.newAnswer()
		values := given()
		for _, sql := range []string{`COALESCE(c."offshoot: when 2", false) AND c."about" IS NOT NULL`, "p1.tableoid"} {
			values[sql] = []byte{0, 0, 0, 3}
		}
		read(t, l, values, first)
		for range 3 {
			n.take(l, first)
		}
		for r := (noteReader{notes: &n}); r.at < len(n.words); {
			r.read(l, second)
			diff := cmp.Diff(first.parents, second.parents, cmp.AllowUnexported(reference{}))
			if diff != "" || second.key != 70 {
				t.Errorf("key %d, %s", second.key, diff)
			}
		}
	}
}

func TestLayout_NeedsAColumnOnce(t *testing.T) {
	s, staff := company(t)
	l := s.parentLayout(staff)
	before := len(l.inner)
	for range 2 {
		l.need("firm")
		l.need("another")
	}
	if len(l.inner) != before+1 {
		t.Errorf("%d columns, and %d before", len(l.inner), before)
	}
}

// The condition of a foreign key is looked at where the columns have their own
// names.
func TestLayout_GivesColumnsAndConditionsUnderTheirNames(t *testing.T) {
	s, staff := company(t)
	sql := parentsSQL(s.parentLayout(staff))
	for _, want := range []string{`AS "offshoot: when 3"`, `, "firm"`, `, "about"`, "kind = 'note'"} {
		if !strings.Contains(sql, want) {
			t.Errorf("no %s in %s", want, sql)
		}
	}
	if strings.Contains(sql, `AS "firm"`) {
		t.Errorf("a column under another name in %s", sql)
	}
}
