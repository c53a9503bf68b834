package subset_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// wantOneLine checks an error for what every error of a user's must have.
func wantOneLine(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%q, want one line with %q", err, part)
	}
	if len(hint.Of(err)) != 1 {
		t.Errorf("%v: hints %q, want one", err, hint.Of(err))
	}
}

func TestOpen_RefusesWhatIsNoURL(t *testing.T) {
	for _, bad := range []string{
		"", "  ", "nonsense", "mysql://u:hunter2@h/db", "postgres://u:hunter2@h:port/db",
		"postgres://%zz",
	} {
		_, err := subset.Open(t.Context(), plan.Spec{URL: bad})
		wantOneLine(t, err, "source: ")
		if !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%q: %v is not a usage error", bad, err)
		}
		if strings.Contains(err.Error(), "ter2") {
			t.Errorf("%q: the error holds the password: %v", bad, err)
		}
	}
}

func TestOpen_SaysWhyItCannotConnect(t *testing.T) {
	server := pgtest.New(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := closed.Addr().(*net.TCPAddr).Port
	closed.Close()
	role := pgtest.Role(t, server, "someone", "")
	wrong, err := url.Parse(role)
	if err != nil {
		t.Fatal(err)
	}
	wrong.User = url.UserPassword("someone", "hunter2")
	for _, c := range []struct{ name, url, want, hint string }{
		{"nobody listens", pgtest.WithPort(t, server, port), "refused", "check that the server runs"},
		{"no such host", "postgres://u:hunter2@no-such-host.invalid/db", "no-such-host", "check that the server runs"},
		{"wrong password", wrong.String(), "password authentication failed", "check the user and the password"},
		{
			"no such database", pgtest.WithDatabase(t, server, "nowhere"), `database "nowhere" does not exist`,
			"check the database's name",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := subset.Open(t.Context(), plan.Spec{URL: c.url})
			wantOneLine(t, err, c.want)
			if h := hint.Of(err); !strings.HasPrefix(h[0], c.hint) {
				t.Errorf("hint %q, want %q", h, c.hint)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

// denied is a database that its role may not read completely.
func denied(t *testing.T, attributes, grants string) string {
	t.Helper()
	source := load(t, "denied.sql")
	role := pgtest.Role(t, source, "limited", attributes)
	pgtest.Exec(t, source, grants)
	return role
}

func planOf(t *testing.T, spec plan.Spec) (*plan.Plan, error) {
	t.Helper()
	return open(t, spec).Plan(t.Context())
}

func TestPlan_ListsTablesThatMayNotBeRead(t *testing.T) {
	url := denied(t, "", "GRANT SELECT ON open_table, refers_to_secret TO limited")
	_, err := planOf(t, plan.Spec{URL: url})
	wantOneLine(t, err, "role limited may not read public.guarded, public.secret")
	var got *plan.PermissionError
	if !errors.As(err, &got) {
		t.Fatalf("%T", err)
	}
	want := []catalog.Name{{Schema: "public", Name: "guarded"}, {Schema: "public", Name: "secret"}}
	if diff := cmp.Diff(want, got.Tables); diff != "" {
		t.Error(diff)
	}
}

func TestPlan_LeavesOutUnreadableTablesThatNobodyNeeds(t *testing.T) {
	url := denied(t, "", "GRANT SELECT ON open_table, refers_to_secret, guarded TO limited")
	none := plan.Rule{None: true}
	_, err := planOf(t,
		plan.Spec{URL: url, Tables: map[string]plan.Rule{"public.secret": none, "public.guarded": none}})
	wantOneLine(t, err, "may not read public.secret") // refers_to_secret needs it

	spec := plan.Spec{
		URL:    url,
		Tables: map[string]plan.Rule{"public.secret": none, "public.guarded": none, "public.refers_to_secret": none},
	}
	sink := &memory{}
	report := take(t, spec, sink)
	if diff := cmp.Diff([]catalog.Name{{Schema: "public", Name: "secret"}}, sink.origin.Excluded); diff != "" {
		t.Errorf("excluded:\n%s", diff)
	}
	var out []string
	for _, o := range report.LeftOut {
		out = append(out, o.Name)
	}
	if diff := cmp.Diff([]string{"guarded", "secret"}, out); diff != "" {
		t.Errorf("left out:\n%s", diff)
	}
}

func TestPlan_RefusesRowLevelSecurity(t *testing.T) {
	url := denied(t, "", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO limited")
	_, err := planOf(t, plan.Spec{URL: url})
	wantOneLine(t, err, "row-level security hides rows of public.guarded")
	var got *plan.RowSecurityError
	if !errors.As(err, &got) || len(got.Tables) != 1 {
		t.Errorf("%T %v", err, got)
	}
}

func TestPlan_AcceptsARoleThatBypassesRowLevelSecurity(t *testing.T) {
	url := denied(t, "BYPASSRLS", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO limited")
	if _, err := planOf(t, plan.Spec{URL: url}); err != nil {
		t.Error(err)
	}
}

func TestPlan_RefusesRulesAndReferencesThatFitNothing(t *testing.T) {
	url := fixture(t, "partitions.sql")
	s := open(t, plan.Spec{URL: url})
	for _, c := range []struct {
		name, want, hint string
		tables           map[string]plan.Rule
		reference        string
	}{
		{"unknown table", "no table public.tenants", "", map[string]plan.Rule{"public.tenants": {All: true}}, ""},
		{
			"no schema", "no table tenant", "did you mean public.tenant?",
			map[string]plan.Rule{"tenant": {All: true}},
			"",
		},
		{
			"partition", "no table public.event_2024", "is a partition",
			map[string]plan.Rule{"public.event_2024": {All: true}},
			"",
		},
		{"two wishes", "more than one of", "keep one", map[string]plan.Rule{"public.tenant": {All: true, Rows: 5}}, ""},
		{"share above 1", "share is 1.5", "between 0 and 1", map[string]plan.Rule{"public.tenant": {Share: 1.5}}, ""},
		{"no arrow", "no ->", "write schema.table.column", nil, "public.event.actor"},
		{
			"unknown column", "no column nobody", "write schema.table.column", nil,
			"public.event.nobody -> public.actor.id",
		},
		{
			"unknown parent", "no column public.actors.id", "write schema.table.column", nil,
			"public.event.actor -> public.actors.id",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := plan.Spec{Tables: c.tables}
			if c.reference != "" {
				spec.References = []string{c.reference}
			}
			_, err := plan.Make(s.Catalog(), catalog.Counts{}, spec)
			wantOneLine(t, err, c.want)
			if !errors.Is(err, hint.ErrUsage) || !strings.Contains(hint.Of(err)[0], c.hint) {
				t.Errorf("%v, hints %q", err, hint.Of(err))
			}
		})
	}
}

func TestPlan_HasTheServerReadConditions(t *testing.T) {
	url := fixture(t, "partitions.sql")
	for _, spec := range []plan.Spec{
		{Tables: map[string]plan.Rule{"public.tenant": {Where: "nme = 'x'"}}},
		{Tables: map[string]plan.Rule{"public.tenant": {Where: "id = "}}},
		{References: []string{"public.attachment.at -> public.actor.id"}},
		{References: []string{"public.tenant.id -> public.actor.id when kind = 'x'"}},
	} {
		spec.URL = url
		_, err := planOf(t, spec)
		wantOneLine(t, err, "")
		if !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%v is not a usage error", err)
		}
	}
}

func TestRun_ClosesTheSinkAsFailedWhenItFails(t *testing.T) {
	s := open(t, plan.Spec{URL: fixture(t, "partitions.sql")})
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	sink := &memory{fail: full, concurrency: 3}
	if _, err := s.Run(t.Context(), p, sink, nil); !errors.Is(err, full) || errors.Is(err, snapshot.ErrSourceLost) {
		t.Errorf("%v", err)
	}
	if !slices.Equal(sink.closed, []bool{true}) {
		t.Errorf("closed %v, want once as failed", sink.closed)
	}
}

// cutting is a sink during which the source goes away.
type cutting struct {
	memory
	cut func()
}

func (c *cutting) Begin(ctx context.Context, from subset.Origin) error {
	c.cut()
	return c.memory.Begin(ctx, from)
}

func TestRun_SaysThatTheSourceWasLost(t *testing.T) {
	url := load(t, "keys.sql")
	s := open(t, plan.Spec{URL: url})
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sink := &cutting{cut: func() {
		pgtest.EndSessions(t, url)
	}}
	_, err = s.Run(t.Context(), p, sink, nil)
	wantOneLine(t, err, "connection to the source lost")
	if !errors.Is(err, snapshot.ErrSourceLost) || !slices.Equal(sink.closed, []bool{true}) {
		t.Errorf("%v, closed %v", err, sink.closed)
	}
}

func TestRun_StopsWhenInterrupted(t *testing.T) {
	s := open(t, plan.Spec{URL: fixture(t, "keys.sql")})
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	sink := &cutting{cut: cancel}
	if _, err = s.Run(ctx, p, sink, nil); !errors.Is(err, context.Canceled) || errors.Is(err, snapshot.ErrSourceLost) {
		t.Errorf("%v", err)
	}
	if !slices.Equal(sink.closed, []bool{true}) {
		t.Errorf("closed %v", sink.closed)
	}
}
