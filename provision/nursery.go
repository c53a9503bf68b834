package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
)

// A nursery is the one-off container in which the database is loaded when a template
// is to be made of it. A template is only what its name says. So nothing else gets at
// the data before it is taken: no hook, no health check and no other service
// runs, and the preview's variables are empty, since other previews have others.
// What needs one of these gets no template: see templateKey.
type nursery struct {
	id, service string
}

// openNursery starts the database's nursery. The database's own container is
// made before, and started after: its name is then taken for good.
func (f *filling) openNursery(ctx context.Context) error {
	stack := f.stackIn(ctx)
	if err := stack.Create(ctx, f.next.Database); err != nil {
		return err
	}
	env := map[string]string{}
	for name := range f.ownVariables(f.written.Services[f.next.Database]) {
		env[name] = ""
	}
	name, service, err := stack.StartOneOff(ctx, compose.OneOff{Service: f.next.Database, Env: env})
	if err != nil {
		return err
	}
	found, err := f.Docker.Client().ContainerInspect(ctx, name)
	if err != nil {
		return fmt.Errorf("inspect the database: %w", err)
	}
	f.nursery = nursery{id: found.ID, service: service}
	return nil
}

// leaveNursery starts the database's own container on what the nursery has left.
func (f *filling) leaveNursery(ctx context.Context) error {
	stack := f.stackIn(ctx)
	if err := stack.EndOneOff(ctx, f.nursery.id); err != nil {
		return err
	}
	f.nursery = nursery{}
	if err := stack.Start(ctx, f.next.Database); err != nil {
		return f.failed(ctx, fmt.Errorf("start the database: %w", err))
	}
	return f.awaitDatabase(ctx)
}

// databaseContainer is the container in which the database is at this moment.
func (f *filling) databaseContainer(ctx context.Context) (seenContainer, error) {
	if f.nursery.id == "" {
		return f.container(ctx, f.next.Database)
	}
	found, err := f.Docker.Client().ContainerInspect(ctx, f.nursery.id)
	if err != nil {
		return seenContainer{}, fmt.Errorf("inspect the database: %w", err)
	}
	return seenContainer{ID: found.ID, State: found.State.Status}, nil
}

// ownVariables are those of a service that we have given to it, and that differ
// between previews.
func (j *job) ownVariables(service types.ServiceConfig) map[string]string {
	own := map[string]string{}
	for name, value := range j.next.variables(j.at) {
		if set := service.Environment[name]; set != nil && *set == value {
			own[name] = value
		}
	}
	return own
}

// lonely refuses a database that needs more than itself to become what it is.
func lonely(service types.ServiceConfig) error {
	var others []string
	add := func(what string, there bool) {
		if there {
			others = append(others, what)
		}
	}
	add("depends_on", len(service.DependsOn) > 0)
	add("volumes_from", len(service.VolumesFrom) > 0)
	add("links", len(service.Links)+len(service.ExternalLinks) > 0)
	add("post_start", len(service.PostStart) > 0)
	add("provider", service.Provider != nil)
	modes := map[string]string{
		"network_mode": service.NetworkMode, "pid": service.Pid, "ipc": service.Ipc,
		"uts": service.Uts, "cgroup": service.Cgroup,
	}
	for name, mode := range modes {
		add(name, strings.Contains(mode, ":"))
	}
	if len(others) == 0 {
		return nil
	}
	slices.Sort(others)
	return errors.New("the database is not only its server: it has " + strings.Join(others, ", "))
}
