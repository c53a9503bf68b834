package docker

import (
	"context"
	"fmt"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// Provider has one machine, this computer, for all previews. It is there
// before them and stays after them.
type Provider struct{}

const localID = "local"

// Check asks whether the engine answers.
func (Provider) Check(ctx context.Context) error {
	engine, err := compose.Connect(ctx)
	if err != nil {
		return err
	}
	return engine.Close()
}

// Ensure returns this computer.
func (Provider) Ensure(ctx context.Context, spec machine.Spec) (machine.Machine, error) {
	if err := spec.Check(); err != nil {
		return machine.Machine{}, err
	}
	m := machine.Machine{ID: localID, State: machine.Running, Address: "127.0.0.1"}
	m.SetLabels(spec.AllLabels())
	return m, context.Cause(ctx)
}

// Connect needs no connection.
func (Provider) Connect(ctx context.Context, _ machine.Machine) (host.Host, error) {
	return host.Local{}, context.Cause(ctx)
}

// List is empty: no machine was made for a preview.
func (Provider) List(ctx context.Context, _ machine.Filter) ([]machine.Machine, error) {
	return nil, context.Cause(ctx)
}

// Stop refuses to turn this computer off.
func (Provider) Stop(_ context.Context, id string) error {
	if id != localID {
		return fmt.Errorf("stop %s: %w", id, machine.ErrGone)
	}
	return fmt.Errorf("stop %s: %w", id, machine.ErrFixed)
}

// Destroy has nothing to remove beside the previews themselves.
func (Provider) Destroy(ctx context.Context, _ string) error { return context.Cause(ctx) }
