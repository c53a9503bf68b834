package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
	"github.com/offshoot-dev/offshoot/internal/ui"
)

// asked are the questions of a migration, once somebody has tried to have them answered.
func asked(t *testing.T, source string, cfg *config.Config) []string {
	t.Helper()
	question := func(table string) *rehearse.Question {
		return &rehearse.Question{Kind: "not null", Schema: "public", Table: table, Columns: []string{"note"}}
	}
	report := &rehearse.Report{Questions: []*rehearse.Question{
		question("orders"), question("gone"), question("secret"), question("orders"),
	}}
	report.Questions[3].Columns = []string{"id"}
	a := &app{lookup: lookup("OFFSHOOT_SOURCE", source), secrets: &ui.Secrets{}}
	a.above().askSource(t.Context(), cfg, report)
	var said []string
	for _, q := range report.Questions {
		said = append(said, q.String())
	}
	return said
}

func TestRehearse_AsksTheSourceWhatOnlyItKnows(t *testing.T) {
	t.Parallel()
	owner := pgtest.New(t)
	pgtest.Exec(t, owner, `CREATE TABLE orders (id int, note text); INSERT INTO orders VALUES (1, NULL), (2, 'x');
		CREATE TABLE secret (note text); CREATE ROLE asks_only LOGIN PASSWORD 'hunter2hunter2'; GRANT SELECT ON orders TO asks_only`)
	t.Cleanup(func() { pgtest.Exec(t, owner, "DROP OWNED BY asks_only; DROP ROLE asks_only") })
	u, err := url.Parse(owner)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("asks_only", "hunter2hunter2")
	role := u.String()
	got := strings.Join(asked(t, role, &config.Config{}), "\n")
	want := `1 row violates NOT NULL of orders (note)
production was not asked about NOT NULL of gone (note): SQLSTATE 42P01
production was not asked about NOT NULL of secret (note): the role may not read that
production has been asked: NOT NULL of orders (id) holds`
	if got != want {
		t.Errorf("got %s", got)
	}
	for name, c := range map[string]struct {
		source string
		cfg    *config.Config
		want   string
	}{
		"no source":          {"", &config.Config{}, "there is no source here"},
		"a fork":             {role, &config.Config{Stranger: true}, "there is no source here"},
		"an unreachable one": {pgtest.WithPort(t, role, 1), &config.Config{}, "refused"},
	} {
		got := strings.Join(asked(t, c.source, c.cfg), "\n")
		if strings.Count(got, "production was not asked") != 4 || !strings.Contains(got, c.want) ||
			strings.Contains(got, "hunter2") {
			t.Errorf("%s: %s", name, got)
		}
	}
}
