package provision

import (
	"context"
	"fmt"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// markAsleep says that a generation is stopped on request.
const markAsleep mark = "asleep"

// Stop stops all that serves a preview, which keeps its data and costs no
// memory then. Requests are told so. It is harmless when repeated.
func Stop(ctx context.Context, machine Machine, id string) error {
	err := machine.alone(ctx, id, "stop", func(engineID string, s survey, g generation) error {
		if state := s.state(id); state != Serving && state != Asleep {
			return hint.Wrap(fmt.Errorf("it is %s, and not serving", state), "offshoot up brings it up, offshoot down removes it")
		}
		if err := machine.sleep(ctx, s, g); err != nil {
			return err
		}
		err := machine.underGatewayLock(ctx, engineID, func() error { return machine.syncGateway(ctx) })
		if err != nil {
			return err
		}
		return compose.StopProject(ctx, machine.Engine, g.Preview.project(g.Number))
	})
	if err != nil {
		return fmt.Errorf("stop %s: %w", id, err)
	}
	return nil
}

// Start starts a preview again that was stopped. Services may need a while
// until they answer.
func Start(ctx context.Context, machine Machine, id string) error {
	err := machine.alone(ctx, id, "start", func(engineID string, s survey, g generation) error {
		if _, asleep := s.marker(id, g.Number, markAsleep); !asleep {
			return nil
		}
		if err := compose.StartProject(ctx, machine.Engine, g.Preview.project(g.Number)); err != nil {
			return err
		}
		if err := machine.wake(ctx, s, g); err != nil {
			return err
		}
		return machine.underGatewayLock(ctx, engineID, func() error { return machine.syncGateway(ctx) })
	})
	if err != nil {
		return fmt.Errorf("start %s: %w", id, err)
	}
	return nil
}

// sleep says that a generation is asleep; it is harmless when repeated.
func (m Machine) sleep(ctx context.Context, s survey, g generation) error {
	k, _, kept := s.keeper(g.Preview.ID, g.Number)
	if !kept {
		return g.set(ctx, m.Engine.Client(), markAsleep, nil)
	}
	if k.is == markAsleep {
		return nil
	}
	to := k
	to.is, to.since = markAsleep, time.Now()
	return m.rename(ctx, g, k, to)
}

// wake says that it is not; it is harmless when repeated.
func (m Machine) wake(ctx context.Context, s survey, g generation) error {
	k, _, kept := s.keeper(g.Preview.ID, g.Number)
	if !kept {
		return g.unset(ctx, m.Engine.Client(), markAsleep)
	}
	to := k
	to.is, to.since = markServing, time.Time{}
	return m.rename(ctx, g, k, to)
}
