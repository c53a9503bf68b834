package provision

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Logs writes the log lines of a preview's services.
func (e Engine) Logs(ctx context.Context, p Preview, options compose.LogOptions, w io.Writer) error {
	s, g, err := e.find(ctx, p)
	if err != nil {
		return err
	}
	for _, service := range options.Services {
		if err := s.hasService(g, service); err != nil {
			return err
		}
	}
	return e.existing(g).Logs(ctx, options, w)
}

// Exec runs a command in the container of a service and returns its exit code.
func (e Engine) Exec(ctx context.Context, p Preview, service string, options compose.ExecOptions) (int, error) {
	s, g, err := e.find(ctx, p)
	if err != nil {
		return 0, err
	}
	if err := s.hasService(g, service); err != nil {
		return 0, err
	}
	return e.existing(g).Exec(ctx, service, options)
}

// hasService refuses the name of a service that has no container.
func (s survey) hasService(g generation, service string) error {
	var names []string
	for _, c := range s.containersOf(g.Preview.ID, g.Number) {
		names = append(names, c.service())
	}
	if slices.Contains(names, service) {
		return nil
	}
	return hint.Usage(fmt.Errorf("no service %q in %s", service, g.Preview.ID), "it has %s", strings.Join(names, ", "))
}

// existing reaches a generation that is already there.
func (e Engine) existing(g generation) *compose.Stack {
	return compose.NewStack(e.Docker, &types.Project{Name: g.Preview.project(g.Number)}, nil)
}
