package provision

import (
	"context"
	"errors"
)

// Reopen lets the gateway of a machine answer where its Front says now: the
// address of a machine that was stopped is another one after its start. The
// services still know themselves by the old one, until the next Up. What ought
// to run and did not come back with the engine is started.
func (e Engine) Reopen(ctx context.Context, p Preview) (Status, error) {
	engineID, err := e.Docker.ID(ctx)
	if err != nil {
		return Status{}, err
	}
	if err := e.Front.Check(); err != nil {
		return Status{}, err
	}
	if e, err = e.roomFor(ctx); err != nil {
		return Status{}, err
	}
	err = e.underGatewayLock(ctx, engineID, func() error {
		if err := e.ensureGateway(ctx); err != nil {
			return err
		}
		return e.syncGateway(ctx)
	})
	if err != nil {
		return Status{}, err
	}
	status, err := e.Get(ctx, p)
	if err != nil || status.State != Ended && status.State != PartlyDown {
		return status, err
	}
	// A service that does not become ready is no reason to leave the others
	// without a link.
	var failed *StepError
	if _, err := e.Start(ctx, p, 0, nil); err != nil && !errors.As(err, &failed) {
		return status, err
	}
	return e.Get(ctx, p)
}
