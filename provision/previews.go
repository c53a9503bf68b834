package provision

import (
	"context"
	"io"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
)

// Previews are those of one place: an Engine, or the machines of which each
// preview has one for itself, see package dedicated.
//
// A preview that is named with its repository has to be of that repository, or
// the error is hint.ErrUsage: whoever names a project can name somebody else's.
// Of one that is not there it is ErrNoPreview. Observe gets what happens; it may
// be nil.
type Previews interface {
	// Up brings a preview up, or updates it.
	Up(ctx context.Context, options Options, observe func(Event)) (*Result, error)
	// Down removes everything of one preview.
	Down(ctx context.Context, p Preview, guard Guard, observe func(Event)) (Removed, error)
	// DownAll removes every preview of one's repository. It goes on after one that
	// fails and joins the errors.
	DownAll(ctx context.Context, one Preview, observe func(Event)) (Removed, error)
	// Stop stops a preview, which keeps its data.
	Stop(ctx context.Context, p Preview) error
	// Start starts what has ended of a preview, waits until it is ready, for the
	// timeout at each wait (0: 5 minutes), and returns how it is then.
	Start(ctx context.Context, p Preview, timeout time.Duration, observe func(Event)) (Status, error)
	// Extend lets a preview live longer than it was meant to, and returns its new
	// end. One without an end keeps having none, which is the zero time.
	Extend(ctx context.Context, p Preview, by time.Duration) (until time.Time, err error)
	// Expire says when a preview expires; the zero time: never.
	Expire(ctx context.Context, p Preview, at time.Time) error

	// List lists the previews that pass the filter.
	List(ctx context.Context, filter Filter) ([]Status, error)
	// Get reads one preview.
	Get(ctx context.Context, p Preview) (Status, error)
	// Known lists whose previews there are, also where only remains are left, that
	// pass one of the filters. One may be there twice.
	Known(ctx context.Context, filters ...Filter) ([]Preview, error)

	// AccessTo tells how to get in to a preview; ErrOpen where nothing is needed.
	AccessTo(ctx context.Context, p Preview) (*Access, error)
	// RotateAccess ends all sign-ins, and tells how to get in from now on.
	RotateAccess(ctx context.Context, p Preview) (*Access, error)
	// Logs writes the log lines of a preview's services.
	Logs(ctx context.Context, p Preview, options compose.LogOptions, w io.Writer) error
	// Exec runs a command in the container of a service and returns its exit code.
	Exec(ctx context.Context, p Preview, service string, options compose.ExecOptions) (int, error)
	// Psql runs psql in the database's container and returns its exit code.
	Psql(ctx context.Context, p Preview, args []string, options compose.ExecOptions) (int, error)

	// Close ends the connection, where there is one.
	Close() error
}

var _ Previews = Engine{}

// Close ends the connection to the engine.
func (e Engine) Close() error { return e.Docker.Close() }

// Removed lists what a down removed.
type Removed struct {
	compose.Removed
	Previews []Preview // that are gone
	// Machines are the ids of those that previews had for themselves; nil: there
	// are none here.
	Machines []string
}
