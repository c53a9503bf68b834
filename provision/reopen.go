package provision

import (
	"context"
	"errors"
)

// Reopen lets the gateway of a machine answer where its Front says now: the
// address of a machine that was stopped is another one after its start. The
// services still know themselves by the old one, until the next Up. What ought
// to run and did not come back with the engine is started.
func Reopen(ctx context.Context, machine Machine, id string) (Status, error) {
	engineID, err := machine.Engine.ID(ctx)
	if err != nil {
		return Status{}, err
	}
	if err := machine.Front.Check(); err != nil {
		return Status{}, err
	}
	if machine, err = machine.roomFor(ctx); err != nil {
		return Status{}, err
	}
	err = machine.underGatewayLock(ctx, engineID, func() error {
		if err := machine.ensureGateway(ctx); err != nil {
			return err
		}
		return machine.syncGateway(ctx)
	})
	if err != nil {
		return Status{}, err
	}
	status, err := Get(ctx, machine, id)
	if err != nil || status.State != Ended && status.State != PartlyDown {
		return status, err
	}
	// A service that does not become ready is no reason to leave the others
	// without a link.
	var failed *StepError
	if err := Start(ctx, machine, id, 0, nil); err != nil && !errors.As(err, &failed) {
		return status, err
	}
	return Get(ctx, machine, id)
}
