package provision

import (
	"context"
	"errors"
	"io"

	"github.com/offshoot-dev/offshoot/compose"
)

// Logs writes the log lines of a preview's services.
func Logs(ctx context.Context, machine Machine, id string, options compose.LogOptions, w io.Writer) error {
	return errors.New("pending")
}

// Exec runs a command in the container of a service and returns its exit code.
func Exec(ctx context.Context, machine Machine, id, service string, options compose.ExecOptions) (int, error) {
	return 0, errors.New("pending")
}

// Psql runs psql in the database's container, as its owner and on its
// database. The arguments are psql's own; Argv of the options is not used.
func Psql(ctx context.Context, machine Machine, id string, args []string, options compose.ExecOptions) (int, error) {
	return 0, errors.New("pending")
}
