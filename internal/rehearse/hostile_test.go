package rehearse_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// sends is a migration of one connection, which may end in the middle.
func sends(t *testing.T, s *local, database string, statements ...string) {
	t.Helper()
	one, err := s.Connect(t.Context(), database)
	if err != nil {
		t.Error(err)
		return
	}
	defer one.Close()
	for _, sql := range statements {
		_, _ = one.Query(context.WithoutCancel(t.Context()), sql)
	}
}

func TestHostile_AMigrationThatMisbehavesEndsWithAClearReport(t *testing.T) {
	var made strings.Builder
	for n := range 10 {
		fmt.Fprintf(&made, "CREATE TABLE t%d (id int, note text); INSERT INTO t%[1]d VALUES (1, 'canary');", n)
	}
	url := fresh(t, made.String())
	plain := pgtest.Role(t, url, "plain", "")
	s, database := server(t), databaseOf(t, url)
	r := watched(t, url, func() {
		var all sync.WaitGroup
		for n := range 10 {
			all.Go(func() {
				sends(t, s, database, fmt.Sprintf("BEGIN; ALTER TABLE t%d ADD c text DEFAULT 'canary'", n), "COMMIT")
			})
		}
		all.Wait()
		sends(t, s, database, "VACUUM FULL t0", "CREATE INDEX CONCURRENTLY ON t1 (note)", "SET ROLE nobody_canary",
			"SELECT 'canary' FROM nowhere", "DO $$ BEGIN RAISE EXCEPTION 'canary'; END $$",
			"SELECT pg_terminate_backend(pg_backend_pid())", "ALTER TABLE t2 ADD never int")
		sends(t, s, database, "SET SESSION AUTHORIZATION "+roleOf(plain), "ALTER SYSTEM SET work_mem = '1234kB'",
			"RESET SESSION AUTHORIZATION", "BEGIN; DROP TABLE t3; SELECT 1/0 AS canary; COMMIT")
		sends(t, s, database, "DO $$ BEGIN RAISE LOG 'offshoot ddl_command_end own X 0/0 [[1, \"x\"]]'; END $$",
			"DO $$ BEGIN RAISE LOG 'offshoot ledger done \"canary\"'; END $$", "ALTER TABLE t4 ADD x int")
	})
	if !r.Audit.Complete() || r.Audit.Exclusive < 10 {
		t.Errorf("%+v", r.Audit)
	}
	var codes []string
	exclusive := map[string]bool{}
	for _, one := range r.Statements {
		if one.Code != "" {
			codes = append(codes, one.Code)
		}
		for _, l := range one.Locks {
			if l.Reads {
				exclusive[l.Table] = true
			}
		}
	}
	for _, want := range []string{"22023", "42P01", "P0001", "57P01", "42501", "22012"} {
		if !slices.Contains(codes, want) {
			t.Errorf("no SQLSTATE %s among %q", want, codes)
		}
	}
	if len(exclusive) != 10 {
		t.Errorf("exclusive locks on %v", exclusive)
	}
	for _, write := range []func() string{
		func() string { return written(t, r.WriteText) }, func() string { return written(t, r.WriteHTML) },
		func() string { return written(t, r.WriteJSON) }, func() string { return written(t, r.WriteMarkdown) },
	} {
		text := strings.ReplaceAll(write(), "nobody_canary", "")     // a name of theirs
		text = strings.ReplaceAll(text, "AS canary", "")             // likewise
		text = strings.ReplaceAll(text, `"migration": "canary"`, "") // what they say the migration is called
		if strings.Contains(text, "canary") {
			t.Errorf("a literal is told: %s", text)
		}
	}
}

// roleOf is the role that a URL signs in as.
func roleOf(url string) string {
	_, rest, _ := strings.Cut(url, "//")
	name, _, _ := strings.Cut(rest, ":")
	name, _, _ = strings.Cut(name, "@")
	return `"` + name + `"`
}

func TestHostile_AReportOfTenThousandStatementsIsBounded(t *testing.T) {
	r := &rehearse.Report{}
	for n := range 10_000 {
		r.Statements = append(r.Statements, &rehearse.Statement{
			Number: n + 1, Transaction: n, Seconds: float64(n), Shape: strings.Repeat("x", 1000),
			Locks: []rehearse.Lock{
				{Table: "public.t", Mode: "AccessExclusiveLock", Reads: true, Writes: true, Held: float64(n)},
			},
		})
		r.Advice = append(r.Advice, rehearse.Advice{Statement: n + 1, Steps: []rehearse.Step{{SQL: "x"}}, Tried: true})
	}
	for name, text := range map[string]string{
		"text": written(t, r.WriteText), "markdown": written(t, r.WriteMarkdown), "page": written(t, r.WriteHTML),
	} {
		if len(text) > 300_000 || !strings.Contains(text, "and 9,940 statements that took less") {
			t.Errorf("%s of %d bytes", name, len(text))
		}
		if !strings.Contains(text, "10000") {
			t.Errorf("%s does not show the longest", name)
		}
	}
}
