package compat_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// A statement is prepared, whatever it says, and never executed; no literal of it comes back.
func TestHostile_AStatementWantsToBeExecutedWhileItIsAskedAbout(t *testing.T) {
	connection := pgtest.New(t)
	pgtest.Exec(t, connection, `CREATE TABLE kept (id int, word text);
CREATE FUNCTION spread() RETURNS int LANGUAGE sql AS 'INSERT INTO kept VALUES (1) RETURNING id';`)
	s, name := open(t, connection), databaseOf(t, connection)
	var statements []compat.Statement
	for _, text := range []string{
		"SELECT 'canary'::int", "SELECT word FROM kept WHERE id = 'canary'", "SELECT 'canary' 'x",
		"SELECT spread()", "SELECT $offshoot$ canary $offshoot$", "DELETE FROM kept WHERE word = 'canary' AND id = 1/0", `SELECT '\! canary'`,
		"WITH gone AS (DELETE FROM kept RETURNING *) SELECT 'canary' FROM gone", "SELECT 1 \\gexec canary",
	} {
		statements = append(statements, compat.Statement{Text: text})
	}
	for _, text := range []string{
		"SELECT 1; DROP TABLE kept", "DROP TABLE kept", "COPY kept TO PROGRAM 'x'", "DO 'x'", "",
	} {
		if compat.Askable(text) {
			t.Errorf("taken: %s", text)
		}
		statements = append(statements, compat.Statement{Text: text})
	}
	before, err := compat.Ask(t.Context(), s, name, statements)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.Query(t.Context(), name, "SELECT count(*) FROM kept")
	if err != nil || rows[0][0] != "0" {
		t.Errorf("%v %v", rows, err)
	}
	pgtest.Exec(t, connection, "DROP TABLE kept CASCADE; DROP FUNCTION spread")
	after, err := compat.Ask(t.Context(), s, name, statements)
	if err != nil {
		t.Fatal(err)
	}
	report, err := json.Marshal(compat.Compare("main", statements, before, after))
	if err != nil || strings.Contains(string(report), "canary") || !strings.Contains(string(report), "42P01") {
		t.Errorf("%v %s", err, report)
	}
}
