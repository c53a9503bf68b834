package starter

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// stack is a usual compose file: one service that is built, one database.
const stack = `
services:
  db: {image: "postgres:16"}
  web: {build: ., ports: ["8000:8000"]}
  worker: {build: .}
`

// checkout makes a folder with the files; those without content hold a line.
func checkout(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if content == "" {
			content = "# " + name + "\n"
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func look(t *testing.T, dir string) Findings {
	t.Helper()
	f, err := Look(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLook_KnowsEveryMigrationToolByItsFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files map[string]string
		want  Migration
	}{
		{
			"alembic",
			map[string]string{"alembic.ini": ""},
			Migration{Tool: "Alembic", Evidence: "alembic.ini", Command: []string{"alembic", "upgrade", "head"}},
		},
		{
			"alembic in a folder",
			map[string]string{"app/db/alembic.ini": ""},
			Migration{
				Tool: "Alembic", Evidence: "app/db/alembic.ini",
				Command: []string{"alembic", "-c", "app/db/alembic.ini", "upgrade", "head"},
			},
		},
		{
			"flask",
			map[string]string{"migrations/alembic.ini": "", "migrations/env.py": "from flask import current_app"},
			Migration{
				Tool: "Flask-Migrate", Evidence: "migrations/alembic.ini",
				Command: []string{"flask", "db", "upgrade"},
			},
		},
		{
			"django",
			map[string]string{"src/manage.py": "from django.core.management import x"},
			Migration{
				Tool: "Django", Evidence: "src/manage.py",
				Command: []string{"python", "src/manage.py", "migrate", "--noinput"},
			},
		},
		{
			"rails",
			map[string]string{"config/application.rb": "", "db/migrate/2024_x.rb": ""},
			Migration{Tool: "Rails", Evidence: "config/application.rb", Command: []string{"bin/rails", "db:migrate"}},
		},
		{
			"prisma",
			map[string]string{"prisma/schema.prisma": "", "prisma/migrations/1_init/migration.sql": ""},
			Migration{
				Tool: "Prisma", Evidence: "prisma/schema.prisma",
				Command: []string{"npx", "prisma", "migrate", "deploy"},
			},
		},
		{
			"prisma elsewhere",
			map[string]string{"packages/db/schema.prisma": "", "packages/db/migrations/1_init/migration.sql": ""},
			Migration{
				Tool: "Prisma", Evidence: "packages/db/schema.prisma",
				Command: []string{"npx", "prisma", "migrate", "deploy", "--schema", "packages/db/schema.prisma"},
			},
		},
		{
			"knex",
			map[string]string{"knexfile.ts": ""},
			Migration{Tool: "Knex", Evidence: "knexfile.ts", Command: []string{"npx", "knex", "migrate:latest"}},
		},
		{
			"flyway",
			map[string]string{"flyway.toml": ""},
			Migration{Tool: "Flyway", Evidence: "flyway.toml", Command: []string{"flyway", "migrate"}},
		},
		{
			"flyway's conf",
			map[string]string{"conf/flyway.conf": ""},
			Migration{
				Tool: "Flyway", Evidence: "conf/flyway.conf",
				Command: []string{"flyway", "-configFiles=conf/flyway.conf", "migrate"},
			},
		},
		{
			"flyway's names",
			map[string]string{"db/sql/V1_2__init.sql": ""},
			Migration{
				Tool: "Flyway", Evidence: "db/sql/V1_2__init.sql",
				Command: []string{"flyway", "-locations=filesystem:db/sql", "migrate"},
			},
		},
		{
			"liquibase",
			map[string]string{"db/liquibase.properties": ""},
			Migration{
				Tool: "Liquibase", Evidence: "db/liquibase.properties",
				Command: []string{"liquibase", "--defaults-file", "db/liquibase.properties", "update"},
			},
		},
		{
			"atlas",
			map[string]string{"atlas.hcl": "env \"production\" {\n}\n"},
			Migration{
				Tool: "Atlas", Evidence: "atlas.hcl",
				Command: []string{"atlas", "migrate", "apply", "--env", "production"},
			},
		},
		{
			"tern",
			map[string]string{"tern.conf": ""},
			Migration{Tool: "tern", Evidence: "tern.conf", Command: []string{"tern", "migrate"}},
		},
		{
			"tern in a folder",
			map[string]string{"db/tern.conf": ""},
			Migration{
				Tool: "tern", Evidence: "db/tern.conf",
				Command: []string{"tern", "migrate", "--migrations", "db", "--config", "db/tern.conf"},
			},
		},
		{
			"dbmate",
			map[string]string{"db/migrations/20240101_init.sql": "-- migrate:up\nSELECT 1;"},
			Migration{
				Tool: "dbmate", Evidence: "db/migrations/20240101_init.sql",
				Command: []string{"dbmate", "--no-dump-schema", "migrate"}, Note: databaseURL,
			},
		},
		{
			"goose",
			map[string]string{"sql/00001_init.sql": "-- +goose Up\nSELECT 1;"},
			Migration{
				Tool: "goose", Evidence: "sql/00001_init.sql", Command: []string{"goose", "-dir", "sql", "up"},
				Note: "the command reads GOOSE_DRIVER and GOOSE_DBSTRING in the service's environment",
			},
		},
		{
			"golang-migrate",
			map[string]string{
				"sql/000001_init.up.sql": "", "sql/000001_init.down.sql": "",
				"docker/Dockerfile": "RUN apk add golang-migrate",
			},
			Migration{
				Tool: "golang-migrate", Evidence: "sql/000001_init.up.sql", Note: databaseURL,
				Command: []string{"sh", "-c", `exec migrate -path "$1" -database "$DATABASE_URL" up`, "sh", "sql"},
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.files["compose.yaml"] = stack
			c.want.Service = "web"
			f := look(t, checkout(t, c.files))
			if diff := cmp.Diff(&c.want, f.Migration, cmpopts.IgnoreUnexported(Migration{})); diff != "" ||
				len(f.Unknown) > 0 {
				t.Errorf("unknown %v\n%s", f.Unknown, diff)
			}
		})
	}
}

func TestLook_TakesNoSignForAnotherTool(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"manage.py of something else":          {"manage.py": "import flask"},
		"a Rails without a database":           {"config/application.rb": ""},
		"a Prisma that pushes":                 {"prisma/schema.prisma": ""},
		"files of up and down by another tool": {"db/1_init.up.sql": "", "Cargo.toml": "sqlx"},
		"a dependency's own": {
			"node_modules/x/knexfile.js": "", "vendor/y/alembic.ini": "",
			".venv/lib/alembic.ini": "",
		},
		"too deep for a person": {"1/2/3/4/5/6/7/8/alembic.ini": ""},
	} {
		files["compose.yaml"] = stack
		f := look(t, checkout(t, files))
		if f.Migration != nil || len(f.Unknown) != 1 || f.Unknown[0].Error() != "no migration tool found" ||
			len(hint.Of(f.Unknown[0])) != 1 {
			t.Errorf("%s: %+v, unknown %v", name, f.Migration, f.Unknown)
		}
	}
}

func TestLook_LetsTheServiceMigrateThatIsBuiltFromThere(t *testing.T) {
	t.Parallel()
	const api = "services:\n  db: {image: postgres}\n  a-job: {build: ./api}\n  web: {build: ./web, ports: " +
		"[\"3000\"]}\n  api: {build: ./api, ports: [\"8000\"]}\n"
	for _, c := range []struct {
		name, compose, evidence, tool string
		service                       string
		command                       []string
	}{
		{
			"deepest folder, shown first", api, "api/alembic.ini", "Alembic", "api",
			[]string{"alembic", "upgrade", "head"},
		},
		{
			"none is built from there", api, "db/alembic.ini", "Alembic", "",
			[]string{"alembic", "-c", "db/alembic.ini", "upgrade", "head"},
		},
		{
			"an image of the tool", stack + "  schema: {image: \"docker.io/flyway/flyway:10\"}\n", "flyway.toml",
			"Flyway", "schema", nil,
		},
		{"a service called so", stack + "  db-migrate: {build: .}\n", "alembic.ini", "Alembic", "db-migrate", nil},
		{"a service called so, and no tool", stack + "  migrations: {build: .}\n", "readme", "", "migrations", nil},
		{
			"a checkout's own folder is not its neighbour's",
			"services:\n  db: {image: postgres}\n  web: {build: ./app, ports: [\"80\"]}\n", "app-old/alembic.ini",
			"Alembic", "",
			[]string{"alembic", "-c", "app-old/alembic.ini", "upgrade", "head"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := look(t, checkout(t, map[string]string{"compose.yaml": c.compose, c.evidence: ""})).Migration
			if m == nil || m.Tool != c.tool || m.Service != c.service || !slices.Equal(m.Command, c.command) {
				t.Errorf("%+v", m)
			}
		})
	}
}

func TestLook_GuessesNoCommandOfAProgramThatMigratesByItself(t *testing.T) {
	t.Parallel()
	for module, files := range map[string]map[string]string{
		"github.com/pressly/goose/v3":          {"sql/1_init.sql": "-- +goose Up"},
		"github.com/golang-migrate/migrate/v4": {"sql/1_init.up.sql": ""},
	} {
		files["compose.yaml"], files["go.mod"] = stack, "require "+module+" v1.0.0\n"
		f := look(t, checkout(t, files))
		if m := f.Migration; m == nil || m.Service != "" || len(m.Command) > 0 || len(f.Unknown) != 1 ||
			!strings.Contains(f.Unknown[0].Error(), "is a library of the program") {
			t.Errorf("%+v, unknown %v", m, f.Unknown)
		}
		if text := f.Config(); !strings.Contains(text, "\n  # migrate:\n  #   service: web\n  #   command: ") {
			t.Error(text)
		}
	}
}

func TestLook_TakesTheFolderWithMostMigrations(t *testing.T) {
	t.Parallel()
	f := look(t, checkout(t, map[string]string{
		"compose.yaml": stack, "a/1_old.sql": "-- +goose Up", "db/b/1_init.sql": "-- +goose Up",
		"db/b/2_more.sql": "-- +goose Up", "db/b/3_other.sql": "",
	}))
	if got := strings.Join(f.Migration.Command, " "); got != "goose -dir db/b up" {
		t.Errorf("command %s", got)
	}
}

func TestLook_NamesTheToolsItDidNotChoose(t *testing.T) {
	t.Parallel()
	f := look(t, checkout(t, map[string]string{"compose.yaml": stack, "alembic.ini": "", "atlas.hcl": ""}))
	if f.Migration.Tool != "Alembic" || !slices.Equal(f.Also, []string{"Atlas"}) {
		t.Errorf("%+v, also %q", f.Migration, f.Also)
	}
}

func TestLook_FindsDatabaseAndExposedServices(t *testing.T) {
	t.Parallel()
	f := look(t,
		checkout(t,
			map[string]string{
				"docker-compose.yml": stack + "  admin: {image: adminer, ports: [\"9000:8080\"]}\n",
				"alembic.ini":        "",
			}))
	want := Findings{Database: "db", Expose: []Port{{"web", 8000}, {"admin", 8080}}}
	if diff := cmp.Diff(want, f, cmpopts.IgnoreUnexported(Findings{}),
		cmpopts.IgnoreFields(Findings{}, "Migration")); diff != "" {
		t.Error(diff)
	}
}

func TestLook_FindsTheOnlyComposeFileOfAnotherName(t *testing.T) {
	t.Parallel()
	f := look(t,
		checkout(t,
			map[string]string{
				"deploy/compose.dev.yml": strings.ReplaceAll(stack, "build: .", "build: .."),
				"alembic.ini":            "",
			}))
	if !slices.Equal(f.Compose, []string{"deploy/compose.dev.yml"}) || f.Database != "db" || len(f.Unknown) > 0 {
		t.Errorf("%+v", f)
	}
	f = look(t, checkout(t, map[string]string{"compose.dev.yml": stack, "compose.prod.yml": stack}))
	if len(f.Compose) > 0 || len(f.Unknown) == 0 || !strings.HasPrefix(f.Unknown[0].Error(), "no compose file in ") {
		t.Errorf("of two: %q, unknown %v", f.Compose, f.Unknown)
	}
}

func TestLook_TellsWhatItCouldNotFind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ compose, says string }{
		"no database": {"services: {web: {image: nginx, ports: [\"80\"]}}", "no PostgreSQL service among web"},
		"two databases": {"services: {a: {image: postgres}, b: {image: postgres}, web: {image: nginx, ports: " +
			"[\"80\"]}}", "2 PostgreSQL services: a, b"},
		"nothing to show":  {"services: {db: {image: postgres}}", "no service with a published port among db"},
		"a file of no use": {"services: [", "compose.yaml"},
		"a hostile file":   {"services: {db: {image: postgres, privileged: true}}", "more than a preview may have"},
	} {
		f := look(t, checkout(t, map[string]string{"compose.yaml": c.compose, "alembic.ini": ""}))
		if !slices.ContainsFunc(f.Unknown,
			func(err error) bool { return strings.Contains(err.Error(), c.says) && len(hint.Of(err)) > 0 }) {
			t.Errorf("%s: %v", name, f.Unknown)
		}
	}
}

func TestLook_NotesVariablesThatOnlyThisShellHas(t *testing.T) {
	t.Setenv("STRIPE_KEY", "secret-of-this-shell")
	f := look(t,
		checkout(t,
			map[string]string{"compose.yaml": stack +
				"  mail: {image: mail, environment: {KEY: \"${STRIPE_KEY}\"}}\n"}))
	if !slices.ContainsFunc(f.Notes, func(note string) bool {
		return strings.Contains(note, "STRIPE_KEY") && !strings.Contains(note, "secret")
	}) {
		t.Errorf("notes %q", f.Notes)
	}
}

func TestLook_FollowsNoLinkOutOfTheCheckout(t *testing.T) {
	t.Parallel()
	outside := checkout(t, map[string]string{"manage.py": "import django", "db/alembic.ini": ""})
	dir := checkout(t, map[string]string{"compose.yaml": stack})
	for _, link := range []string{"manage.py", "db"} {
		if err := os.Symlink(filepath.Join(outside, link), filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if f := look(t, dir); f.Migration != nil {
		t.Errorf("%+v", f.Migration)
	}
}

func TestLook_OfNoFolderIsAnError(t *testing.T) {
	if _, err := Look(t.Context(), filepath.Join(t.TempDir(), "nowhere")); err == nil ||
		!strings.HasPrefix(err.Error(), "look at ") {
		t.Errorf("error %v", err)
	}
}
