package mask

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestConceivable_AreRulesThatTakeTheType(t *testing.T) {
	for name, c := range map[string]struct {
		as, base string
		array    bool
		want     []string
	}{
		"a text": {"email", "text", false, []string{
			"email", "{as: email, keep: domain}", "text", "token", "hash", "url", "{as: url, keep: host}", `"null"`,
		}},
		"a number": {"noise", "int4", false, []string{"noise", "token", `"null"`}},
		"a date":   {"shift", "date", false, []string{"{as: shift, days: 365}", `"null"`}},
		"a document": {"json", "jsonb", false, []string{
			`{as: json, at: {"**": text}}`, `"null"`, `{as: constant, value: "{}"}`,
		}},
		"pairs":   {"hstore", "hstore", false, []string{`{as: hstore, at: {"**": text}}`, `"null"`, "constant"}},
		"XML":     {"xml", "xml", false, []string{`{as: xml, at: {"**": text}}`, `"null"`}},
		"words":   {"null", "tsvector", false, []string{`"null"`, "constant"}},
		"a range": {"null", "daterange", false, []string{`"null"`, "{as: constant, value: empty}"}},
		"ranges":  {"null", "datemultirange", false, []string{`"null"`, `{as: constant, value: "{}"}`}},
		"a truth": {"null", "bool", false, []string{`"null"`}},
		"a list": {"phone", "text", true, []string{
			"phone", "text", "token", "hash", "email", "{as: email, keep: domain}", "url", "{as: url, keep: host}",
			`"null"`, `{as: constant, value: "{}"}`,
		}},
	} {
		s, customers, _ := store()
		columnOf(customers, s.Details, "c", c.base, c.base, -1)
		detail := s.Details.Columns[customers]["c"]
		detail.Array, detail.System = c.array, c.base != "hstore"
		s.Details.Columns[customers]["c"] = detail
		var got []string
		for _, rule := range conceivable(s, customers, Finding{Table: "shop.customers", Name: "c", As: c.as}) {
			if rule.Column != "shop.customers.c" {
				t.Errorf("%s: of %s", name, rule.Column)
			}
			got = append(got, rule.value())
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestConceivable_MovesTheDateThatAColumnIsAPartOf(t *testing.T) {
	for columns, want := range map[string]string{
		"birth_year birth_month": `{as: shift, days: 365, date: ["birth_year", "birth_month"]}`,
		"birth_year":             `{as: shift, days: 1825, date: ["birth_year"]}`,
		"born":                   "token", // a number of no date
	} {
		s, _, orders := store()
		first := ""
		for _, column := range fields(columns) {
			columnOf(orders, s.Details, column.name, "integer", "int4", -1)
			if first == "" {
				first = column.name
			}
		}
		rules := conceivable(s, orders, Finding{Table: "shop.orders", Name: first, As: "shift"})
		if len(rules) == 0 || rules[0].value() != want {
			t.Errorf("%s: %v", columns, rules)
		}
	}
}

// A type of somebody's own may be called like one of the server's.
func TestEmptyOf_KnowsTheServersTypesAlone(t *testing.T) {
	for name, c := range map[string]struct {
		detail catalog.ColumnDetail
		want   string
		empty  bool
	}{
		"words":               {catalog.ColumnDetail{Base: "tsvector", System: true}, "", true},
		"pairs":               {catalog.ColumnDetail{Base: "hstore"}, "", true},
		"a document":          {catalog.ColumnDetail{Base: "json", System: true}, "{}", true},
		"ranges":              {catalog.ColumnDetail{Base: "int4multirange", System: true}, "{}", true},
		"a range":             {catalog.ColumnDetail{Base: "int4range", System: true}, "empty", true},
		"a list":              {catalog.ColumnDetail{Base: "text", System: true, Array: true}, "{}", true},
		"a text":              {catalog.ColumnDetail{Base: "text", System: true}, "", false},
		"somebody's words":    {catalog.ColumnDetail{Base: "tsvector"}, "", false},
		"somebody's document": {catalog.ColumnDetail{Base: "json"}, "", false},
		"somebody's ranges":   {catalog.ColumnDetail{Base: "mymultirange"}, "", false},
		"somebody's range":    {catalog.ColumnDetail{Base: "myrange"}, "", false},
	} {
		table := &catalog.Table{}
		details := &catalog.Details{Columns: map[*catalog.Table]map[string]catalog.ColumnDetail{table: {"c": c.detail}}}
		if got, empty := emptyOf(table, "c", details); got != c.want || empty != c.empty {
			t.Errorf("%s: %q, %v", name, got, empty)
		}
	}
}

func TestCandidates_SayWhyNoneFits(t *testing.T) {
	s, customers, _ := store()
	rules, why := Candidates(s, customers, Finding{Table: "shop.customers", Name: "id", As: "noise"})
	if len(rules) != 1 || rules[0].As != "token" || why != "" {
		t.Errorf("%v, %q", rules, why)
	}
	s.Details.Routes[customers] = []string{"id"}
	rules, why = Candidates(s, customers, Finding{Table: "shop.customers", Name: "id", As: "noise"})
	if len(rules) > 0 || why != "mask: shop.customers.id: it decides in which partition a row lies, and has to stay" {
		t.Errorf("%v, %q", rules, why)
	}
	_, why = Candidates(s, customers, Finding{Table: "shop.customers", Name: "nobody", As: "text"})
	if why != "none takes its type" {
		t.Errorf("of no column: %q", why)
	}
}
