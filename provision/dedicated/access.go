package dedicated

import (
	"context"
	"io"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// AccessTo asks the machine, whose gateway has the key.
func (p Previews) AccessTo(ctx context.Context, of provision.Preview) (*provision.Access, error) {
	return p.access(ctx, of, false)
}

// RotateAccess ends all sign-ins, and tells how to get in from now on.
func (p Previews) RotateAccess(ctx context.Context, of provision.Preview) (*provision.Access, error) {
	return p.access(ctx, of, true)
}

func (p Previews) access(ctx context.Context, of provision.Preview, rotate bool) (access *provision.Access, err error) {
	err = p.on(ctx, of, func(s remote.Site) error {
		access, err = s.Access(ctx, of.ID, rotate, p.Stderr)
		return err
	})
	return access, err
}

// Logs writes the log lines of a preview's services.
func (p Previews) Logs(ctx context.Context, of provision.Preview, o compose.LogOptions, w io.Writer) error {
	return p.on(ctx, of, func(s remote.Site) error { return s.Logs(ctx, of.ID, o, w, p.Stderr) })
}

// Exec runs a command in the container of a service. It gets our terminal, if
// that is what the streams are.
func (p Previews) Exec(
	ctx context.Context, of provision.Preview, service string, o compose.ExecOptions,
) (code int, err error) {
	err = p.on(ctx, of, func(s remote.Site) error {
		code, err = s.Exec(ctx, of.ID, service, o)
		return err
	})
	return code, err
}

// Psql runs psql in the database's container, likewise.
func (p Previews) Psql(
	ctx context.Context, of provision.Preview, args []string, o compose.ExecOptions,
) (code int, err error) {
	err = p.on(ctx, of, func(s remote.Site) error {
		code, err = s.Psql(ctx, of.ID, args, o)
		return err
	})
	return code, err
}
