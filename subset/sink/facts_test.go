package sink_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// Neither psql nor pg_restore minds them: see TestRun_EachTargetHoldsTheSame.
func TestRun_EveryFormatTellsTheSameFacts(t *testing.T) {
	t.Parallel()
	from, dir := pgtest.New(t), t.TempDir()
	pgtest.Exec(t, from, `CREATE TABLE "größe ' -- \" (id int PRIMARY KEY); INSERT INTO "größe ' -- \" SELECT generate_series(1, 999);
		CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT $$COPY x FROM stdin;$$'; ANALYZE`)
	var first *facts.Facts
	for _, name := range []string{"x.sql", "x.sql.gz", "x.sql.zst", "x.dump", "x/"} {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			path += "/"
		}
		run(t, from, path, 7)
		got, err := facts.Of(path)
		if err != nil || !got.Known() {
			t.Fatalf("%s: %v, %v", name, got, err)
		}
		if first == nil {
			first = got
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if table := first.Table(`public.größe ' -- \`); table == nil || table.Rows != 999 {
		t.Errorf("%+v", first.Tables)
	}
	plain := filepath.Join(dir, "plain.tar")
	dumped := exec.Command(tool(t, "pg_dump"), "--format=tar", "--file="+plain, "--dbname="+from)
	if out, err := dumped.CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	if got, err := facts.Of(plain); got != nil || err != nil {
		t.Errorf("an archive of pg_dump's own has facts: %v, %v", got, err)
	}
}
