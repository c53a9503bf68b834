package snapshot

import (
	"net"
	"os"
	"sync"
	"time"
)

// gate is what everything to and from the source passes. While it is shut, the connections neither send nor receive:
// a server that sends rows waits for us, as for any slow reader.
type gate struct {
	mu   sync.Mutex
	shut chan struct{} // closed when the gate opens; nil while it is open
	err  error         // why nothing passes any more
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut == nil {
		g.shut = make(chan struct{})
	}
}

// open lets everything pass, or has it fail with err.
func (g *gate) open(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
	if g.shut != nil {
		close(g.shut)
		g.shut = nil
	}
}

// pass waits until the gate is open, at most until the first of ends.
func (g *gate) pass(ended, expired <-chan struct{}) error {
	for {
		g.mu.Lock()
		shut, err := g.shut, g.err
		g.mu.Unlock()
		if shut == nil {
			return err
		}
		select {
		case <-shut:
		case <-ended:
			return net.ErrClosed
		case <-expired:
			return os.ErrDeadlineExceeded
		}
	}
}

// dialed is a connection behind the gate.
func (g *gate) dialed(c net.Conn) net.Conn {
	return &gated{Conn: c, gate: g, ended: make(chan struct{}), expired: make(chan struct{})}
}

type gated struct {
	net.Conn
	gate  *gate
	ended chan struct{}
	once  sync.Once

	mu      sync.Mutex
	expired chan struct{} // closed at the deadline
	timer   *time.Timer
}

func (c *gated) Read(b []byte) (int, error) {
	if err := c.gate.pass(c.ended, c.deadline()); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *gated) Write(b []byte) (int, error) {
	if err := c.gate.pass(c.ended, c.deadline()); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *gated) Close() error {
	c.once.Do(func() { close(c.ended) })
	return c.Conn.Close()
}

func (c *gated) deadline() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expired
}

// SetDeadline is how pgx ends what waits when a context is cancelled. It sets
// no other.
func (c *gated) SetDeadline(t time.Time) error {
	c.mu.Lock()
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	select {
	case <-c.expired:
		c.expired = make(chan struct{})
	default: // those that wait may go on doing so, to the new deadline
	}
	if !t.IsZero() {
		expired := c.expired
		end := func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.expired == expired {
				closeOnce(expired)
			}
		}
		if left := time.Until(t); left <= 0 {
			closeOnce(expired)
		} else {
			c.timer = time.AfterFunc(left, end)
		}
	}
	c.mu.Unlock()
	return c.Conn.SetDeadline(t)
}

func closeOnce(c chan struct{}) {
	select {
	case <-c:
	default:
		close(c)
	}
}
