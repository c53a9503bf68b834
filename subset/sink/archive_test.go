package sink_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// restore loads an archive with pg_restore.
func restore(t *testing.T, to, path string, args ...string) {
	t.Helper()
	if out, err := pgRestore(t,
		append([]string{"--exit-on-error", "--dbname=" + to}, append(args, path)...)...); err != nil {
		t.Fatalf("pg_restore: %v\n%s", err, out)
	}
}

// loadFile loads what a sink has written, whatever it is.
func loadFile(t *testing.T, to, path string) {
	t.Helper()
	if !strings.Contains(filepath.Base(path), ".sql") {
		restore(t, to, path)
		return
	}
	unpacked := filepath.Join(t.TempDir(), "x.sql")
	write(t, unpacked, read(t, path))
	pgtest.Load(t, to, unpacked)
}

func pgRestore(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.Command(tool(t, "pg_restore"), args...).CombinedOutput()
	return string(out), err
}

// tool is the path of one of PostgreSQL's programs.
func tool(t *testing.T, program string) string {
	t.Helper()
	tools, err := pgtool.Find(t.Context(), pgtest.Major(t))
	if err != nil {
		t.Fatal(err)
	}
	return tools.Path(program)
}

// kinds are the forms that an archive has.
var kinds = []string{"x.dump", "x/"}

// archived is a database in an archive.
func archived(t *testing.T, s *source, kind string) string {
	t.Helper()
	path := t.TempDir() + "/" + kind
	noWarnings(t, s.mustCopyTo(t, path, sink.Options{}))
	return path
}

func TestArchive_RestoresWhatTheSourceHolds(t *testing.T) {
	t.Parallel()
	from := fixture(t, "everything.sql")
	for _, kind := range kinds {
		path := archived(t, open(t, from), kind)
		for name, args := range map[string][]string{"one by one": nil, "in parallel": {"--jobs=3"}} {
			t.Run(kind+" "+name, func(t *testing.T) {
				to := pgtest.New(t)
				restore(t, to, path, args...)
				same(t, from, to)
			})
		}
		t.Run(kind+" as a script", func(t *testing.T) {
			script, err := pgRestore(t, "--file=-", path)
			if err != nil {
				t.Fatal(script)
			}
			to, file := pgtest.New(t), filepath.Join(t.TempDir(), "x.sql")
			write(t, file, script)
			pgtest.Load(t, to, file)
			same(t, from, to)
		})
	}
}

func TestArchive_MayBeCompressedByZstd(t *testing.T) {
	t.Parallel()
	from, o := fixture(t, "everything.sql"), sink.Options{Compress: "zstd"}
	for _, kind := range kinds {
		path, again := t.TempDir()+"/"+kind, t.TempDir()+"/"+kind
		if pgtest.Major(t) < 16 { // its archives know no such thing
			if _, err := open(t, from).copyTo(t, path, o); !errors.Is(err, hint.ErrUsage) ||
				!strings.Contains(err.Error(), "zstd") {
				t.Errorf("%s: %v", kind, err)
			}
			continue
		}
		noWarnings(t, open(t, from).mustCopyTo(t, path, o))
		noWarnings(t, open(t, from).mustCopyTo(t, again, o))
		if diff := cmp.Diff(bytesOf(t, path), bytesOf(t, again)); diff != "" {
			t.Errorf("%s: %.2000s", kind, diff)
		}
		if list, err := pgRestore(t, "--list", path); err != nil || !strings.Contains(list, "Compression: zstd") {
			t.Errorf("%s: %v %.300s", kind, err, list)
		}
		for _, jobs := range []string{"--jobs=1", "--jobs=3"} {
			to := pgtest.New(t)
			restore(t, to, path, jobs)
			same(t, from, to)
		}
	}
}

func TestCheckCompress_IsForArchivesAlone(t *testing.T) {
	for _, c := range []struct {
		compress, to string
		want         bool
	}{
		{"", "x.sql", true},
		{"", "", true},
		{"zstd", "x.dump", true},
		{"gzip", "x/", true},
		{"zstd", t.TempDir(), true},
		{"zstd", "s3://b/x.dump", true},
		{"lz4", "x.dump", false},
		{"zstd", "x.sql", false},
		{"gzip", "x.sql.gz", false},
		{"zstd", "-", false},
		{"zstd", "postgres://h/d.dump", false},
		{"zstd", "", false},
	} {
		if err := sink.CheckCompress(c.compress, c.to); (err == nil) != c.want ||
			err != nil && !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%s to %s: %v", c.compress, c.to, err)
		}
	}
}

func TestArchive_IsReadFromAPipe(t *testing.T) {
	t.Parallel()
	from, to := fixture(t, "everything.sql"), pgtest.New(t)
	file, err := os.Open(archived(t, open(t, from), "x.dump"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	cmd := exec.Command(tool(t, "pg_restore"), "--exit-on-error", "--dbname="+to)
	cmd.Stdin = io.MultiReader(file) // no file of its own, so a pipe
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	same(t, from, to)
}

func TestArchive_ListsWhatPgDumpLists(t *testing.T) {
	t.Parallel()
	from := fixture(t, "everything.sql")
	theirs := filepath.Join(t.TempDir(), "theirs.dump")
	dumpTo(t, from, theirs)
	want := listed(t, theirs)
	for _, kind := range kinds {
		if diff := cmp.Diff(want, listed(t, archived(t, open(t, from), kind))); diff != "" {
			t.Errorf("%s (-pg_dump +ours):\n%s", kind, diff)
		}
	}
}

// dumpTo writes pg_dump's own archive.
func dumpTo(t *testing.T, from, path string) {
	t.Helper()
	if out, err := exec.Command(tool(t, "pg_dump"), "--format=custom", "--file="+path,
		from).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// listed is an archive's table of contents without numbers and owners.
func listed(t *testing.T, path string) []string {
	t.Helper()
	out, err := pgRestore(t, "--list", path)
	if err != nil {
		t.Fatal(out)
	}
	var lines []string
	for line := range strings.Lines(out) {
		if words := strings.SplitN(strings.TrimSpace(line), " ", 4); line[0] != ';' && len(words) == 4 {
			lines = append(lines, strings.TrimSpace(strings.TrimSuffix(words[3], " postgres")))
		}
	}
	slices.Sort(lines)
	return lines
}

func TestArchive_IsRestoredInParts(t *testing.T) {
	t.Parallel()
	from := fixture(t, "everything.sql")
	for _, kind := range kinds {
		path := archived(t, open(t, from), kind)
		t.Run(kind+" some tables", func(t *testing.T) { restoresTables(t, path) })
		t.Run(kind+" one schema", func(t *testing.T) { restoresSchema(t, path) })
		t.Run(kind+" by section and list", func(t *testing.T) {
			to, list := pgtest.New(t), filepath.Join(t.TempDir(), "list")
			out, err := pgRestore(t, "--list", path)
			if err != nil {
				t.Fatal(out)
			}
			write(t, list, out)
			for _, section := range []string{"pre-data", "data", "post-data"} {
				restore(t, to, path, "--section="+section, "--use-list="+list)
			}
			same(t, from, to)
		})
	}
}

func restoresTables(t *testing.T, path string) {
	to := pgtest.New(t)
	restore(t, to, path, "--table=no_rows", "--table=derived", "--table=base", "--table=lonely")
	const relations = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind IN ('r', 'S') " +
		"AND oid >= 16384"
	if got := pgtest.Value(t, to, relations); got != "base derived lonely no_rows" {
		t.Errorf("got %s", got)
	}
	if got := pgtest.Value(t, to, "SELECT note || extra FROM derived"); got != "d5" {
		t.Errorf("got %s", got)
	}
}

func restoresSchema(t *testing.T, path string) {
	to := pgtest.New(t)
	pgtest.Exec(t, to,
		`CREATE SCHEMA "Grüße & ""Co"""; CREATE TYPE mood AS ENUM ('glücklich', 'so lala'); CREATE DOMAIN positive AS int;
		CREATE TYPE pair AS (a int, b text); CREATE FUNCTION upper_name(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)'`)
	restore(t, to, path, `--schema=Grüße & "Co"`)
	const rows = `SELECT count(*) || ' ' || nextval('"Grüße & ""Co"""."Élan ""x""_Id_seq"') FROM "Grüße & ""Co"""."Élan ""x"""`
	if got := pgtest.Value(t, to, rows); got != "4 42" {
		t.Errorf("got %s", got)
	}
}

func TestArchive_IsTheSameEachTime(t *testing.T) {
	t.Parallel()
	from := fixture(t, "everything.sql")
	for _, kind := range kinds {
		first, second := archived(t, open(t, from), kind), archived(t, open(t, from), kind)
		if diff := cmp.Diff(bytesOf(t, first), bytesOf(t, second)); diff != "" {
			t.Errorf("%s: %.2000s", kind, diff)
		}
		dated := t.TempDir() + "/" + kind
		open(t, from).mustCopyTo(t, dated, sink.Options{Created: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)})
		out, err := pgRestore(t, "--list", dated)
		if err != nil || !strings.Contains(out, "created at 2026-03-04 05:06:07") {
			t.Errorf("%v: %.200s", err, out)
		}
	}
}

// bytesOf is all that is in a file or in the files of a folder.
func bytesOf(t *testing.T, path string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		all[strings.TrimPrefix(name, path)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A trigger on a partitioned table is made on its partitions too. It must not
// fire for rows that are restored at the same time.
func TestArchive_MakesTriggersOfAPartitionedTableAfterAllItsRows(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from, `CREATE TABLE p (n int, s text) PARTITION BY LIST (n);
		CREATE TABLE p_mid PARTITION OF p FOR VALUES IN (1, 2) PARTITION BY LIST (n); CREATE TABLE p1 PARTITION OF p_mid FOR VALUES IN (1);
		CREATE TABLE p2 PARTITION OF p_mid DEFAULT; CREATE TABLE p_rest PARTITION OF p DEFAULT; CREATE TABLE other (n int);
		INSERT INTO p SELECT n % 4, repeat('x', 1000) FROM generate_series(1, 20000) n;
		CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'fired'; END $$;
		CREATE TRIGGER noted AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION note()`)
	for _, kind := range kinds {
		path := archived(t, open(t, from), kind)
		out, err := pgRestore(t, "--list", "--verbose", path)
		if err != nil {
			t.Fatal(out)
		}
		ids := regexp.MustCompile(`(?m)^(\d+); \d+ \d+ TABLE DATA public p`).FindAllStringSubmatch(out, -1)
		depends := regexp.MustCompile(`TRIGGER public p noted.*\n;\tdepends on:(.*)\n`).FindStringSubmatch(out)
		if len(ids) != 3 || len(depends) != 2 {
			t.Fatal(out)
		}
		for _, id := range ids {
			if !strings.Contains(depends[1]+" ", " "+id[1]+" ") {
				t.Errorf("%s: the trigger does not depend on %s: %s", kind, id[0], depends[1])
			}
		}
		to := pgtest.New(t)
		restore(t, to, path, "--jobs=2")
		same(t, from, to)
	}
}

func TestArchive_HoldsNothingOfTheServer(t *testing.T) {
	from := pgtest.New(t)
	pgtest.Role(t, from, "sink_owner", "")
	pgtest.Exec(t, from, `CREATE TABLE t (n int); ALTER TABLE t OWNER TO sink_owner; GRANT SELECT ON t TO sink_owner;
		DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET my.secret = ''hunter2''', current_database()); END $$`)
	for _, kind := range kinds {
		path := archived(t, open(t, from), kind)
		script, err := pgRestore(t, "--file=-", "--create", path)
		if err != nil || strings.Contains(script, "sink_owner") || strings.Contains(script, "hunter2") ||
			!strings.Contains(script, "CREATE DATABASE") {
			t.Errorf("%v\n%s", err, script)
		}
	}
}
