package shoptest_test

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

// databases are the server's, as one of its connections sees them.
func databases(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT datname FROM pg_database ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestEmpty_IsNewEachTimeAndGoneAfterTheTest(t *testing.T) {
	outer := shoptest.Connect(t, shoptest.Empty(t))
	before := databases(t, outer)
	t.Run("inner", func(t *testing.T) {
		one, two := shoptest.Connect(t, shoptest.Empty(t)), shoptest.Connect(t, shoptest.Empty(t))
		if one.Config().Database == two.Config().Database {
			t.Error("two tests share a database")
		}
		if n := shoptest.Value[int](t, one,
			`SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`); n != 0 {
			t.Errorf("an empty database has %d objects", n)
		}
		if got := len(databases(t, outer)); got != len(before)+2 {
			t.Errorf("%d databases, want two more than %d", got, len(before))
		}
	})
	if after := databases(t, outer); !slices.Equal(before, after) {
		t.Errorf("databases went from %v to %v", before, after)
	}
}

func TestMigrated_HasTheSchemaAndNoRows(t *testing.T) {
	for set, want := range map[schema.Set]int{schema.Production: 6, schema.PullRequest: 9} {
		conn := shoptest.Connect(t, shoptest.Migrated(t, set))
		if v := shoptest.Value[int](t, conn, `SELECT max(version_id) FROM goose_db_version`); v != want {
			t.Errorf("%s is at version %d, want %d", set, v, want)
		}
		if n := shoptest.Value[int](t, conn, `SELECT count(*) FROM products`); n != 0 {
			t.Errorf("%s has %d products", set, n)
		}
	}
}

func TestSeeded_CopiesAreAlikeAndApart(t *testing.T) {
	one, two := shoptest.Connect(t, shoptest.Seeded(t, schema.PullRequest)), shoptest.Connect(t,
		shoptest.Seeded(t, schema.PullRequest))
	const rows = `SELECT md5(string_agg(o::text, '|' ORDER BY id)) FROM orders o`
	print := shoptest.Value[string](t, one, rows)
	if other := shoptest.Value[string](t, two, rows); other != print {
		t.Error("two copies differ")
	}
	if _, err := one.Exec(t.Context(), `UPDATE orders SET note = 'x'`); err != nil {
		t.Fatal(err)
	}
	if other := shoptest.Value[string](t, two, rows); other != print {
		t.Error("a change to one copy is in the other")
	}
}

func TestShared_IsOneDatabaseThatRefusesWrites(t *testing.T) {
	one, two := shoptest.Connect(t, shoptest.Shared(t, schema.Production)), shoptest.Connect(t,
		shoptest.Shared(t, schema.Production))
	if one.Config().Database != two.Config().Database {
		t.Error("it is made twice")
	}
	_, err := one.Exec(t.Context(), `DELETE FROM search_log`)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "25006" {
		t.Errorf("a write ends with %v", err)
	}
	if n := shoptest.Value[int](t, two, `SELECT count(*) FROM search_log`); n == 0 {
		t.Error("it is empty")
	}
	seeded := shoptest.Connect(t, shoptest.Seeded(t, schema.Production))
	if _, err := seeded.Exec(t.Context(), `DELETE FROM search_log`); err != nil {
		t.Errorf("a copy of its own: %v", err)
	}
}

// inside runs one test of this package as a program of its own and returns its
// output.
func inside(t *testing.T, name string, environment ...string) (string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), self, "-test.v", "-test.run", "^"+name+"$")
	command.Env = append([]string{"TMPDIR=" + os.TempDir()}, environment...)
	output, err := command.CombinedOutput()
	return string(output), err
}

// A folder with a broken initdb stands for a machine without a server.
func TestMain_WithoutAServerSkipsAndFailsInCI(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(folder+"/initdb", []byte("#!/bin/sh\necho no server here >&2\nexit 1\n"),
		0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	const name = "TestMigrated_HasTheSchemaAndNoRows"
	out, err := inside(t, name, "PATH="+folder)
	if err != nil || !strings.Contains(out, "--- SKIP: "+name) || !strings.Contains(out, "initdb: ") {
		t.Errorf("on a laptop: %v, %s", err, out)
	}
	out, err = inside(t, name, "PATH="+folder, "CI=true")
	if err == nil || !strings.Contains(out, "--- FAIL: "+name) {
		t.Errorf("in CI: %v, %s", err, out)
	}
}

func TestMain_UsesTheGivenServerAndLeavesNothingOnIt(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Empty(t))
	before := databases(t, conn)
	c := conn.Config()
	given := "SHOP_TEST_DATABASE_URL=host=" + c.Host + " user=" + c.User + " dbname=" + c.Database
	out, err := inside(t, "TestShared_IsOneDatabaseThatRefusesWrites", given, "PATH=/nowhere")
	if err != nil || !strings.Contains(out, "--- PASS: TestShared") {
		t.Errorf("%v: %s", err, out)
	}
	if after := databases(t, conn); !slices.Equal(before, after) {
		t.Errorf("databases went from %v to %v", before, after)
	}
}
