package rehearse_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// What breaks is told with the migration's statement that does it, and with how much of production that is.
func TestJudge_NamesWhatBreaksTheCodeThatRuns(t *testing.T) {
	url := fresh(t, `CREATE TABLE people (id int PRIMARY KEY, mail text, name text); CREATE TABLE logs (line text)`)
	database, s := databaseOf(t, url), server(t)
	code := rehearse.Running(&facts.Facts{Format: facts.Format, Statements: []facts.Statement{
		{Shape: "SELECT name FROM people WHERE id = $1", Calls: 600},
		{Shape: "INSERT INTO people (id, mail) VALUES ($1, $2)", Calls: 300},
		{Shape: "SELECT line FROM logs", Calls: 60},
		{Shape: "SELECT interval $1", Calls: 40},
		{Shape: "BEGIN", Calls: 9000},
	}})
	ask := func() *compat.Answers {
		answers, err := compat.Ask(t.Context(), s, database, code)
		if err != nil {
			t.Fatal(err)
		}
		return answers
	}
	before := ask()
	r := watched(t, url, func() {
		psql(t, url, "ALTER TABLE people ADD tenant int NOT NULL;\nALTER TABLE people RENAME name TO full_name;\n"+
			"CREATE INDEX ON logs (line);\n")
	})
	r.Judge(compat.Compare("production", code, before, ask()))
	if len(r.Code.Breaks) != 2 || r.Code.Unclear != 1 || r.Code.Calls != 960 || r.Code.Known != 1000 {
		t.Fatalf("%+v", r.Code)
	}
	if b := r.Code.Breaks[0]; b.Code != "42703" || b.By != 2 || b.Share != 0.6 {
		t.Errorf("%+v", b)
	}
	b := r.Code.Breaks[1]
	if b.Kind != compat.KindMissing || b.Table != "public.people" || b.Column != "tenant" || b.By != 1 {
		t.Errorf("%+v", b)
	}
	const want = `breaks the code that runs now: column "name" does not exist, and 1 more statement`
	if !strings.HasSuffix(r.Headline(), "; "+want) {
		t.Errorf("headline %q", r.Headline())
	}
	if said := (rehearse.Limits{FailOn: []string{rehearse.FailBreaks}}).Exceeded(r); len(said) != 1 || said[0] != want {
		t.Errorf("limits: %q", said)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "statement 2") ||
		!strings.Contains(text.String(), "60.0 %") {
		t.Errorf("%v\n%s", err, text.String())
	}
}
