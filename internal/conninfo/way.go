package conninfo

import (
	"context"
	"errors"
	"net"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Way is how servers are reached where a connection string does not say. None, nil,
// and the zero Way are the network of this computer and the string's password.
type Way struct {
	Name string // of Dial's, for people; empty without one

	// Dial connects to an address of the network where the servers are, which
	// also knows their names; network is tcp or unix. Errors of the way itself,
	// also of the connection later, are a *WayError. Nil: this computer's network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Password makes a password for one connection; nil: the string's holds.
	Password func(ctx context.Context, host string, port uint16, user string) (string, error)
}

// WayError says that the way to a server is at fault, and not the server.
type WayError struct {
	Way string // such as bastion tunnel@bastion.example.com
	Err error
}

func (e *WayError) Error() string { return e.Way + ": " + e.Err.Error() }
func (e *WayError) Unwrap() error { return e.Err }

// Fault returns what err says of the way alone, with its hints: what pgx and the
// system add to it is about the server. It is nil where the way is not at fault.
func Fault(err error) error {
	var way *WayError
	if !errors.As(err, &way) {
		return nil
	}
	var fault error = way
	for _, advice := range slices.Backward(hint.Of(err)) {
		fault = hint.Wrap(fault, "%s", advice)
	}
	return fault
}

// Direct tells whether servers are in this computer's own network.
func (w *Way) Direct() bool { return w == nil || w.Dial == nil }

// Parse reads a connection string as the function of that name does, of a database
// that is reached this way.
func (w *Way) Parse(text string) (*pgx.ConnConfig, error) {
	config, err := parse(text, w)
	if err != nil || w == nil || w.Password == nil {
		return config, err
	}
	if err := oneHost(&config.Config); err != nil {
		return nil, err
	}
	config.AfterNetConnect = func(ctx context.Context, c *pgconn.Config, conn net.Conn) (net.Conn, error) {
		var err error
		c.Password, err = w.Password(ctx, c.Host, c.Port, c.User)
		return conn, err
	}
	return config, nil
}

// FreshPassword returns the password that a connection beginning now is to give.
func (w *Way) FreshPassword(ctx context.Context, config *pgconn.Config) (string, error) {
	if w == nil || w.Password == nil {
		return config.Password, nil
	}
	return w.Password(ctx, config.Host, config.Port, config.User)
}

// dial has a configuration go this way. The names of hosts are for the other end
// to look up.
func (w *Way) dial(config *pgconn.Config) {
	if w.Direct() {
		return
	}
	config.DialFunc = w.Dial
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
}

// oneHost refuses several hosts where each would take a password of its own.
func oneHost(config *pgconn.Config) error {
	if len(Hosts(config)) == 1 {
		return nil
	}
	return hint.Usage(errors.New("several hosts, each with passwords of its own"),
		"give one host: that of the cluster, whose name leads to the instance that is to be read")
}
