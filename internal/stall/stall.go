// Package stall ends transfers that stand still: a connection over which no byte
// goes for a minute is as good as lost, though nobody has closed it.
//
//	Dialer.DialContext ─▶ connection ─▶ read or write, no byte of either for After ─▶ *Error, a timeout
//	Reader ─▶ whoever reads takes what it was given, or Stalled is called
//
// It is for transfers. A query may think for hours without a byte: Patient asks
// the other computer alone whether it is there.
package stall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// After is how long a transfer may stand still.
const After = time.Minute

// An Error says that a transfer stood still. It is a net.Error, and a timeout.
type Error struct{ For time.Duration }

func (e *Error) Error() string { return fmt.Sprintf("no byte for %v", e.For) }

// Timeout implements net.Error.
func (*Error) Timeout() bool { return true }

// Temporary implements net.Error: it is worth another try.
func (*Error) Temporary() bool { return true }

// A Dialer makes connections that end when they stand still.
type Dialer struct {
	After time.Duration // 0: the constant of that name
}

// DialContext connects as net.Dialer does.
func (d Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	after := d.After
	if after == 0 {
		after = After
	}
	inner, err := (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 15 * time.Second}).DialContext(ctx, network,
		address)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: inner, after: after}, nil
}

// Patient makes connections to servers that may think for as long as they like. One
// to a computer that has not answered for a minute ends: its kernel answers while
// the server thinks.
func Patient() *net.Dialer {
	return &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: After / 4, Interval: After / 4,
		Count: 3,
	}}
}

// Transport is http.DefaultTransport over connections that end when they stand
// still.
func (d Dialer) Transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = d.DialContext
	return t
}

// conn gives what is under way in either direction a new term with every byte in
// either: whoever uploads for long reads nothing meanwhile. Deadlines of others
// are not its own.
type conn struct {
	net.Conn
	after time.Duration
}

func (c *conn) Read(p []byte) (int, error) {
	c.renew()
	n, err := c.Conn.Read(p)
	return n, c.explain(err)
}

func (c *conn) Write(p []byte) (written int, err error) {
	for written < len(p) || len(p) == 0 {
		c.renew()
		// In pieces, each with a term of its own.
		n, err := c.Conn.Write(p[written:min(len(p), written+piece)])
		written += n
		if err != nil || len(p) == 0 {
			return written, c.explain(err)
		}
	}
	c.renew()
	return written, nil
}

// piece is small enough for the slowest line to take within a term.
const piece = 64 << 10

func (c *conn) renew() { _ = c.Conn.SetDeadline(time.Now().Add(c.after)) }

func (c *conn) explain(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &Error{For: c.after}
	}
	return err
}

// A Reader is read by somebody who sends it on. When what it gave is not gone
// after the term, Stalled is called, once: that is, when nobody came for more.
type Reader struct {
	From    io.Reader
	After   time.Duration // 0: the constant of that name
	Stalled func(error)

	mutex sync.Mutex
	timer *time.Timer // nil: nobody is waited for
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	r.Stop()
	n, err := r.From.Read(p)
	if err != nil {
		return n, err // there is nothing more to come for
	}
	after := r.term()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.timer = time.AfterFunc(after, func() { r.Stalled(&Error{For: after}) })
	return n, nil
}

// Write takes signs of life of the other side, which gives it a new term.
func (r *Reader) Write(p []byte) (int, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.timer != nil {
		r.timer.Reset(r.term())
	}
	return len(p), nil
}

func (r *Reader) term() time.Duration {
	if r.After == 0 {
		return After
	}
	return r.After
}

// Stop ends the watch.
func (r *Reader) Stop() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
}
