package provision

import (
	"context"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// startGateway makes the gateway run and lets it show that the preview is
// being made. Where another generation serves there is nothing else to show.
func (r *run) startGateway(ctx context.Context) error {
	var at entrance
	err := r.underGatewayLock(ctx, r.engineID, func() error {
		current, _, err := r.findGateway(ctx)
		if err != nil {
			return err
		}
		ran := current.ContainerJSONBase != nil && current.State.Running
		if err := r.ensureGateway(ctx); err != nil {
			return err
		}
		if at, err = r.entrance(ctx); err != nil || ran && r.serving.Number > 0 && !r.mended {
			return err
		}
		return r.syncGateway(ctx)
	})
	if err != nil {
		return err
	}
	if at != r.at { // the services would be told a wrong address
		return hint.Wrap(fmt.Errorf("another run moved the gateway from %s to %s", r.at, at), "retry offshoot up")
	}
	r.result.Links = r.next.links(at)
	if r.next.SignIn {
		r.result.Access, err = r.access(ctx, r.next, at)
	}
	return err
}
