package host

import (
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// ear is a connection that knows when it last heard a byte.
type ear struct {
	net.Conn
	last atomic.Int64 // nanoseconds since 1970
}

func (e *ear) Read(p []byte) (int, error) {
	n, err := e.Conn.Read(p)
	if n > 0 {
		e.last.Store(time.Now().UnixNano())
	}
	return n, err
}

// keep watches over a connection: it closes one that no longer answers, as
// after a network that went away without a word. On a slow line the answer to a
// sign of life comes after all that was sent before it: any byte is one.
func keep(client *ssh.Client, alive time.Duration, heard *ear) *line {
	l := &line{client: client, dead: make(chan struct{})}
	l.ended.Go(func() {
		_ = client.Wait()
		close(l.dead)
	})
	l.ended.Go(func() {
		for {
			select {
			case <-l.dead:
				return
			case <-time.After(alive):
			}
			answered := make(chan struct{})
			l.ended.Go(func() { l.listen(heard, time.Now(), alive, answered) })
			_, _, err := client.SendRequest("keepalive@openssh.com", true, nil)
			close(answered)
			if err != nil {
				client.Close()
			}
		}
	})
	return l
}

// listen closes the connection when nothing is heard for so long, until the sign
// of life is answered.
func (l *line) listen(heard *ear, since time.Time, alive time.Duration, answered <-chan struct{}) {
	for {
		if last := time.Unix(0, heard.last.Load()); last.After(since) {
			since = last
		}
		left := time.Until(since.Add(alive))
		if left <= 0 {
			l.client.Close()
			return
		}
		select {
		case <-answered:
			return
		case <-l.dead:
			return
		case <-time.After(left):
		}
	}
}
