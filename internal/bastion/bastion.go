// Package bastion reaches servers of a private network through an SSH server that
// stands in it. Nothing is installed or left there.
//
//	Open ──▶ Bastion.Dial ──▶ SSH connection, made at the first call ──▶ server
//
// The bastion's own key is known ahead, from the configuration or the user's
// known_hosts: who answers with another one is sent nothing.
package bastion

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
)

// Options says which bastion to go through, and who we are there.
type Options struct {
	Via        string   // ssh://user@host:port; 22 without a port
	HostKey    string   // as in known_hosts, without the host; one a line; empty: as in KnownHosts
	Key        string   // private, in PEM; empty: Agent
	Agent      string   // socket of an SSH agent
	KnownHosts []string // files that name hosts and their keys
}

// Bastion is a way into the network behind an SSH server.
type Bastion struct {
	name   string
	remote host.Remote

	mutex  sync.Mutex // guards what follows
	ssh    *host.SSH
	closed bool
}

// Open checks what is known of a bastion. It connects to nothing.
func Open(o Options) (*Bastion, error) {
	to, err := Parse(o.Via)
	if err != nil {
		return nil, err
	}
	b := &Bastion{name: "bastion " + to.User + "@" + to.Address}
	key := o.HostKey
	if strings.TrimSpace(key) == "" {
		if key, err = host.KnownKeys(to.Address, o.KnownHosts); err != nil {
			return nil, hint.Usage(b.fault(err), "write source.host_key, as ssh-keyscan prints it without the name, "+
				"after comparing it with ssh-keygen -lf of the key on the bastion; or connect once with ssh")
		}
	} else if CheckHostKey(key) != nil {
		return nil, hint.Usage(b.fault(errors.New("its host key is none")),
			"write it as ssh-keyscan prints it, without the name in front: ssh-ed25519 AAAA…")
	}
	if o.Key == "" && o.Agent == "" {
		return nil, hint.Usage(b.fault(errors.New("no key to log in with")),
			"set OFFSHOOT_VIA_KEY to a private key, name its file with source.key, or start an SSH agent")
	}
	if o.Key != "" {
		if err := host.CheckKey([]byte(o.Key)); err != nil {
			return nil, hint.Usage(b.fault(errors.New("key to log in with: "+err.Error())),
				"give a private key as ssh-keygen makes it, without a passphrase; an SSH agent holds others")
		}
	}
	b.remote = host.Remote{
		Address: to.Address, User: to.User, Key: []byte(o.Key), Agent: o.Agent, HostKey: key,
	}
	return b, nil
}

// String names the bastion, as errors do.
func (b *Bastion) String() string { return b.name }

// Dial connects to a server in the bastion's network, or to a socket in its files.
// It makes conninfo.Way.Dial.
func (b *Bastion) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	line, err := b.connected(ctx)
	if err != nil {
		return nil, b.explain(err)
	}
	conn, err := line.Forward(ctx, network, address)
	var unreachable *host.UnreachableError
	if errors.As(err, &unreachable) {
		return nil, &net.OpError{Op: "dial from " + b.name, Net: network, Err: errors.New(unreachable.Reason)}
	}
	if err != nil {
		return nil, b.explain(err)
	}
	return &connection{Conn: conn, by: b}, nil
}

// Close ends the connection to the bastion, and all through it.
func (b *Bastion) Close() error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.closed = true
	if b.ssh == nil {
		return nil
	}
	return b.ssh.Close()
}

// connected returns the one connection to the bastion, which makes itself anew
// when it was lost.
func (b *Bastion) connected(ctx context.Context) (*host.SSH, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.closed {
		return nil, net.ErrClosed
	}
	if b.ssh != nil {
		return b.ssh, nil
	}
	var err error
	b.ssh, err = host.Dial(ctx, b.remote)
	return b.ssh, err
}

func (b *Bastion) fault(err error) error { return &conninfo.WayError{Way: b.name, Err: err} }

// explain says what to do about an error of the bastion.
func (b *Bastion) explain(err error) error {
	var stranger *host.HostKeyError
	switch {
	case errors.As(err, &stranger):
		return hint.Wrap(b.fault(err), "nothing was sent; if the bastion was made anew, compare the fingerprint "+
			"with ssh-keygen -lf of its key and mend source.host_key or known_hosts; else somebody is in between")
	case errors.Is(err, host.ErrLogin):
		return hint.Wrap(b.fault(host.ErrLogin), "add the public half of the key to the authorized_keys of that user")
	case errors.Is(err, host.ErrLost):
		return hint.Wrap(b.fault(host.ErrLost), "look at the bastion, and run the command again")
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return hint.Wrap(b.fault(err), "check that the bastion runs, and that this computer may reach its port")
}

// connection is one through the bastion, whose errors are told from those of the
// server.
type connection struct {
	net.Conn
	by *Bastion
}

func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.explain(err)
}

func (c *connection) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.explain(err)
}

func (c *connection) explain(err error) error {
	if errors.Is(err, host.ErrLost) {
		return c.by.explain(err)
	}
	return err
}

// Place is what the address of a bastion says.
type Place struct{ User, Address string }

// Parse reads ssh://user@host:port.
func Parse(via string) (Place, error) {
	if strings.HasPrefix(via, "ssm:") || strings.HasPrefix(via, "i-") {
		return Place{}, hint.Usage(errors.New("sessions of AWS Session Manager are not spoken"),
			"give an SSH server as ssh://user@host, or run offshoot inside the database's network")
	}
	u, err := parseURL(via)
	if err != nil {
		return Place{}, hint.Usage(errors.New("not the address of a bastion"),
			"write it like ssh://user@bastion.example.com, with :port where that is not 22")
	}
	return Place{User: u.User.Username(), Address: net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "22"))}, nil
}

var errMalformed = errors.New("malformed")

func parseURL(via string) (*url.URL, error) {
	u, err := url.Parse(via)
	if err != nil {
		return nil, errMalformed // its error quotes the text
	}
	_, password := u.User.Password()
	if u.Scheme != "ssh" || u.Hostname() == "" || u.User.Username() == "" || password ||
		strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment != "" {
		return nil, errMalformed
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, errMalformed
		}
	}
	return u, nil
}

// CheckHostKey refuses what is no public key, or one a line, as in Options.
func CheckHostKey(lines string) error { return host.CheckHostKey(lines) }
