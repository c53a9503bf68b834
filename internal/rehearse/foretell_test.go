package rehearse_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/facts"
)

// Rows that a statement brings itself take there what they take here; how many others a new table gets, nobody knows.
func TestForetell_SaysOnceWhatANewTableGets(t *testing.T) {
	url := fresh(t, "CREATE TABLE events AS SELECT n FROM generate_series(1, 50) AS n")
	r := watched(t, url, func() {
		psql(t, url, "CREATE TABLE levels (id int);\nINSERT INTO levels VALUES (1), (2);\n"+
			"CREATE TABLE wishes (n int);\nINSERT INTO wishes SELECT n FROM events;\n"+
			"INSERT INTO wishes SELECT 1 FROM events;\n")
	})
	r.Foretell(t.Context(), server(t), databaseOf(t, url), &facts.Facts{
		Format: facts.Format, Server: r.Server,
		Tables: []facts.Table{{Schema: "public", Name: "events", Kind: "r", Rows: 5e6, Pages: 50000, Bytes: 4e8}},
	})
	const want = "how many rows public.wishes, which is new, gets in production"
	if !slices.Equal(r.Unknown, []string{want}) {
		t.Errorf("not known: %q", r.Unknown)
	}
	for _, s := range r.Statements {
		brings := strings.HasPrefix(s.Shape, "INSERT INTO levels")
		if s.Verb == "INSERT" && brings != (s.Production != nil) {
			t.Errorf("%s: %+v", s.Shape, s.Production)
		}
	}
}

func TestForetell_TellsNothingOfATableThatIsEmptyByTheEnd(t *testing.T) {
	url := fresh(t, "CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 1000); ANALYZE")
	r := watched(t, url, func() { psql(t, url, "ALTER TABLE t ADD c float DEFAULT random(); DELETE FROM t") })
	r.Foretell(t.Context(), server(t), databaseOf(t, url), &facts.Facts{
		Format: facts.Format, Server: r.Server,
		Tables: []facts.Table{{Schema: "public", Name: "t", Kind: "r", Rows: 1e6, Pages: 5000, Bytes: 5000 * 8192}},
	})
	for _, s := range r.Statements {
		if s.Production != nil || s.Held != nil {
			t.Errorf("%s: %+v, held for %+v", s.Shape, s.Production, s.Held)
		}
	}
	want := "seconds of the rewrite of public.t: the table is empty here by the end of the migration"
	if !slices.Contains(r.Unknown, want) {
		t.Errorf("%q", r.Unknown)
	}
	if c := r.Statements[1].Changes; len(c) != 1 || c[0].There != 1e6 {
		t.Errorf("%+v", c)
	}
}
