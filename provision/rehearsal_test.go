package provision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/provision"
)

// rehearsing is a preview whose migration is rehearsed.
func rehearsing(t *testing.T, pullRequest int, sql string) *fixture {
	f := newFixture(t, pullRequest)
	f.options.Archive, f.options.Rehearse = f.archive("apple"), true
	f.options.Migrate = &provision.Migrate{
		Service: "tool", Command: []string{"psql", "-X", "-v", "ON_ERROR_STOP=1", "-c", sql},
	}
	return f
}

// One preview shows what there is to see of a rehearsal: it costs a second database.
func TestUp_RehearsesTheMigrationBesideTheStack(t *testing.T) {
	f := rehearsing(t, 31, "ALTER TABLE product ADD c timestamptz DEFAULT clock_timestamp(); "+
		"UPDATE product SET name = 'canary'; CREATE INDEX ON product (name)")
	f.options.Migrate.Down = []string{
		"psql", "-X", "-v", "ON_ERROR_STOP=1", "-c", "DROP INDEX product_name_idx; ALTER TABLE product ADD d int",
	}
	result := f.up()
	r := result.Rehearsal
	if r == nil || r.Failed != "" || r.Exit != 0 || len(r.Statements) != 3 {
		t.Fatalf("%+v", r)
	}
	t.Run("it tells of each statement what it locked and did", func(t *testing.T) {
		first := r.Statements[0]
		if first.Verb != "ALTER TABLE" || len(first.Locks) != 1 || first.Locks[0].Mode != "AccessExclusiveLock" ||
			!slices.Equal(first.Rewrites, []string{"public.product"}) || first.Locks[0].Held < first.Seconds {
			t.Errorf("%+v", first)
		}
		if second := r.Statements[1]; len(second.Changes) != 1 || second.Changes[0].Rows != 1 {
			t.Errorf("%+v", second)
		}
		if last := r.Statements[2]; len(last.Builds) != 1 || last.Transaction != first.Transaction {
			t.Errorf("%+v", last)
		}
		if !r.Audit.Complete() || r.Audit.Exclusive == 0 {
			t.Errorf("%+v", r.Audit)
		}
	})
	t.Run("it measures how long others wait, and meets an open transaction", func(t *testing.T) {
		if q := r.Queue; q == nil || !q.Forever || !slices.Equal(q.Waited, []string{"public.product"}) ||
			q.Reads < 5 {
			t.Errorf("%+v", q)
		}
		if len(r.Probes) > 1 || len(r.Probes) == 1 && r.Probes[0].Table != "public.product" {
			t.Errorf("%+v", r.Probes)
		}
		for _, unknown := range r.Unknown {
			if strings.Contains(unknown, "measured") {
				t.Error(unknown)
			}
		}
	})
	t.Run("it runs the migration twice", func(t *testing.T) {
		if r.Twice == nil || r.Twice.Exit == 0 || len(r.Twice.Changed) > 0 {
			t.Errorf("psql has no ledger, and there is a column c by then: %+v", r.Twice)
		}
	})
	t.Run("it takes the migration back", func(t *testing.T) {
		want := []string{"column c of product is still there", "column d of product is still there"}
		if r.Back == nil || r.Back.Exit != 0 || r.Back.Runs != 1 || !slices.Equal(r.Back.Left, want) {
			t.Errorf("%+v, unknown %q", r.Back, r.Unknown)
		}
	})
	t.Run("it says what it cannot know, and shows no literal", func(t *testing.T) {
		var text strings.Builder
		if err := r.WriteText(&text); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text.String(), "canary") || !strings.Contains(text.String(), "has no facts of its source") {
			t.Error(text.String())
		}
	})
	t.Run("nothing of it is left, and nothing in the database that serves", func(t *testing.T) {
		f.assertOneGeneration(result.Generation)
		if left := f.sql("SELECT count(*) FROM pg_event_trigger") + f.sql("SELECT count(*) FROM pg_namespace "+
			"WHERE nspname LIKE 'offshoot%'") + f.sql("SELECT count(*) FROM pg_db_role_setting"); left != "000" {
			t.Errorf("left in the database: %s", left)
		}
		if got := f.sql("SELECT name FROM product"); got != "canary" {
			t.Errorf("product %q", got)
		}
	})
	t.Run("the preview answers before it ends", func(t *testing.T) {
		var order []provision.Kind
		for _, e := range f.events {
			if e.Kind == provision.Answered || e.Step == provision.StepRehearse && e.Kind == provision.Done {
				order = append(order, e.Kind)
			}
		}
		if len(order) != 2 || !slices.Contains(order, provision.Answered) {
			t.Errorf("%q", order)
		}
	})
}

func TestHostile_RehearseEndsAMigrationThatHangsAndLeavesNothing(t *testing.T) {
	f := rehearsing(t, 33, "")
	p, err := provision.IdentifyRehearsal(f.options.Preview.Repository, f.options.Preview.Project)
	if err != nil {
		t.Fatal(err)
	}
	f.options.Preview, f.options.RehearseTime = p, 3*time.Second
	f.options.Migrate.Command = []string{
		"psql", "-X", "-c", "BEGIN", "-c", "ALTER TABLE product ADD c int", "-c", "SELECT pg_sleep(600)",
	}
	r, err := f.engine.Rehearse(t.Context(), f.options, nil)
	if err != nil || r.Hangs != 3 || !r.Audit.Complete() ||
		!strings.HasPrefix(r.Headline(), "the migration hangs") {
		t.Fatalf("%v: %+v", err, r)
	}
	for _, one := range r.Statements { // as far as it came by then
		if one.Verb == "SELECT" && one.Code != "57P01" {
			t.Errorf("what it left running was not ended: %+v", one)
		}
	}
	f.assertNothingLeft(t.Context())
}

func TestUp_EndsARehearsalWithTheMigrationThatFails(t *testing.T) {
	f := rehearsing(t, 32, "ALTER TABLE nowhere ADD c int")
	if result, err := f.tryUp(); err == nil {
		t.Fatalf("%+v", result)
	}
	if f.told(provision.Notice, "the migration was not") {
		t.Errorf("it is told twice: %+v", f.events)
	}
	f.assertNothingLeft(t.Context())
}
