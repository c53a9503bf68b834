package provision

import (
	"context"
	"errors"
)

// route is the moment of the switch: the marker is made, and the gateway told.
// If it cannot be told, the marker is taken back.
func (r *run) route(ctx context.Context) error {
	if err := r.options.Guard.Ask(ctx); err != nil {
		return err
	}
	if err := r.markServing(ctx); err != nil {
		return err
	}
	err := r.underGatewayLock(ctx, r.engineID, func() error { return r.syncGateway(ctx) })
	if err != nil {
		ctx, cancel := sturdy(ctx)
		defer cancel()
		return errors.Join(err, r.unmarkServing(ctx))
	}
	r.tellCertificates(ctx)
	return nil
}
