package compose

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

var errPending = errors.New("pending")

func newStack(e *Engine, p *types.Project, observe func(Event)) *Stack { return &Stack{e, p, observe} }
func (s *Stack) run(context.Context, OneOff) (Exit, error)             { return Exit{}, errPending }
func (s *Stack) exec(context.Context, string, ExecOptions) (int, error) {
	return 0, errPending
}
func (s Seen) describe() string                            { return s.State }
func (s *Stack) wait(context.Context, time.Duration) error { return errPending }
func (s *Stack) ps(context.Context) ([]Container, error)   { return nil, errPending }
func list(context.Context, *Engine, map[string]string) ([]Container, error) {
	return nil, errPending
}

func removeByLabel(context.Context, *Engine, map[string]string) (Removed, error) {
	return Removed{}, errPending
}
func (s *Stack) up(context.Context, []string) error                { return errPending }
func (s *Stack) stop(context.Context) error                        { return errPending }
func (s *Stack) down(context.Context) error                        { return errPending }
func (s *Stack) build(context.Context) error                       { return errPending }
func (s *Stack) pull(context.Context) error                        { return errPending }
func (s *Stack) logs(context.Context, LogOptions, io.Writer) error { return errPending }

// DataDir tells where the database volume of a service has to be mounted: from
// its PGDATA, else from the image, when the engine has it, else from the image's name.
func (e *Engine) DataDir(context.Context, *types.Project, string) (string, error) {
	return "", errPending
}
