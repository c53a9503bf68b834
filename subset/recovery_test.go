package subset_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// strict is a database on a primary and on a standby that waits for nobody.
// Its tests are not parallel: whatever is removed on the primary counts.
func strict(t *testing.T) (primary, replica string) {
	t.Helper()
	primary = load(t, "keys.sql")
	return primary, pgtest.NewStrictStandby(t).URL(t, primary)
}

// sessionsEnd returns when the standby has ended all of our sessions.
func sessionsEnd(t *testing.T, replica string, again func()) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		again()
		const ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'offshoot' AND datname = " +
			"current_database()"
		if pgtest.Value(t, replica, ours) == "0" {
			return
		}
	}
	t.Error("the standby lets our sessions be")
}

// removeRows has the primary remove rows that snapshots still see.
func removeRows(t *testing.T, primary, replica string) {
	t.Helper()
	sessionsEnd(t, replica, func() {
		pgtest.Exec(t, primary, "DELETE FROM note WHERE ctid IN (SELECT ctid FROM note LIMIT 20)")
		pgtest.Exec(t, primary, "VACUUM note")
		pgtest.NewStrictStandby(t).CatchUp(t)
	})
}

// changeTable has the primary do what no reader may see.
func changeTable(t *testing.T, primary, replica string) {
	t.Helper()
	sessionsEnd(t, replica, func() {
		pgtest.Exec(t, primary,
			"LOCK TABLE flag IN ACCESS EXCLUSIVE MODE; ALTER TABLE flag ADD x int; ALTER TABLE flag DROP x")
	})
}

// wantConflict checks the error of a run whose snapshot the standby ended.
func wantConflict(t *testing.T, err error) {
	t.Helper()
	wantOneLine(t, err, "the standby ended the snapshot, in conflict with its recovery")
	if !errors.Is(err, snapshot.ErrRecoveryConflict) || errors.Is(err, snapshot.ErrSourceLost) {
		t.Errorf("%v", err)
	}
	if h := hint.Of(err); len(h) == 1 && !strings.Contains(h[0], "hot_standby_feedback = on") {
		t.Errorf("hint %q", h)
	}
}

func TestRun_TellsAConflictWithRecovery(t *testing.T) {
	for name, provoke := range map[string]func(t *testing.T, primary, replica string){
		"rows that are removed":   removeRows,
		"a table that is changed": changeTable,
	} {
		t.Run(name, func(t *testing.T) {
			primary, replica := strict(t)
			s := open(t, plan.Spec{URL: replica})
			p, err := s.Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			target := &interfering{do: func() { provoke(t, primary, replica) }}
			_, err = s.Run(t.Context(), p, target, nil)
			wantConflict(t, err)
			if !slices.Equal(target.closed, []bool{true}) {
				t.Errorf("closed %v, want once as failed", target.closed)
			}
			take(t, plan.Spec{URL: replica}, &memory{}) // which is all that it takes
		})
	}
}

func TestPlan_TellsAConflictWithRecovery(t *testing.T) {
	primary, replica := strict(t)
	s := open(t, plan.Spec{URL: replica})
	removeRows(t, primary, replica)
	_, err := s.Plan(t.Context())
	wantConflict(t, err)
}

// unlucky is a sink that fails for want of the snapshot and says so in its
// own words, as pg_dump does.
type unlucky struct {
	memory
	do   func()
	fail error
}

func (u *unlucky) Finish(context.Context, subset.Ending) error {
	u.do()
	return u.fail
}

func TestRun_FindsTheConflictBehindTheErrorOfASink(t *testing.T) {
	primary, replica := strict(t)
	s := open(t, plan.Spec{URL: replica})
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fail := hint.Wrap(errors.New("pg_dump: exit 1: invalid snapshot identifier"), "look at the log of pg_dump")
	_, err = s.Run(t.Context(), p, &unlucky{do: func() { removeRows(t, primary, replica) }, fail: fail}, nil)
	wantConflict(t, err)
	wantOneLine(t, err, "invalid snapshot identifier")
}

func TestRun_OnAStandbyLeavesOtherErrorsAsTheyAre(t *testing.T) {
	_, replica := strict(t)
	s := open(t, plan.Spec{URL: replica})
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fail := errors.New("no space left on device")
	_, err = s.Run(t.Context(), p, &unlucky{do: func() {}, fail: fail}, nil)
	if !errors.Is(err, fail) || errors.Is(err, snapshot.ErrRecoveryConflict) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = s.Run(ctx, p, &cutting{cut: cancel}, nil)
	if !errors.Is(err, context.Canceled) || errors.Is(err, snapshot.ErrRecoveryConflict) {
		t.Errorf("%v", err)
	}
}

// paused is a sink that has the standby stand still while it reads.
type paused struct {
	memory
	t       *testing.T
	replica string
}

func (p *paused) Rows(ctx context.Context, heap *catalog.Heap, columns []string, r io.Reader) (int64, error) {
	pgtest.Exec(p.t, p.replica, "SELECT pg_wal_replay_pause()")
	return p.memory.Rows(ctx, heap, columns, r)
}

func TestRun_IsNotDisturbedWhileReplayStandsStill(t *testing.T) {
	primary, replica := strict(t)
	defer pgtest.Exec(t, replica, "SELECT pg_wal_replay_resume()")
	quiet, busy := &memory{}, &paused{t: t, replica: replica}
	take(t, plan.Spec{URL: replica}, quiet)
	s := open(t, plan.Spec{URL: replica})
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, replica, "SELECT pg_wal_replay_pause()")
	pgtest.Exec(t, primary, "DELETE FROM note; DELETE FROM flag")
	pgtest.Exec(t, primary, "VACUUM note, flag")
	if _, err := s.Run(t.Context(), p, busy, nil); err != nil {
		t.Fatal(err)
	}
	if busy.bytes() != quiet.bytes() {
		t.Error("other rows came")
	}
}
