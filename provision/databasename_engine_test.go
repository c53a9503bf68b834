package provision_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

// ownDatabase is a stack whose database is all that a file can say of it: built
// here with a data folder of its own, which the developer has on a folder of the
// checkout, on another port, and without a word on which database is used.
const ownDatabase = `
services:
  db:
    build: {context: ./db}
    command: postgres -p 5433
    environment: {POSTGRES_PASSWORD: s3cret, POSTGRES_INITDB_ARGS: --no-sync}
    volumes: ["./devdata:/pgdata", "./devwal:/pgdata/pg_wal"]
  web:
    image: PROGRAM
    command: [web, ":8000"]
    environment: {GREETING: "${GREETING}", DATABASE_URL: "postgres://postgres:s3cret@db:5433/shop_production"}
    ports: ["8000"]
`

func TestUp_FindsTheDataFolderThePortAndTheDatabaseOfAnUnusualServer(t *testing.T) {
	f := newFixture(t, 30)
	f.options.Timeout = 5 * time.Minute
	dir := f.options.Source.Dir
	for _, folder := range []string{"db", "devdata", "devwal"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	f.write("compose.yaml", ownDatabase)
	f.write("db/Dockerfile", "FROM "+provision.PostgresImage+"\nENV PGDATA=/pgdata\n")
	mine := f.write("devdata/PG_VERSION", "the developer's own")
	f.options.Archive = f.archive("apple")
	f.options.Archives = map[string]string{"reports": f.archive("pear")}

	result := f.up()
	if l := result.Loaded; l == nil || l.Database != "shop_production" || len(result.LoadedOthers) != 1 ||
		result.LoadedOthers[0].Database != "reports" {
		t.Errorf("loaded %+v and %+v", l, result.LoadedOthers)
	}
	if got := f.sql("SELECT pg_catalog.current_database(), name FROM product"); got != "shop_production|apple" {
		t.Errorf("psql without a name: %q", got)
	}
	if got := f.psql("-d", "reports", "-c", "SELECT name FROM product"); got != "pear" {
		t.Errorf("the further database holds %q", got)
	}
	f.assertUntouched(mine)
	if what := changesOf(result, "db"); !strings.Contains(what,
		"data in /pgdata on a volume of its own, not bind devdata and bind devwal") ||
		!strings.Contains(what, "the archive goes into database shop_production") {
		t.Errorf("changes of db: %s", what)
	}

	f.sql("INSERT INTO product VALUES ('clicked')")
	f.options.KeepData, f.options.Archive = true, ""
	f.write("db/Dockerfile", "FROM "+provision.PostgresImage+"\nENV PGDATA=/var/lib/postgresql/data/pg\n")
	_, err := f.tryUp()
	if err == nil || !strings.Contains(err.Error(), "the data of db to keep is not where it would be read") ||
		len(hint.Of(err)) == 0 {
		t.Errorf("over data that the new image does not find: %v", err)
	}
	f.assertServes(result.Links[0], "one")
	if got := f.sql("SELECT count(*) FROM product"); got != "2" {
		t.Errorf("after the refusal %s rows", got)
	}

	f.write("db/Dockerfile", "FROM "+provision.PostgresImage+"\nENV PGDATA=/pgdata OTHER=1\n")
	kept := f.up()
	if got := f.sql("SELECT count(*) FROM product"); got != "2" || !kept.Kept {
		t.Errorf("kept %v: %s rows", kept.Kept, got)
	}
	f.assertUntouched(mine)
}

// assertUntouched compares the developer's folder with what the test put there.
func (f *fixture) assertUntouched(mine string) {
	f.t.Helper()
	content, err := os.ReadFile(mine)
	entries, errs := os.ReadDir(filepath.Dir(mine))
	if err != nil || errs != nil || string(content) != "the developer's own" || len(entries) != 1 {
		f.t.Errorf("the developer's data: %q, %d files, %v, %v", content, len(entries), err, errs)
	}
	if info, err := os.Stat(filepath.Dir(mine)); err != nil || info.Mode().Perm() != 0o700 {
		f.t.Errorf("the developer's folder: %v, %v", info, err)
	}
}

func (f *fixture) psql(args ...string) string {
	f.t.Helper()
	var stdout strings.Builder
	code, err := f.engine.Psql(f.t.Context(), f.options.Preview, append([]string{"-X", "-A", "-t"}, args...),
		compose.ExecOptions{Stdout: &stdout})
	if err != nil || code != 0 {
		f.t.Fatalf("psql %q: exit %d, %v", args, code, err)
	}
	return strings.TrimSpace(stdout.String())
}

func changesOf(result *provision.Result, service string) string {
	var lines []string
	for _, c := range result.Changes {
		if c.Service == service {
			lines = append(lines, c.What)
		}
	}
	return strings.Join(lines, "\n")
}
