//go:build tools

package rehearse_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// A tool migrates databases, and is run as its own command is. testdata/tools/run gets it, and testdata/tools/projects
// has a project of it: what was there before, and what a pull request adds: migrations that add c2 and fill it, build
// the index orders_c3 and add the constraint c4.
type tool struct {
	run  []string
	want [3]string // what the migrations are called
}

// Where the tools are, in .cache/tools.
const (
	goTool = "{tools}/go-tools"
	bin    = "{tools}/node_modules/.bin/"
	python = "/usr/bin/python3"
)

// ofGo is one that testdata/tools runs by its library.
func ofGo(name string, want ...string) tool {
	return tool{run: []string{goTool, name, "migrations", "{url}"}, want: [3]string(want)}
}

var tools = map[string]tool{
	"goose":              ofGo("goose", "2", "3", "4"),
	"golang-migrate":     ofGo("golang-migrate", "2", "3", "4"),
	"golang-migrate-pgx": ofGo("golang-migrate-pgx", "2", "3", "4"),
	"tern":               ofGo("tern", "2", "3", "4"),
	"sql-migrate":        ofGo("sql-migrate", "2_c2.sql", "3_c3.sql", "4_c4.sql"),
	"knex": {
		run:  []string{bin + "knex", "migrate:latest"},
		want: [3]string{"20260101000002_c2.js", "20260101000003_c3.js", "20260101000004_c4.js"},
	},
	"node-pg-migrate": {
		run:  []string{bin + "node-pg-migrate", "up"},
		want: [3]string{"1767225600002_c2", "1767225600003_c3", "1767225600004_c4"},
	},
	"typeorm": {
		run:  []string{bin + "typeorm", "migration:run", "-d", "source.js", "-t", "each"},
		want: [3]string{"C2x1767225600002", "C3x1767225600003", "C4x1767225600004"},
	},
	"sequelize": {
		run:  []string{bin + "sequelize-cli", "db:migrate", "--url", "{url}"},
		want: [3]string{"20260101000002-c2.js", "20260101000003-c3.js", "20260101000004-c4.js"},
	},
	"db-migrate": {
		run:  []string{bin + "db-migrate", "up"},
		want: [3]string{"/20260101000002-c2", "/20260101000003-c3", "/20260101000004-c4"},
	},
	"kysely": {run: []string{"node", "migrate.mjs"}, want: [3]string{"2_c2", "3_c3", "4_c4"}},
	"drizzle": {
		run: []string{"node", "migrate.mjs"}, want: [3]string{"1767225600002", "1767225600003", "1767225600004"},
	},
	"alembic": {run: []string{python, "-m", "alembic", "upgrade", "head"}, want: [3]string{"a2", "a3", "a4"}},
	"django": {
		run: []string{python, "manage.py", "migrate"}, want: [3]string{"shop 0002_c2", "shop 0003_c3", "shop 0004_c4"},
	},
}

func TestTools_EachStatementIsOfItsMigration(t *testing.T) {
	for name, tool := range tools {
		t.Run(name, func(t *testing.T) { tool.shows(t, name) })
	}
}

func (x tool) shows(t *testing.T, name string) {
	if x.run[0] == python && exec.Command(python, "-c", "import psycopg2, "+name).Run() != nil {
		t.Skip("no " + name + " of Debian's here")
	}
	connection, dir := fresh(t, ""), t.TempDir()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(root, ".cache", "tools")
	if err := os.Symlink(filepath.Join(at, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	project := filepath.Join(root, "testdata", "tools", "projects", strings.TrimSuffix(name, "-pgx"))
	migrate := func(state string) {
		t.Helper()
		x.migrate(t, filepath.Join(project, state), filepath.Join(dir, "project"), at, connection)
	}
	migrate("before")
	r := watched(t, connection, func() { migrate("after") })
	if !r.Audit.Complete() {
		t.Errorf("%+v", r.Audit)
	}
	var got []string
	for _, s := range r.Statements {
		if what := whichOf(s); what != "" {
			got = append(got, what+" "+s.Migration)
		}
		onOrders := func(l rehearse.Lock) bool { return l.Table == "public.orders" && l.Mode != "AccessShareLock" }
		if s.Migration == "" && slices.ContainsFunc(s.Locks, onOrders) {
			t.Errorf("of no migration: %s, %+v", s.Shape, s.Locks)
		}
	}
	want := []string{"c2 " + x.want[0], "update " + x.want[0], "c3 " + x.want[1], "c4 " + x.want[2]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
		for _, s := range r.Statements {
			t.Logf("%d %d %q %s", s.Connection, s.Transaction, s.Migration, s.Shape)
		}
	}
}

var addsColumn = regexp.MustCompile(`(?i)^ALTER TABLE .*ADD.* "?c2"?`)

// whichOf tells which of the changes a statement makes.
func whichOf(s *rehearse.Statement) string {
	switch {
	case addsColumn.MatchString(s.Shape):
		return "c2"
	case s.Verb == "UPDATE" && strings.Contains(s.Shape, "c2"):
		return "update"
	case strings.Contains(s.Shape, "orders_c3"):
		return "c3"
	case len(s.Scans) > 0:
		return "c4"
	}
	return ""
}

// migrate adds what is in a folder to the project, and runs the tool there.
func (x tool) migrate(t *testing.T, from, project, at, connection string) {
	t.Helper()
	if err := os.MkdirAll(project, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("cp", "-R", from+"/.", project).Run(); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(connection)
	if err != nil {
		t.Fatal(err)
	}
	if x.run[0] != goTool {
		u.RawQuery = "" // libpq's words
	}
	argv := slices.Clone(x.run)
	for i := range argv {
		argv[i] = strings.NewReplacer("{tools}", at, "{url}", u.String()).Replace(argv[i])
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = project, append(os.Environ(), "DATABASE_URL="+u.String(), "NO_COLOR=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", argv[0], err, out)
	}
}
