package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// shelf is a small catalog made by hand.
func shelf() *catalog.Database {
	users := &catalog.Table{
		OID: 1, Name: catalog.Name{Schema: "public", Name: "users"}, Readable: true,
		Columns: []catalog.Column{{Name: "id", NotNull: true}, {Name: "odd.name"}},
	}
	users.Keys = []catalog.Key{{Name: "users_pkey", Primary: true, Columns: []string{"id"}}}
	dotted := &catalog.Table{
		OID: 2, Name: catalog.Name{Schema: "my.schema", Name: "T a"}, Readable: true,
		Columns: []catalog.Column{{Name: "user"}},
	}
	for _, t := range []*catalog.Table{users, dotted} {
		t.Heaps = []*catalog.Heap{{OID: t.OID + 100, Name: t.Name, Table: t, Pages: 10}}
	}
	key := &catalog.ForeignKey{
		OID: 9, Name: "fk", Child: dotted, ChildRel: dotted.Name, ChildHeaps: dotted.Heaps,
		ChildColumns: []string{"user"},
		Parent:       users, ParentRel: users.Name, ParentHeaps: users.Heaps, ParentColumns: []string{"id"},
		Operators: []catalog.Operator{{Name: "pg_catalog.="}},
	}
	return &catalog.Database{
		Name: "shelf", Role: "me", Tables: []*catalog.Table{dotted, users},
		ForeignKeys: []*catalog.ForeignKey{key},
	}
}

func TestResolveReference_NeedsNoQuotes(t *testing.T) {
	for _, c := range []struct{ text, child, childColumn, parent, parentColumn, when string }{
		{"my.schema.T a.user -> public.users.id", "my.schema.T a", "user", "public.users", "id", ""},
		{"  my.schema.T a.user->public.users.odd.name ", "my.schema.T a", "user", "public.users", "odd.name", ""},
		{
			"public.users.id -> my.schema.T a.user when a = 'x -> y'", "public.users", "id", "my.schema.T a", "user",
			"a = 'x -> y'",
		},
	} {
		k, err := resolveReference(shelf(), c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got := []string{k.Child.Name.Dotted(), k.ChildColumns[0], k.Parent.Name.Dotted(), k.ParentColumns[0], k.When}
		if diff := cmp.Diff([]string{c.child, c.childColumn, c.parent, c.parentColumn, c.when}, got); diff != "" {
			t.Errorf("%s:\n%s", c.text, diff)
		}
	}
}

func TestResolveReference_KnowsNullsAndIndexes(t *testing.T) {
	k, err := resolveReference(shelf(), "public.users.id -> my.schema.T a.user")
	if err != nil {
		t.Fatal(err)
	}
	if k.Nullable || !k.Indexed || k.OID != 0 {
		t.Errorf("%+v", k)
	}
}

func TestRule_DescribesItself(t *testing.T) {
	for _, c := range []struct {
		rule Rule
		want string
	}{
		{Rule{}, ""},
		{Rule{All: true}, "all"},
		{Rule{None: true}, "none"},
		{Rule{Rows: 5, Where: "a > b1 AND c2 IS NULL"}, "rows 5, where a > b1 AND c2 IS NULL"},
		{Rule{Where: "email = 'ann''s@corp.test' AND id=4711"}, "where email = … AND id=…"},
		{Rule{Where: `note LIKE E'it\'s ann' OR note = $$ann$$`}, "where note LIKE … OR note = …"},
		{Rule{Where: "email = 'ann@corp.test"}, "where email = …"},
		{Rule{Share: 0.25}, "share 0.25"},
	} {
		if got := c.rule.String(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.rule, got, c.want)
		}
	}
}

func TestRule_RefusesContradictions(t *testing.T) {
	for _, r := range []Rule{
		{All: true, None: true},
		{All: true, Rows: 1},
		{Rows: 1, Share: 0.5},
		{None: true, Where: "true"},
		{All: true, Where: "true"},
		{Rows: -1},
		{Share: -0.1},
		{Share: 1.1},
	} {
		if err := r.check(); err == nil || len(hint.Of(err)) != 1 {
			t.Errorf("%+v: %v", r, err)
		}
	}
	for _, r := range []Rule{{}, {Where: "true"}, {Share: 1, Where: "true"}, {Rows: 3}} {
		if err := r.check(); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestTarget_FollowsTheRuleBeforeTheCurve(t *testing.T) {
	for _, c := range []struct {
		rows int64
		rule Rule
		want int64
	}{
		{1000, Rule{}, 77},
		{1000, Rule{All: true}, 1000},
		{1000, Rule{None: true}, 0},
		{1000, Rule{Rows: 12}, 12},
		{10, Rule{Rows: 12}, 10},
		{1000, Rule{Share: 0.5}, 500},
		{3, Rule{Share: 0.01}, 1},
		{0, Rule{Share: 0.5}, 0},
		{0, Rule{Rows: 5}, 0},
		{1000, Rule{Where: "true"}, 77},
	} {
		if got := target(c.rows, c.rule, Curve{}); got != c.want {
			t.Errorf("%d rows, %s: %d, want %d", c.rows, c.rule, got, c.want)
		}
	}
}

func TestMakePlan_ReservesRoomOnlyWhereLaterTablesNeedIt(t *testing.T) {
	p, err := Make(shelf(), catalog.Counts{101: {Rows: 1000, Exact: true}, 102: {Rows: 500_000}}, Spec{})
	if err != nil {
		t.Fatal(err)
	}
	users, child := &p.Tables[0], &p.Tables[1]
	if !users.referenced || child.referenced {
		t.Errorf("referenced: users %v, child %v", users.referenced, child.referenced)
	}
	if users.How != Whole || child.How != Drive || !child.Estimated || users.Estimated {
		t.Errorf("%+v %+v", users, child)
	}
	if p.Target != 77+6136 || p.Allowance != 621 || p.SourceRows != 501_000 {
		t.Errorf("target %d, allowance %d, rows %d", p.Target, p.Allowance, p.SourceRows)
	}
}

func TestMakePlan_DropsKeysOfTablesThatAreLeftOut(t *testing.T) {
	db := shelf()
	db.Tables[0].Readable = false
	db.Tables[0].Denied = []catalog.Name{db.Tables[0].Name}
	if _, err := Make(db, catalog.Counts{}, Spec{}); err == nil ||
		!strings.Contains(hint.Of(err)[0], "grant SELECT on my.schema.T a to me") {
		t.Errorf("%v, hints %q", err, hint.Of(err))
	}
	p, err := Make(db, catalog.Counts{}, Spec{Tables: map[string]Rule{"my.schema.T a": {None: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.ForeignKeys) != 0 || len(p.Tables) != 1 || len(p.Unreadable) != 1 || len(p.LeftOut) != 1 {
		t.Errorf("%+v", p)
	}
}
