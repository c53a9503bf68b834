package provision

import (
	"context"
	"time"
)

// waitReady waits until every service is ready in the stack's own terms, and
// until what is exposed answers to the gateway, which is proof enough of a
// service without a health check.
func (o *opening) waitReady(ctx context.Context) error {
	defer o.tellConnected(ctx)
	var exposed []string
	for _, p := range o.next.Expose {
		exposed = append(exposed, p.Service)
	}
	if err := o.stackIn(ctx).Wait(ctx, o.timeout(), exposed...); err != nil {
		return o.failed(ctx, err)
	}
	err := o.underGatewayLock(ctx, o.engineID, func() error {
		_, _, err := o.connectGateway(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return o.failed(ctx, o.awaitAnswers(ctx))
}

// pause waits between two looks at something.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
