package conninfo

import (
	"context"
	"crypto/tls"
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

	// Password makes a password for one connection, which takes a certificate that is
	// checked; nil: the string's holds.
	Password func(ctx context.Context, to Server, user string) (string, error)
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
func (w *Way) Parse(text string) (*pgx.ConnConfig, error) { return parse(text, w) }

// ParseAt is Parse for one of the servers that the string names; any, when it is none.
func (w *Way) ParseAt(text string, at Server) (*pgx.ConnConfig, error) {
	config, err := parse(text, w)
	if err == nil {
		Pin(&config.Config, at)
	}
	return config, err
}

// signIn has each connection give the password of the server that it leads to:
// made for it, or found in a file.
func (w *Way) signIn(config *pgconn.Config, found func(Server) string) error {
	if found != nil {
		config.Password = found(Server{Host: config.Host, Port: config.Port})
	}
	made := w != nil && w.Password != nil
	if !made && found == nil {
		return nil
	}
	if made && !verified(config) {
		return hint.Usage(&ParameterError{"sslmode", "to be verify-full: the server is sent a password in the clear"},
			"add sslmode=verify-full, and sslrootcert with the authority of its certificate")
	}
	config.AfterNetConnect = func(ctx context.Context, c *pgconn.Config, conn net.Conn) (net.Conn, error) {
		var err error
		if server := reachedBy(conn); made {
			c.Password, err = w.Password(ctx, server, c.User)
		} else {
			c.Password = found(server)
		}
		return conn, err
	}
	return nil
}

// verified tells whether all servers have to show a certificate that is checked.
func verified(config *pgconn.Config) bool {
	checked := func(c *tls.Config) bool {
		return c != nil && (!c.InsecureSkipVerify || c.VerifyPeerCertificate != nil)
	}
	return checked(config.TLSConfig) && !slices.ContainsFunc(config.Fallbacks, func(f *pgconn.FallbackConfig) bool {
		return !checked(f.TLSConfig)
	})
}

// PasswordFor returns the password that a connection to a server is to give that
// begins now.
func PasswordFor(ctx context.Context, config *pgconn.Config, to Server) (string, error) {
	if config.AfterNetConnect == nil {
		return config.Password, nil
	}
	c := config.Copy()
	_, err := config.AfterNetConnect(ctx, c, &reached{Server: to})
	return c.Password, err
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
