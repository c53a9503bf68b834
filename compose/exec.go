package compose

import (
	"context"
	"io"
)

// ExecOptions is a command to run in a service's running container.
type ExecOptions struct {
	Argv []string
	Env  map[string]string
	User string
	// Stdin may be nil.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// TTY gives the command a terminal; when Stdin is one too, it is set to
	// raw mode and its size is followed.
	TTY bool
}

// Exec runs a command in the running container of a service and gives its exit
// code.
func (s *Stack) Exec(ctx context.Context, service string, o ExecOptions) (int, error) {
	return s.exec(ctx, service, o)
}
