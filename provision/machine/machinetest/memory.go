package machinetest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// Memory is a provider whose machines are all this computer. The zero value is
// ready; it may be used by several goroutines at once.
type Memory struct {
	mutex    sync.Mutex
	machines map[string]machine.Machine
	made     int
}

// Check finds nothing missing.
func (m *Memory) Check(ctx context.Context) error { return context.Cause(ctx) }

// Ensure makes or starts a machine at once.
func (m *Memory) Ensure(ctx context.Context, spec machine.Spec) (machine.Machine, error) {
	if err := spec.Check(); err != nil {
		return machine.Machine{}, err
	}
	if ctx.Err() != nil {
		return machine.Machine{}, context.Cause(ctx)
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for id, found := range m.machines {
		if found.Preview != spec.Preview {
			continue
		}
		if err := spec.SameOwner(found); err != nil {
			return machine.Machine{}, err
		}
		found.State = machine.Running
		m.machines[id] = found
		return found, nil
	}
	return m.create(spec), nil
}

func (m *Memory) create(spec machine.Spec) machine.Machine {
	m.made++
	made := machine.Machine{
		ID: fmt.Sprintf("memory-%d", m.made), State: machine.Running, Address: "127.0.0.1", Created: time.Now(),
	}
	made.SetLabels(spec.AllLabels())
	if m.machines == nil {
		m.machines = map[string]machine.Machine{}
	}
	m.machines[made.ID] = made
	return made
}

// Connect reaches this computer.
func (m *Memory) Connect(ctx context.Context, of machine.Machine) (host.Host, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if found, ok := m.machines[of.ID]; !ok || found.State != machine.Running {
		return nil, fmt.Errorf("connect to %s: %w", of.ID, machine.ErrGone)
	}
	return host.Local{}, context.Cause(ctx)
}

// List returns the machines in the order in which they were made.
func (m *Memory) List(ctx context.Context, filter machine.Filter) ([]machine.Machine, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	found := slices.DeleteFunc(slices.Collect(maps.Values(m.machines)),
		func(one machine.Machine) bool { return !filter.Matches(one) })
	slices.SortFunc(found, func(a, b machine.Machine) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return found, nil
}

// Stop stops a machine at once.
func (m *Memory) Stop(ctx context.Context, id string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	found, ok := m.machines[id]
	if !ok {
		return fmt.Errorf("stop %s: %w", id, machine.ErrGone)
	}
	found.State = machine.Stopped
	m.machines[id] = found
	return context.Cause(ctx)
}

// Destroy forgets a machine.
func (m *Memory) Destroy(ctx context.Context, id string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.machines, id)
	return context.Cause(ctx)
}
