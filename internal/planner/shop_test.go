package planner_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/internal/planner"
	"github.com/offshoot-dev/offshoot/internal/queryplan"
	"github.com/offshoot-dev/offshoot/internal/scratch"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// shop is the shop of the benchmark, with half a million rows; OFFSHOOT_TEST_SHOP is the connection string of a larger
// one.
func shop(t *testing.T) string {
	t.Helper()
	if given := os.Getenv("OFFSHOOT_TEST_SHOP"); given != "" {
		return given
	}
	return pgtest.Shared(t, "shop", func(url string) {
		script, err := filepath.Abs("../../testdata/bench/shop.sql")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "shop.sql")
		text := fmt.Sprintf("\\set scale 0.04\n\\i %s\n", script)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		pgtest.Load(t, url, path)
		// Settings with which it chooses as one of 12 million rows does.
		for name, value := range map[string]string{
			"max_parallel_workers_per_gather": "2", "min_parallel_table_scan_size": "256kB", "parallel_setup_cost": "50",
			"random_page_cost": "1.1", "effective_cache_size": "1GB", "work_mem": "256kB",
		} {
			pgtest.Exec(t, url, fmt.Sprintf(`DO $$ BEGIN
				EXECUTE format('ALTER DATABASE %%I SET %s = %%L', current_database(), '%s');
			END $$`, name, value))
		}
	})
}

// archive takes a subset of a database into a file, as a role that may only read.
func archive(t *testing.T, from string, spec plan.Spec) string {
	t.Helper()
	name := "reader_" + pgtest.Value(t, from, "SELECT current_database()")
	spec.URL = pgtest.Role(t, from, name, "")
	pgtest.Exec(t, from, fmt.Sprintf("GRANT SELECT ON ALL TABLES IN SCHEMA public TO %s; "+
		"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO %[1]s", name))
	source, err := subset.Open(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = source.Close(t.Context()) }()
	planned, err := source.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "shop.sql.zst")
	target, err := sink.Open(path, sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Run(t.Context(), planned, target, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// clone is a server with an archive loaded.
type clone struct {
	planner.Local
	facts  *facts.Facts
	copies int
}

func load(t *testing.T, path string) *clone {
	t.Helper()
	known, err := facts.Of(path)
	if err != nil {
		t.Fatal(err)
	}
	server, err := scratch.Start(t.Context(), pgtest.Major(t), scratch.Database{
		Encoding: known.Database.Encoding, Collate: known.Database.Collate, Ctype: known.Database.Ctype,
	})
	if os.Getenv("CI") != "true" && err != nil && strings.Contains(err.Error()+pgtool.ErrNoTools.Error(), "no server") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := server.Load(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	c := &clone{Local: planner.Local{Server: server}, facts: known}
	c.run(t, scratch.Loaded, "ANALYZE")
	return c
}

func (c *clone) run(t *testing.T, database string, statements ...string) {
	t.Helper()
	session := c.session(t, database)
	defer session.Close()
	for _, one := range statements {
		if _, err := session.Query(t.Context(), one); err != nil {
			t.Fatalf("%s: %v", one, err)
		}
	}
}

func (c *clone) session(t *testing.T, database string) planner.Session {
	t.Helper()
	session, err := c.Connect(t.Context(), database, scratch.Loader)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func (c *clone) copy(t *testing.T, from string) string {
	t.Helper()
	c.copies++
	to := fmt.Sprintf("copy%d", c.copies)
	if err := planner.Copy(t.Context(), c, from, to); err != nil {
		t.Fatal(err)
	}
	return to
}

// dress dresses a copy of a database, and returns its name.
func (c *clone) dress(t *testing.T, from string) string {
	t.Helper()
	database := c.copy(t, from)
	c.dressed(t, database)
	return database
}

func (c *clone) dressed(t *testing.T, database string) {
	t.Helper()
	notes, err := planner.Dress(t.Context(), c, database, c.facts)
	if err != nil {
		t.Fatal(err)
	}
	for _, note := range notes {
		t.Log(note)
	}
}

func queries(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/queries.sql")
	if err != nil {
		t.Fatal(err)
	}
	return sqltext.Split(string(text))
}

// truth is what the source's planner chooses.
func truth(t *testing.T, url, statement string) *queryplan.Plan {
	t.Helper()
	p, err := queryplan.Parse([]byte(pgtest.Value(t, url, "EXPLAIN (FORMAT JSON, VERBOSE) "+statement)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
