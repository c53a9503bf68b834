package provision

import "testing"

// Psql reads what it is given before the server does: a statement of a recording is not to be a command of its.
func TestHostile_AStatementWantsPsqlToRunAProgramInTheRehearsal(t *testing.T) {
	for statement, want := range map[string]string{
		"SELECT a FROM t WHERE b = $1":               "SELECT a FROM t WHERE b = $1",
		"SELECT 'it''s' FROM \"odd name\" -- x\n":    "SELECT $1 FROM \"odd name\"",
		"SELECT 1 \\! touch /tmp/x":                  "",
		"SELECT 1\n\\! touch /tmp/x":                 "",
		"SELECT 1 \\gexec":                           "",
		"SELECT \"never ends":                        "",
		"SELECT 1; DROP TABLE t":                     "",
		"COPY t TO PROGRAM 'x'":                      "",
		"SELECT 'never ends \\! touch":               "SELECT $1",
		"SELECT $x$ \\! touch $x$ /* never ends \\!": "SELECT $1",
	} {
		text, ok := forPsql(statement)
		if ok != (want != "") || ok && text != want {
			t.Errorf("%q: %q %v", statement, text, ok)
		}
	}
}
