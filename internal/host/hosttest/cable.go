package hosttest

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// Cable lies between us and a server, and can be cut or go silent.
type Cable struct {
	Port   int
	mutex  sync.Mutex
	lines  []net.Conn
	silent bool
	dials  int
}

// NewCable lays a cable to an address.
func NewCable(t *testing.T, to string) *Cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cable{Port: l.Addr().(*net.TCPAddr).Port}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		c.Cut()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			far, err := (&net.Dialer{}).DialContext(context.WithoutCancel(t.Context()), "tcp", to)
			if err != nil {
				from.Close()
				continue
			}
			c.mutex.Lock()
			c.lines, c.dials = append(c.lines, from, far), c.dials+1
			c.mutex.Unlock()
			wg.Go(func() { c.carry(far, from) })
			wg.Go(func() { c.carry(from, far) })
		}
	})
	return c
}

func (c *Cable) carry(to, from net.Conn) {
	defer to.Close()
	_, _ = io.Copy(writer(func(p []byte) (int, error) {
		c.mutex.Lock()
		silent := c.silent
		c.mutex.Unlock()
		if silent {
			return len(p), nil
		}
		return to.Write(p)
	}), from)
}

type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// Cut breaks all connections.
func (c *Cable) Cut() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, line := range c.lines {
		line.Close()
	}
	c.lines = nil
}

// Hush swallows everything without a word, as a network does that went away.
func (c *Cable) Hush(silent bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.silent = silent
}

// Made counts the connections that there were.
func (c *Cable) Made() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.dials
}
