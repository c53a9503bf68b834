package mask

import (
	"math"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestLeveled_GivesBothSidesTheSmallerRoom(t *testing.T) {
	short, long, any := field{class: text, limit: 10}, field{class: text, limit: 20}, field{class: text}
	small, big := field{class: integer, max: math.MaxInt16}, field{class: integer, max: math.MaxInt64}
	number := field{class: decimal}
	for name, c := range map[string]struct {
		a, b, wantA, wantB field
		changed            bool
	}{
		"the same":            {short, short, short, short, false},
		"any":                 {any, any, any, any, false},
		"the second":          {short, long, short, short, true},
		"the first":           {long, short, short, short, true},
		"one of them":         {any, short, short, short, true},
		"numbers":             {small, big, small, small, true},
		"numbers, turned":     {big, small, small, small, true},
		"numbers alike":       {small, small, small, small, false},
		"numbers of two ways": {number, small, number, small, false},
	} {
		a, b := c.a, c.b
		changed := leveled(&a, &b)
		if changed != c.changed || a.room() != c.wantA.room() || b.room() != c.wantB.room() || a.max != c.wantA.max ||
			b.max != c.wantB.max {
			t.Errorf("%s: %+v and %+v, changed %v", name, a, b, changed)
		}
		if leveled(&a, &b) {
			t.Errorf("%s: there is no end of it", name)
		}
	}
}

// joined is a parent and its child by a text, each with one more column.
func joined(declared bool) (Source, *catalog.Table, *catalog.Table) {
	s, customers, orders := store()
	for _, t := range []*catalog.Table{customers, orders} {
		columnOf(t, s.Details, "name", "text", "text", -1)
	}
	key := &catalog.ForeignKey{
		Name: "k", Child: orders, ChildRel: orders.Name, ChildColumns: []string{"name"},
		Parent: customers, ParentRel: customers.Name, ParentColumns: []string{"name"},
	}
	if declared {
		key.OID = 9
	}
	s.Keys = []*catalog.ForeignKey{key}
	return s, customers, orders
}

func TestResolve_RefusesKeysByMoreThanTheValue(t *testing.T) {
	change := func(edit func(d *catalog.ColumnDetail)) func(s Source, child *catalog.Table) {
		return func(s Source, child *catalog.Table) {
			d := s.Details.Columns[child]["name"]
			edit(&d)
			s.Details.Columns[child]["name"] = d
		}
	}
	base := func(name string, modifier int) func(s Source, child *catalog.Table) {
		return change(func(d *catalog.ColumnDetail) { d.Base, d.Modifier = name, modifier })
	}
	for name, c := range map[string]struct {
		rule     Rule
		declared bool
		edit     func(s Source, child *catalog.Table)
		want     string
	}{
		"by the value":           {Rule{As: "token"}, true, nil, ""},
		"kept":                   {Rule{As: "keep"}, true, nil, ""},
		"a constant":             {Rule{As: "constant", Value: "x"}, true, nil, ""},
		"an expression":          {Rule{As: "sql", Value: "upper(name)"}, true, nil, "depends on more than the value"},
		"by a country":           {Rule{As: "city", Country: "country"}, true, nil, "depends on more than the value"},
		"blanks at one end":      {Rule{As: "token"}, true, base("bpchar", -1), ""},
		"without case":           {Rule{As: "token"}, true, base("citext", -1), "written differently"},
		"a constant, declared":   {Rule{As: "constant", Value: "x"}, true, base("citext", -1), "written differently"},
		"of another kind":        {Rule{As: "token"}, true, base("uuid", -1), "written differently"},
		"a constant, undeclared": {Rule{As: "constant", Value: "x"}, false, base("citext", -1), ""},
	} {
		s, _, orders := joined(c.declared)
		if c.rule.Country != "" {
			columnOf(orders, s.Details, "country", "text", "text", -1)
		}
		if c.edit != nil {
			c.edit(s, orders)
		}
		c.rule.Column = "shop.customers.name"
		_, err := resolved(s, c.rule)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestResolve_RefusesKeysOfTimesInTwoZones(t *testing.T) {
	for child, want := range map[string]bool{"timestamp without time zone": true, "timestamp with time zone": false} {
		s, customers, orders := joined(true)
		for table, typ := range map[*catalog.Table]string{customers: "timestamp without time zone", orders: child} {
			table.Columns[len(table.Columns)-1].Type = typ
			s.Details.Columns[table]["name"] = catalog.ColumnDetail{Base: "timestamp", System: true, Modifier: -1}
		}
		_, err := resolved(s, Rule{Column: "shop.customers.name", As: "shift"})
		if (err == nil) != want {
			t.Errorf("%s: %v", child, err)
		}
	}
}

func TestResolve_LevelsBlanksAndChainsOfKeys(t *testing.T) {
	limits := func(from, to, end int, turned bool) []int {
		s, customers, orders := joined(true)
		items := &catalog.Table{Name: catalog.Name{Schema: "shop", Name: "items"}}
		columnOf(items, s.Details, "name", "text", "text", -1)
		s.Database.Tables = append(s.Database.Tables, items)
		for table, limit := range map[*catalog.Table]int{customers: from, orders: to, items: end} {
			d := s.Details.Columns[table]["name"]
			d.Base, d.Modifier = "bpchar", limit+4
			s.Details.Columns[table]["name"] = d
		}
		s.Keys = append(s.Keys, &catalog.ForeignKey{
			OID: 10, Name: "l", Child: items, ChildRel: items.Name, ChildColumns: []string{"name"},
			Parent: orders, ParentRel: orders.Name, ParentColumns: []string{"name"},
		})
		if turned {
			s.Keys[0], s.Keys[1] = s.Keys[1], s.Keys[0]
		}
		p, err := resolved(s, Rule{Column: "shop.customers.name", As: "token"})
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, table := range []*catalog.Table{customers, orders, items} {
			got = append(got, p.tables[table]["name"].field.limit)
		}
		return got
	}
	for _, c := range [][]int{{20, 30, 40}, {40, 30, 20}, {30, 20, 40}, {40, 20, 30}} {
		for _, turned := range []bool{false, true} {
			for _, got := range limits(c[0], c[1], c[2], turned) {
				if got != 20 {
					t.Errorf("%v, turned %v: a room of %d", c, turned, got)
				}
			}
		}
	}
	s, customers, orders := joined(true)
	d := s.Details.Columns[orders]["name"]
	d.Base = "bpchar"
	s.Details.Columns[orders]["name"] = d
	p, err := resolved(s, Rule{Column: "shop.customers.name", As: "token"})
	if err != nil || !p.tables[customers]["name"].field.padded || !p.tables[orders]["name"].field.padded {
		t.Errorf("blanks at the end count on one side: %v", err)
	}
}

func TestResolve_SpreadsOverChainsOfKeysInAnyOrder(t *testing.T) {
	s, _, orders := joined(true)
	items := &catalog.Table{Name: catalog.Name{Schema: "shop", Name: "items"}}
	columnOf(items, s.Details, "name", "text", "text", -1)
	s.Database.Tables = append(s.Database.Tables, items)
	further := &catalog.ForeignKey{
		OID: 10, Name: "l", Child: items, ChildRel: items.Name, ChildColumns: []string{"name"},
		Parent: orders, ParentRel: orders.Name, ParentColumns: []string{"name"},
	}
	for _, keys := range [][]*catalog.ForeignKey{{s.Keys[0], further}, {further, s.Keys[0]}} {
		for _, from := range []string{"customers", "items"} {
			p, err := resolved(Source{Database: s.Database, Details: s.Details, Keys: keys},
				Rule{Column: "shop." + from + ".name", As: "token"})
			if err != nil || len(p.Columns) != 3 {
				t.Errorf("from %s: %v, %v", from, p.Columns, err)
			}
		}
	}
}
