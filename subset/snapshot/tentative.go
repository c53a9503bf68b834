package snapshot

import (
	"context"
	"errors"
)

// Tentative runs statements that may fail in a savepoint, so that the
// snapshot outlives them. It is rolled back in any case: then their locks and
// settings are gone.
func (s *Snapshot) Tentative(ctx context.Context, do func() error) error {
	if _, err := s.Leader.Exec(ctx, "SAVEPOINT tentative"); err != nil {
		return err
	}
	err := do()
	_, undo := s.Leader.Exec(ctx, "ROLLBACK TO SAVEPOINT tentative; RELEASE SAVEPOINT tentative")
	return errors.Join(err, undo)
}
