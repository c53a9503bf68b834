package provision

import (
	"context"
	"time"
)

// waitReady waits until every service is ready in the stack's own terms, and
// until what is exposed answers to the gateway, which is proof enough of a
// service without a health check.
func (r *run) waitReady(ctx context.Context) error {
	defer r.tellConnected(ctx)
	var exposed []string
	for _, p := range r.next.Expose {
		exposed = append(exposed, p.Service)
	}
	if err := r.stackIn(ctx).Wait(ctx, r.timeout(), exposed...); err != nil {
		return r.failed(ctx, err)
	}
	err := r.underGatewayLock(ctx, r.engineID, func() error {
		_, _, err := r.connectGateway(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return r.failed(ctx, r.awaitAnswers(ctx))
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
