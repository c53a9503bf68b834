package snapshot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// recoveryConflict is the error code of what a standby cancels for the sake of
// its recovery. A transaction that only reads one snapshot has no other reason
// to fail with it.
// https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-CONFLICT
const recoveryConflict = "40001"

// Recovered gives the error of a run on a standby its true cause. A conflict
// ends the snapshot of all connections, but only those that ask something at
// that moment are told so: pg_dump says it in words of its own or finds no
// snapshot any more, and sinks say what became of them. So the connections
// are asked.
func (s *Snapshot) Recovered(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrRecoveryConflict) {
		return err
	}
	if s.conflicts(err) || s.snapshotEnded(ctx) {
		return conflicted(err)
	}
	return err
}

func (s *Snapshot) conflicts(err error) bool {
	var pg *pgconn.PgError
	return s.maybeStandby() && errors.As(err, &pg) && pg.Code == recoveryConflict
}

// maybeStandby is true too as long as nobody has asked.
func (s *Snapshot) maybeStandby() bool { return s.Database == nil || s.Database.InRecovery }

// snapshotEnded asks the connections that are still there.
func (s *Snapshot) snapshotEnded(ctx context.Context) bool {
	if !s.maybeStandby() {
		return false
	}
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, c := range append(s.Workers[:len(s.Workers):len(s.Workers)], s.Leader) {
		if c == nil || c.IsClosed() {
			continue
		}
		if _, err := c.PgConn().Exec(ctx, "SELECT 1").ReadAll(); s.conflicts(err) {
			return true
		}
	}
	return false
}

// conflicted keeps of the error only what it says: its hints are about what
// came of the conflict.
func conflicted(err error) error {
	return hint.Wrap(fmt.Errorf("%w: %s", ErrRecoveryConflict, err),
		"set hot_standby_feedback = on or a larger max_standby_streaming_delay on the standby, or read the primary")
}
