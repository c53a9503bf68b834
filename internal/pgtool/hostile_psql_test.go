package pgtool

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// attempts hide a command of psql's, here COMMAND, in what a schema says.
var attempts = map[string]string{
	"a line of its own":            "SELECT 1;\nCOMMAND\n",
	"the middle of a line":         "SELECT 1 COMMAND\n;",
	"behind a string":              "SELECT 'x' COMMAND\n;",
	"behind a backslash in quotes": `SELECT '\' COMMAND` + "\n;",
	"behind an escaped quote":      `SELECT E'\'' COMMAND` + "\n;",
	"behind a doubled quote":       "SELECT 'it''s' COMMAND\n;",
	"behind a name":                "SELECT 1 AS \"a\"\"b\" COMMAND\n;",
	"behind an escape as name":     `SELECT 1 AS e, 'x' "\" COMMAND` + "\n;",
	"behind a dollar quote":        "SELECT $a$ $$ $b$ $a$ COMMAND\n;",
	"behind a dollar in a name":    "SELECT 1 AS a$b$ COMMAND\n;",
	"behind a parameter":           "SELECT $1 COMMAND\n;",
	"behind a nested comment":      "/* /* */ */ COMMAND\n;",
	"behind a comment's stars":     "/***/ COMMAND\n;",
	"behind dashes":                "SELECT 1 -- '\n COMMAND\n;",
	"behind dashes and a return":   "SELECT 1 -- x\r COMMAND\n;",
	"behind an operator":           "SELECT 1 +/* x */ COMMAND\n;",
	"behind bits":                  `SELECT B'\' COMMAND` + "\n;",
	"behind unicode":               `SELECT U&'\0041\' COMMAND` + "\n;",
	"behind a number":              `SELECT 1e'\' COMMAND '` + "\n;",
	"in a string that goes on":     "SELECT E'a'\n'\\' COMMAND '\n;",
	"other settings":               "SET standard_conforming_strings = off;\nSELECT '\\'' COMMAND '\n;",
	"in rows nobody asked for":     "CREATE TABLE t (x text);\nCOPY t FROM stdin;\n'\n\\.\nCOMMAND\n--'\n;",
	"in a text with rows' end": "CREATE TABLE t (x text);\nCOPY t FROM stdin;\nCOMMENT ON TABLE t IS 'x\n\\.\n" +
		"COMMAND\n';",
	"in rows of a hidden COPY": "CREATE TABLE t (x text);\nCREATE FUNCTION begin() RETURNS int LANGUAGE sql AS " +
		"'SELECT 1'; COPY t FROM STDIN; SELECT 1 AS end;\n" +
		"SELECT '\n\\.\nCOMMAND\n';\n",
	"in rows that a column's name promises": "CREATE TABLE t (x text, stdin text);\nCOPY t FROM '/dev/null' WHERE " +
		"x IS DISTINCT FROM stdin;\nCOMMAND\n",
	"behind an object's name": "--\n-- Name: a\nCOMMAND\n; Type: VIEW; Schema: public; Owner: -\n--\n" +
		"SELECT 1;\n",
	"behind an open parenthesis": "SELECT (1;\nCOMMAND\n);",
	"with an open string":        "SELECT 'x",
	"with an open statement":     "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1;",
	"with a zero byte":           "SELECT '\x00'\nCOMMAND\n';",
}

// psql runs a script; nothing else says what it takes for a command.
func psql(t *testing.T, url, script string, args ...string) error {
	t.Helper()
	tools, err := Find(t.Context(), pgtest.Major(t))
	if err != nil {
		t.Fatal(err)
	}
	env, err := Environ(url)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tools.Path("psql"), append([]string{"-X", "-q", "-f", "-"}, args...)...)
	cmd.Env, cmd.Stdin = env, strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.New(string(out))
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// planted is a file, and the command that makes it.
func planted(t *testing.T) (path, command string) {
	path = filepath.Join(t.TempDir(), "planted")
	return path, `\! touch ` + path
}

func TestHostile_ASchemaWantsPsqlToRunAProgram(t *testing.T) {
	t.Parallel()
	ran, url := 0, pgtest.New(t)
	for name, text := range attempts {
		path, command := planted(t)
		text = strings.ReplaceAll(text, "COMMAND", command)
		var schema Schema
		err := schema.Check(text)
		var refused *CommandError
		if !errors.As(err, &refused) {
			t.Errorf("%s: passes", name)
		}
		_ = psql(t, url, text)
		if exists(path) {
			ran++
		}
		again, _ := planted(t)
		_ = psql(t, url, Restrict("k3y")+strings.ReplaceAll(text, path, again)+"\n"+Unrestrict("k3y"))
		if exists(again) {
			t.Errorf("%s: ran behind \\restrict", name)
		}
	}
	if ran < 15 {
		t.Errorf("only %d of %d attempts are any to psql", ran, len(attempts))
	}
}

func TestHostile_AScriptWantsPsqlToRunAProgramInThePreview(t *testing.T) {
	t.Parallel()
	more := map[string]string{
		"by include": `\i /etc/passwd`, "by output": `\o /tmp/x`, "by copy": `\copy t to '/tmp/x'`,
		"by another server": `\connect "host=evil"`,
		"by backticks":      "\\set ON_ERROR_STOP `COMMAND`", "by an echo": "\\echo `COMMAND`",
		"by a variable":        "\\set q ''''\n:q 'COMMAND'",
		"by a query's results": `SELECT 'x' \gexec`, "by a semicolon": `SELECT 1 \; SELECT 2;`,
		"by two commands":       `\echo x \! touch y`,
		"behind rows":           "CREATE TABLE t (x text);\nCOPY t FROM stdin;\n1\n\\.\nCOMMAND\n",
		"by rows that are none": "COPY (SELECT 1 FROM stdin) TO STDOUT;\nCOMMAND\n",
		"by rows in a function": "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1;\nCOPY t FROM " +
			"stdin;\nCOMMAND\n\\.\nEND;",
	}
	for name, text := range attempts {
		more[name] = text
	}
	url := pgtest.New(t)
	for name, text := range more {
		path, command := planted(t)
		passed, err := io.ReadAll(NewStream(strings.NewReader(strings.ReplaceAll(text, "COMMAND", command))))
		if err == nil && strings.Contains(name, "by ") {
			t.Errorf("%s: passes", name)
		}
		_ = psql(t, url, string(passed))
		if exists(path) {
			t.Errorf("%s: ran", name)
		}
	}
}

// honest is what pg_dump writes, and people do.
const honest = `\restrict abc
SET standard_conforming_strings = on;
\set ON_ERROR_STOP on
\echo 'loading'
CREATE FUNCTION f(path text) RETURNS text LANGUAGE sql AS $_$ SELECT replace(path, '\', '/') /* \! */ $_$;
CREATE FUNCTION g(p int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN $1 > 0 THEN 1 ELSE $1 END; END;
CREATE TABLE t (x text DEFAULT '\d' CHECK (x ~ '^\w' OR x <> E'\\'), "a\b" int, c text);
COMMENT ON TABLE t IS 'one
\! touch x
two /* '; /* it's \! */ -- it's \!
COPY public.t (x, "a\b", c) FROM stdin;
\\! touch	\N	'
w \t -- $$	7	/*
\.
COPY t (x) FROM STDIN WITH (FORMAT csv);
"w'"
\.
INSERT INTO t VALUES ('w''\');
\unrestrict abc
`

func TestStream_PassesWhatPgDumpWrites(t *testing.T) {
	t.Parallel()
	passed, err := io.ReadAll(NewStream(strings.NewReader(Restrict("0ld") + honest + Unrestrict("0ld"))))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(string(passed), "\n"), strings.Count(Restrict("0ld")+honest+Unrestrict("0ld"),
		"\n"); got != want {
		t.Errorf("%d lines of %d: errors would name others", got, want)
	}
	script := Restrict("k3y") + string(passed) + "SELECT 1 / (count(*) = 4)::int FROM t;\n"
	if err := psql(t, pgtest.New(t), script, "-v", "ON_ERROR_STOP=1"); err != nil {
		t.Error(err)
	}
}

func TestRestrict_FitsAPsqlThatDoesNotKnowIt(t *testing.T) {
	t.Parallel()
	script := Restrict("k3y") + "CREATE TABLE t ();\n" + Unrestrict("k3y") +
		"SELECT 1 / (to_regclass('t') IS NOT NULL)::int;\n"
	unknown := strings.ReplaceAll(script, "restrict k3y", "nosuch k3y")
	if err := psql(t, pgtest.New(t), unknown, "-v", "ON_ERROR_STOP=1", "-v", "VERSION_NUM=150013"); err != nil {
		t.Error(err)
	}
	if err := psql(t, pgtest.New(t), script, "-v", "ON_ERROR_STOP=1"); err != nil {
		t.Error(err)
	}
	if err := psql(t, pgtest.New(t), strings.Replace(script, "CREATE", "\\pset pager off\nCREATE", 1), "-v",
		"ON_ERROR_STOP=1"); err == nil {
		t.Error("psql still takes commands")
	}
}

func TestSchema_NamesTheObjectAndShowsNoText(t *testing.T) {
	var schema Schema
	err := schema.Check("--\n-- Name: v; Type: VIEW; Schema: public; Owner: -\n--\n\nSELECT 's3cret';\n\\! x\n")
	if err == nil || !strings.Contains(err.Error(), "view public.v") || strings.Contains(err.Error(), "s3cret") {
		t.Error(err)
	}
}
