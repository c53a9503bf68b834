package provision

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
)

// outlast lets what runs of a generation that serves come back when the engine
// starts again, where the compose file says nothing about that. Not before: a
// service that cannot start, while it is waited for, would be started for ever.
func (h *shape) outlast(ctx context.Context) error {
	s, err := look(ctx, h.Docker.Client(), h.next.Preview.ID)
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	containers := s.containersOf(h.next.Preview.ID, h.next.Number)
	errs := make([]error, len(containers))
	for i, c := range containers {
		if c.running() && mayOutlast(h.stack.Load().Project(), c.service()) {
			all.Go(func() { errs[i] = h.restartUnlessStopped(ctx, c) })
		}
	}
	all.Wait()
	return errors.Join(errs...)
}

func (e Engine) restartUnlessStopped(ctx context.Context, c seenContainer) error {
	_, err := e.Docker.Client().ContainerUpdate(ctx, c.ID, container.UpdateConfig{
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyUnlessStopped},
	})
	if err != nil && !notFound(err) {
		return fmt.Errorf("let %s outlast a restart: %w", c.service(), err)
	}
	return nil
}

// mayOutlast tells whether it is for us to say that a service runs for good: the
// file does not, and no other service waits for its end.
func mayOutlast(project *types.Project, name string) bool {
	service, known := project.Services[name]
	if !known || service.Restart != "" || service.Deploy != nil && service.Deploy.RestartPolicy != nil {
		return false
	}
	for _, other := range project.Services {
		if other.DependsOn[name].Condition == types.ServiceConditionCompletedSuccessfully {
			return false
		}
	}
	return true
}
