package rehearse_test

import (
	"bytes"
	"html"
	"io"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/queryplan"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

func plan(t *testing.T, text string) *queryplan.Plan {
	t.Helper()
	p, err := queryplan.Parse([]byte(`[{"Plan": ` + text + `}]`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A plan is told with the migration's statement that it is because of; what is no worse, and what only reads the
// catalog, is no news.
func TestCompare_TellsPlansThatAreWorseInProduction(t *testing.T) {
	const (
		scan    = `{"Node Type": "Seq Scan", "Schema": "public", "Relation Name": "people", "Total Cost": 90000}`
		byIndex = `{"Node Type": "Index Scan", "Schema": "public", "Relation Name": "people",
			"Index Name": "people_mail_idx", "Total Cost": 8.5}`
		catalog  = `{"Node Type": "Seq Scan", "Schema": "pg_catalog", "Relation Name": "pg_class", "Total Cost": 10}`
		catalog2 = `{"Node Type": "Index Scan", "Schema": "pg_catalog", "Relation Name": "pg_class",
			"Index Name": "i", "Total Cost": 9}`
	)
	r := &rehearse.Report{Statements: []*rehearse.Statement{
		{Number: 1, Verb: "DROP INDEX", Shape: "DROP INDEX people_mail_idx", Migration: "0007"},
		{Number: 2, Verb: "ALTER TABLE", Shape: "ALTER TABLE people ADD nick text", Migration: "0008"},
	}}
	r.Compare(map[string]*queryplan.Plan{
		"SELECT name FROM people WHERE mail = $1": plan(t, byIndex), "SELECT * FROM people": plan(t, scan),
		"SELECT relname FROM pg_class": plan(t, catalog), "SELECT gone FROM people": plan(t, scan),
	}, map[string]*queryplan.Plan{
		"SELECT name FROM people WHERE mail = $1": plan(t, scan), "SELECT * FROM people": plan(t, scan),
		"SELECT relname FROM pg_class": plan(t, catalog2),
	}, func(string) bool { return true })
	if r.Plans.Asked != 3 || len(r.Plans.Changed) != 1 {
		t.Fatalf("%+v", r.Plans)
	}
	if c := r.Plans.Changed[0]; !c.Worse || c.By != 1 || c.Before != 8.5 || c.After != 90000 {
		t.Errorf("%+v", c)
	}
	const want = "1 plan is worse in production: lost index: people_mail_idx of public.people, " +
		"new sequential scan of public.people"
	if !strings.HasSuffix(r.Headline(), "; "+want) {
		t.Errorf("%q", r.Headline())
	}
	if said := (rehearse.Limits{FailOn: []string{rehearse.FailPlans}}).Exceeded(r); len(said) != 1 || said[0] != want {
		t.Errorf("%q", said)
	}
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil || !strings.Contains(page.String(), "before the migration") ||
		!strings.Contains(page.String(), "Index Scan using people_mail_idx on public.people") {
		t.Errorf("%v %s", err, page.String())
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "statement 1, 0007") {
		t.Errorf("%v %s", err, text.String())
	}
}

func TestCompare_KeepsTreesWithoutLiterals(t *testing.T) {
	const (
		byIndex = `{"Node Type": "Nested Loop", "Total Cost": 9, "Plans": [
			{"Node Type": "Index Scan", "Schema": "public", "Relation Name": "people", "Index Name": "i", "Total Cost": 8.5,
				"Index Cond": "(mail = $1)", "Filter": "(kind = 'canary'::text)"}]}`
		scan = `{"Node Type": "Nested Loop", "Total Cost": 90001, "Plans": [
			{"Node Type": "Seq Scan", "Schema": "public", "Relation Name": "people", "Total Cost": 90000,
				"Filter": "((mail = $1) AND (kind = 'canary'::text))"}]}`
	)
	r := &rehearse.Report{Statements: []*rehearse.Statement{{Number: 1, Verb: "DROP INDEX", Shape: "DROP INDEX i"}}}
	r.Compare(map[string]*queryplan.Plan{"SELECT * FROM v WHERE mail = $1": plan(t, byIndex)},
		map[string]*queryplan.Plan{"SELECT * FROM v WHERE mail = $1": plan(t, scan)}, func(string) bool { return true })
	for name, write := range map[string]func(io.Writer) error{"page": r.WriteHTML, "JSON": r.WriteJSON} {
		text := html.UnescapeString(written(t, write))
		if strings.Contains(text, "canary") || !strings.Contains(text, "mail = $1") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
