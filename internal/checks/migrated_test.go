package checks_test

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/checks"
	"github.com/offshoot-dev/offshoot/internal/queries"
)

func TestRevisit_TellsWhichOfMainsPagesFailByNowAndWhy(t *testing.T) {
	t.Parallel()
	settings := checks.Settings{Run: &checks.Run{Service: "web", Command: []string{"e2e"}}}
	before, err := settings.Record(t.Context(), newShop(t, map[string][]string{
		"/": {"SELECT 1 FROM posts"}, "/orders": {"SELECT name FROM people"},
	}))
	if err != nil {
		t.Fatal(err)
	}
	now := newShop(t, map[string][]string{
		"/": {"SELECT 1 FROM posts"}, "/orders": {"SELECT name FROM missing WHERE a = 'canary'"},
	})
	m, err := settings.Revisit(t.Context(), now, before, func(shape string) string {
		if shape == "SELECT name FROM missing WHERE a = $1" {
			return "statement 2, 0012_full_name.sql"
		}
		return ""
	})
	if err != nil || m.Pages != 2 || len(m.Broken) != 1 {
		t.Fatalf("%+v, %v", m, err)
	}
	// The command failed before too.
	want := checks.Broken{
		Path: "/orders", Status: 500, Code: "42P01", Statement: "SELECT name FROM missing WHERE a = $1",
		Because: "statement 2, 0012_full_name.sql",
	}
	if *m.Broken[0] != want {
		t.Errorf("%+v", *m.Broken[0])
	}
	var text strings.Builder
	r := &checks.Report{Compared: &queries.Comparison{Pages: 2}, Migrated: m}
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"main's code fails on the migrated database: /orders answers 500 (SQLSTATE 42P01)",
		"statement 2, 0012_full_name.sql", "no page of 2 asks more",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in %s", want, text.String())
		}
	}
	if got := r.Headline(nil); got != "1 page of main's code broken · no page worse" {
		t.Errorf("headline %q", got)
	}
	m.Broken[0] = &checks.Broken{Path: checks.Start, Service: "web"}
	if got := m.Headline(); got != "main's code does not start on the migrated database: web" {
		t.Errorf("headline %q", got)
	}
}
