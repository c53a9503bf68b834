package provision

import (
	"context"
	"errors"
)

// route is the moment of the switch: the marker is made, and the gateway told.
// If it cannot be told, the marker is taken back.
func (o *opening) route(ctx context.Context) error {
	if err := o.options.Guard.Ask(ctx); err != nil {
		return err
	}
	if err := o.markServing(ctx); err != nil {
		return err
	}
	err := o.underGatewayLock(ctx, o.engineID, func() error { return o.syncGateway(ctx) })
	if err != nil {
		ctx, cancel := sturdy(ctx)
		defer cancel()
		return errors.Join(err, o.unmarkServing(ctx))
	}
	o.tellCertificates(ctx)
	return nil
}
