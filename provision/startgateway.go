package provision

import (
	"context"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// startGateway makes the gateway run and lets it show that the preview is
// being made. Where another generation serves there is nothing else to show.
func (o *opening) startGateway(ctx context.Context) error {
	var at entrance
	err := o.underGatewayLock(ctx, o.engineID, func() error {
		current, _, err := o.findGateway(ctx)
		if err != nil {
			return err
		}
		ran := current.ContainerJSONBase != nil && current.State.Running
		if err := o.ensureGateway(ctx); err != nil {
			return err
		}
		if at, err = o.entrance(ctx); err != nil || ran && o.serving.Number > 0 && !o.mended {
			return err
		}
		return o.syncGateway(ctx)
	})
	if err != nil {
		return err
	}
	if at != o.at { // the services would be told a wrong address
		return hint.Wrap(fmt.Errorf("another run moved the gateway from %s to %s", o.at, at), "retry offshoot up")
	}
	o.result.Links = o.next.links(at)
	if o.next.SignIn {
		o.result.Access, err = o.access(ctx, o.next, at)
	}
	return err
}
