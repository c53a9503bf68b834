package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// UnreachableError says that the machine, which is there, does not get through to
// an address.
type UnreachableError struct{ Address, Reason string }

func (e *UnreachableError) Error() string { return e.Address + ": " + e.Reason }

// Forward connects from the machine to an address of its network, or to a socket
// in its files. It is an *UnreachableError where the machine cannot or may not.
// Later, an error of what it returns is ErrLost where not the far end but the
// machine is gone.
func (s *SSH) Forward(ctx context.Context, network, address string) (net.Conn, error) {
	for tries := 0; ; tries++ {
		l, err := s.connected(ctx)
		if err != nil {
			return nil, err
		}
		conn, err := l.client.DialContext(ctx, network, address)
		if err == nil {
			return &forwarded{Conn: conn, line: l, to: place{network, address}}, nil
		}
		var refused *ssh.OpenChannelError
		switch {
		case errors.As(err, &refused):
			return nil, &UnreachableError{address, reason(refused)}
		case ctx.Err() != nil:
			return nil, fmt.Errorf("ssh to %s: %w", s.remote.Address, context.Cause(ctx))
		case tries > 0:
			return nil, fmt.Errorf("ssh to %s: %w", s.remote.Address, err)
		}
		l.client.Close() // that it is lost shows only here
		<-l.dead
	}
}

func reason(e *ssh.OpenChannelError) string {
	if e.Reason == ssh.Prohibited {
		return "it does not forward there"
	}
	if e.Message == "" {
		return e.Reason.String()
	}
	return e.Message
}

// place is an address as it was asked for: what it leads to, the machine knows.
type place struct{ network, address string }

func (p place) Network() string { return p.network }
func (p place) String() string  { return p.address }

// forwarded is a connection through a machine. SSH knows no deadlines: one that
// passes ends the connection, which whoever gives one does next.
type forwarded struct {
	net.Conn
	line *line
	to   place

	mutex sync.Mutex // guards what follows
	timer *time.Timer
	late  bool
}

func (f *forwarded) RemoteAddr() net.Addr { return f.to }

func (f *forwarded) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	return n, f.explain(err)
}

func (f *forwarded) Write(p []byte) (int, error) {
	n, err := f.Conn.Write(p)
	return n, f.explain(err)
}

// explain tells the end of the connection from that of the machine, which is asked
// for a sign of life.
func (f *forwarded) explain(err error) error {
	if err == nil {
		return nil
	}
	f.mutex.Lock()
	late := f.late
	f.mutex.Unlock()
	if late {
		return os.ErrDeadlineExceeded
	}
	if _, _, gone := f.line.client.SendRequest("keepalive@openssh.com", true, nil); gone != nil {
		return ErrLost
	}
	return err
}

func (f *forwarded) SetDeadline(t time.Time) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.timer != nil {
		f.timer.Stop()
		f.timer = nil
	}
	if t.IsZero() {
		return nil
	}
	f.timer = time.AfterFunc(time.Until(t), func() {
		f.mutex.Lock()
		f.late = true
		f.mutex.Unlock()
		f.Conn.Close()
	})
	return nil
}

func (f *forwarded) SetReadDeadline(t time.Time) error  { return f.SetDeadline(t) }
func (f *forwarded) SetWriteDeadline(t time.Time) error { return f.SetDeadline(t) }

func (f *forwarded) Close() error {
	_ = f.SetDeadline(time.Time{})
	return f.Conn.Close()
}
