package sink_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// hostile is a source whose superuser has replaced what pg_dump asks for the
// text of views: what it says is planted.
func hostile(t *testing.T, text string) string {
	t.Helper()
	url := pgtest.New(t)
	pgtest.Exec(t, url,
		"CREATE TABLE t (id int PRIMARY KEY, note text); INSERT INTO t VALUES (1, 'x'); CREATE VIEW v AS SELECT 1 "+
			"AS one")
	pgtest.Exec(t, url,
		"SET allow_system_table_mods = on; ALTER FUNCTION pg_catalog.pg_get_viewdef(oid) RENAME TO true_viewdef; "+
			"CREATE FUNCTION pg_catalog.pg_get_viewdef(oid) RETURNS text STABLE STRICT LANGUAGE sql AS "+
			"$sql$ SELECT $text$"+text+"$text$ $sql$")
	return url
}

func TestHostile_ASourceWantsToRunAProgramWhereItsSubsetIsLoaded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "planted")
	for _, text := range []string{
		" SELECT 1 AS one;\n\\! touch " + path + "\n", " SELECT 1 AS one \\! touch " + path + "\n;",
		" SELECT 1 AS one;\nCOPY t FROM stdin;\n", " SELECT 'one", " SELECT (1;",
	} {
		s := open(t, hostile(t, text))
		for _, name := range []string{"x.sql", "x.dump", "x/"} {
			to := filepath.Join(t.TempDir(), name)
			if strings.HasSuffix(name, "/") {
				to += "/"
			}
			_, err := s.copyTo(t, to, sink.Options{})
			var refused *pgtool.CommandError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), "view public") ||
				strings.Contains(err.Error(), "touch") || len(hint.Of(err)) != 1 {
				t.Errorf("%s: %q: %v", name, text, err)
			}
			if _, err := os.Stat(to); err == nil {
				t.Errorf("%s is there", name)
			}
		}
	}
}

// What is in quotes is nobody's command, and has to come through.
func TestHostile_ASourceWantsToRunAProgramByWhatIsInQuotes(t *testing.T) {
	t.Parallel()
	from, to := pgtest.New(t), pgtest.New(t)
	planted := filepath.Join(t.TempDir(), "planted")
	command := "\n\\! touch " + planted + "\n\\.\n\\unrestrict x\n"
	pgtest.Exec(t, from,
		`CREATE TABLE t (id int PRIMARY KEY, note text DEFAULT E'`+strings.ReplaceAll(command, `\`, `\\`)+`', "a`+
			command+`" int);
		CREATE FUNCTION f(a int) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT '`+command+`' $$;
		COMMENT ON TABLE t IS '`+command+`'; COMMENT ON FUNCTION f(int) IS '$$ /* " \';
		CREATE INDEX i ON t ((note || f(id))); CREATE VIEW v AS SELECT '`+command+`' AS x WHERE '\' <> '/';
		INSERT INTO t (id) VALUES (1), (2); INSERT INTO t VALUES (3, '\.'), (4, NULL)`)
	path := filepath.Join(t.TempDir(), "x.sql")
	noWarnings(t, open(t, from).mustCopyTo(t, path, sink.Options{}))
	pgtest.Load(t, to, path)
	same(t, from, to)
	if _, err := os.Stat(planted); err == nil {
		t.Error("the program ran")
	}
}

// Whatever gets by the check, psql takes no command of it.
func TestHostile_ASourceFindsAWayOutOfQuotesAndPsqlStillTakesNoCommand(t *testing.T) {
	t.Parallel()
	if !knowsRestrict(t) {
		t.Skip("this psql is older than \\restrict")
	}
	path, planted := filepath.Join(t.TempDir(), "x.sql"), filepath.Join(t.TempDir(), "planted")
	open(t, fixture(t, "everything.sql")).mustCopyTo(t, path, sink.Options{})
	head, rest, ok := strings.Cut(read(t, path), "\nCREATE ")
	if !ok {
		t.Fatal("no statement")
	}
	script := head + "\n\\! touch " + planted + "\n\\unrestrict " + strings.Repeat("0", 48) + "\nCREATE " + rest
	cmd := exec.Command("psql", "-X", "-q", "-f", "-", pgtest.New(t))
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "restrict") {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat(planted); err == nil {
		t.Error("the program ran")
	}
}

// knowsRestrict reports whether psql can be told to take no more commands: 13.22, 14.19, 15.14, 16.10, 17.6 and newer.
func knowsRestrict(t *testing.T) bool {
	t.Helper()
	cmd := exec.Command("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-", pgtest.Server(t))
	cmd.Stdin = strings.NewReader("\\restrict x\n\\unrestrict x\n")
	return cmd.Run() == nil
}

func TestHostile_ASourceThatIsNotPostgresWantsRowsToEndEarly(t *testing.T) {
	t.Parallel()
	from := fixture(t, "everything.sql")
	for _, rows := range [][]string{
		{"1\tx\n\\.\n\\! touch x\n"},
		{"\\.\n"},
		{"1\tx\n", "\\", ".\n"},
		{"1\tx", "\n", "\\.\n"},
	} {
		for _, name := range []string{"x.sql", "x.dump"} {
			s := open(t, from)
			target, err := sink.Open(filepath.Join(t.TempDir(), name), sink.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := target.Begin(t.Context(), s.from); err != nil {
				t.Fatal(err)
			}
			heap := s.from.Catalog.Tables[0].Heaps[0]
			_, err = target.Rows(t.Context(), heap, columns(heap), inPieces(rows))
			if err == nil || !strings.Contains(err.Error(), "end of the rows") {
				t.Errorf("%s: %q: %v", name, rows, err)
			}
			if err := target.Close(t.Context(), true); err != nil {
				t.Error(err)
			}
		}
	}
}

// A view's text may leave psql within quotes where we see none: what it executes
// changes how quotes are read. Then psql reads rows as statements, and the key
// that it waits for is made of texts that such a source knows.
func TestHostile_ASourceThatIsNotPostgresWantsRowsToEndTheRestriction(t *testing.T) {
	t.Parallel()
	planted := filepath.Join(t.TempDir(), "planted")
	s := open(t, hostile(t, " SELECT 1 AS one;\nSET SESSION standard_conforming_strings TO off;\nSELECT '\\';"))
	once := filepath.Join(t.TempDir(), "once.sql")
	if _, err := s.copyTo(t, once, sink.Options{}); err != nil {
		return // refused at once: better still
	}
	_, after, _ := strings.Cut(read(t, once), "\n\\restrict ")
	key, _, _ := strings.Cut(after, "\n")
	for _, rows := range [][]string{
		{"';\n\\unrestrict " + key + "\n\\! touch " + planted + "\n"},
		{"';\n\\", "unrestrict " + key + "\n"},
		{"\\\\\\u\n"},
		{"1\tx\\\n"},
	} {
		for _, name := range []string{"x.sql", "x.dump"} {
			to := filepath.Join(t.TempDir(), name)
			target, err := sink.Open(to, sink.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := target.Begin(t.Context(), s.from); err != nil {
				t.Fatal(err)
			}
			heap := s.from.Catalog.Tables[0].Heaps[0]
			_, err = target.Rows(t.Context(), heap, columns(heap), inPieces(rows))
			if err == nil || !strings.Contains(err.Error(), "backslash") || strings.Contains(err.Error(), key) {
				t.Errorf("%s: %q: %v", name, rows, err)
			}
			if err == nil && target.Finish(t.Context(), subset.Ending{}) == nil && name == "x.sql" {
				_ = exec.Command("psql", "-X", "-q", "-f", to, pgtest.New(t)).Run()
			}
			_ = target.Close(t.Context(), true)
		}
	}
	if _, err := os.Stat(planted); err == nil {
		t.Error("the program ran")
	}
}

// pieces come one for each Read.
type pieces struct{ left []string }

func inPieces(texts []string) *pieces { return &pieces{texts} }

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return bytes.NewReader(nil).Read(b)
	}
	n := copy(b, p.left[0])
	p.left = p.left[1:]
	return n, nil
}
