package provision

import "context"

// Reopen lets the gateway of a machine answer where its Front says now: the
// address of a machine that was stopped is another one after its start. The
// services still know themselves by the old one, until the next Up.
func Reopen(ctx context.Context, machine Machine, id string) (Status, error) {
	engineID, err := machine.Engine.ID(ctx)
	if err != nil {
		return Status{}, err
	}
	if err := machine.Front.Check(); err != nil {
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
	return Get(ctx, machine, id)
}
