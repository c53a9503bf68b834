package relay

import (
	"io"
	"sync"
)

// mouth writes without waiting: a server that has more to say than anybody reads
// at the moment does not hear what it is asked meanwhile.
type mouth struct {
	mu      sync.Mutex
	more    *sync.Cond
	waiting []byte
	err     error
	closed  bool
	ended   chan struct{}
}

func newMouth(to io.Writer) *mouth {
	m := &mouth{ended: make(chan struct{})}
	m.more = sync.NewCond(&m.mu)
	go m.speak(to)
	return m
}

func (m *mouth) speak(to io.Writer) {
	defer close(m.ended)
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		for len(m.waiting) == 0 && !m.closed {
			m.more.Wait()
		}
		if len(m.waiting) == 0 || m.err != nil {
			return
		}
		words := m.waiting
		m.waiting = nil
		m.mu.Unlock()
		_, err := to.Write(words)
		m.mu.Lock()
		m.err = err
	}
}

// Write has something said, and fails where an earlier word could not be.
func (m *mouth) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return 0, m.err
	}
	m.waiting = append(m.waiting, p...)
	m.more.Signal()
	return len(p), nil
}

// close ends it once all is said.
func (m *mouth) close() error {
	m.mu.Lock()
	m.closed = true
	m.more.Signal()
	m.mu.Unlock()
	<-m.ended
	return m.err
}
