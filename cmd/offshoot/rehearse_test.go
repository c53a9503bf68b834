package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// rehearsedCompose has a service that cannot be built, since nobody needs it for a rehearsal.
const rehearsedCompose = `
services:
  db:
    image: postgres:15
    environment: {POSTGRES_USER: shop, POSTGRES_PASSWORD: hunter2hunter2, POSTGRES_DB: shop}
  tool:
    image: postgres:15
    profiles: [tools]
    environment: {PGHOST: db, PGUSER: shop, PGPASSWORD: hunter2hunter2, PGDATABASE: shop}
    entrypoint: []
    command: [psql, -X, -v, ON_ERROR_STOP=1, -c, "ALTER TABLE orders ADD c timestamptz DEFAULT clock_timestamp()",
      -c, "UPDATE orders SET id = id WHERE 'canary' <> ''", -c, "SELECT pg_sleep(0.5)",
      -c, "ALTER TABLE orders RENAME id TO number", -c, "ALTER TABLE people DROP CONSTRAINT people_pkey"]
  web: {build: ./nowhere, ports: ["8000"]}
`

// Two at once show what there is to see of the command: one is interrupted, and the other has limits.
func TestRehearse_ExitsBeyondLimitsAndLeavesNothing(t *testing.T) {
	t.Parallel()
	known, err := (&facts.Facts{Format: facts.Format, Statements: []facts.Statement{
		{Shape: "SELECT id FROM orders WHERE id > $1", Calls: 75},
		{Shape: "SELECT count(*) FROM orders", Calls: 20},
		{Shape: "SELECT id FROM people WHERE id = $1", Calls: 5},
	}, Tables: []facts.Table{{
		Schema: "public", Name: "people", Kind: "r", Rows: 5e6, Pages: 22124, Bytes: 22124 * 8192,
		Indexes: []facts.Index{
			{Name: "people_pkey", Method: "btree", Unique: true, Rows: 5e6, Pages: 13713, Bytes: 13713 * 8192},
		},
	}}}).Comments()
	if err != nil {
		t.Fatal(err)
	}
	dir := newCheckout(t, map[string]string{"compose.yaml": rehearsedCompose, "archive.sql": known + tinyArchive + `
CREATE TABLE people (id int PRIMARY KEY);
INSERT INTO people SELECT generate_series(1, 90);
`})
	configure(t, dir,
		"preview: {migrate: {service: tool}, keep_templates: 0}\nrehearse: {fail_on: [rewrite, breaks, plans]}\n")
	other := start(t, dir, nil, "rehearse", "--archive", "archive.sql")
	p := start(t, filepath.Dir(dir), nil, "rehearse", "--project", dir, "--archive",
		filepath.Join(dir, "archive.sql"), "--json", "--report", filepath.Join(dir, "r.html"))
	if !other.says("...  rehearse the migration\n") {
		t.Fatalf("never came to the migration: %s", other.stderr.String())
	}
	other.signal(syscall.SIGINT)
	if got := other.ends(); got != 130 {
		t.Errorf("interrupted: exit code %d\n%s", got, other.stderr.String())
	}
	if got := p.ends(); got != 3 {
		t.Fatalf("exit code %d\n%s", got, p.stderr.String())
	}
	for _, want := range []string{
		"beyond the limits of rehearse in offshoot.yaml: statement 1 rewrites orders",
		`; breaks the code that runs now: column "id" does not exist`,
		"; 1 plan is worse in production: lost index: people_pkey of public.people, new sequential scan of ",
	} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("stderr does not say %q: %s", want, p.stderr.String())
		}
	}
	var answer struct{ Result *rehearse.Report }
	if err := json.Unmarshal(p.stdout.Bytes(), &answer); err != nil || answer.Result == nil ||
		len(answer.Result.Statements) != 5 || !answer.Result.Audit.Complete() {
		t.Errorf("%v: %s", err, p.stdout.String())
	}
	if code := answer.Result.Code; code == nil || code.Asked != 3 || len(code.Breaks) != 1 || code.Breaks[0].By != 4 {
		t.Errorf("what breaks: %+v", code)
	}
	if p := answer.Result.Plans; p == nil || p.Asked != 2 || len(p.Changed) != 1 || p.Changed[0].By != 5 ||
		p.Changed[0].Factor() < 1000 {
		t.Errorf("plans: %+v", p)
	}
	page, err := os.ReadFile(filepath.Join(dir, "r.html"))
	if err != nil || !strings.Contains(string(page), "rewrites orders") {
		t.Errorf("page: %v: %s", err, page)
	}
	if strings.Contains(string(page)+p.stdout.String()+p.stderr.String(), "canary") {
		t.Error("a literal is told")
	}
	if left := ours(t, dir); len(left) > 0 {
		t.Errorf("left on the engine: %q", left)
	}
}

func TestRehearse_SaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	dir := newCheckout(t, map[string]string{"compose.yaml": rehearsedCompose, "archive.sql": tinyArchive})
	for want, args := range map[string][]string{
		"there is no migration to rehearse":       {"--archive", "archive.sql"},
		"name it .md, .html, .svg, .json or .txt": {"--report", "r.pdf"},
		"write it like [rewrite, validation]":     {},
		"known here: rewrite, validation, inde":   {"--archive", "archive.sql"},
	} {
		switch {
		case strings.HasPrefix(want, "write it"):
			configure(t, dir, "rehearse: {fail_on: rewrite}\n")
		case strings.HasPrefix(want, "known"):
			configure(t, dir, "rehearse: {fail_on: [rewrites], block_writes: 0s}\n")
		default:
			configure(t, dir, "")
		}
		p := offshoot(t, dir, 12, append([]string{"rehearse"}, args...)...)
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("stderr does not say %q: %s", want, p.stderr.String())
		}
	}
}
