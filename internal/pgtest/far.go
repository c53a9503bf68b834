package pgtest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Far is a long way to the cluster: what either side says arrives half a round
// trip later, however much of it is under way. It counts who waits for whom.
type Far struct {
	URL string // of a database, the long way

	half  time.Duration
	began time.Time

	mu    sync.Mutex
	turns []Turn
	conns []net.Conn
	lines int
	waits []wait
}

// wait is the moment from which on a connection waits for what is under way.
type wait struct {
	line int
	from time.Time
}

// Turn is what a client said before it waited for an answer.
type Turn struct {
	Line int           // connection, counted from 1
	At   time.Duration // since the way is there
	Said []string      // the beginnings of its statements, or what else it was
}

// NewFar makes a way to the database of connection on which a question and its
// answer take so long. It ends with the test.
func NewFar(t testing.TB, connection string, roundTrip time.Duration) *Far {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &Far{half: roundTrip / 2, began: time.Now()}
	f.URL = WithPort(t, connection, l.Addr().(*net.TCPAddr).Port)
	to := parse(t, connection).Host
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		f.cut()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { f.connect(from, to) })
		}
	})
	return f
}

// connect carries what both sides of one connection say.
func (f *Far) connect(near net.Conn, to string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	distant, err := (&net.Dialer{}).DialContext(ctx, "tcp", to)
	if err != nil {
		_ = near.Close()
		return
	}
	f.mu.Lock()
	f.conns = append(f.conns, near, distant)
	f.lines++
	line := &line{far: f, number: f.lines}
	f.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { f.carry(distant, near, line.asked) })
	both.Go(func() { f.carry(near, distant, line.answered) })
	both.Wait()
	_, _ = near.Close(), distant.Close()
}

// parcel is bytes under way; none at the end of all.
type parcel struct {
	due   time.Time
	bytes []byte
}

// carry hands on what it reads when that is due, and reads on meanwhile.
func (f *Far) carry(to, from net.Conn, heard func(at time.Time, p []byte)) {
	const most = 1 << 12 // parcels under way, of 64 kB at most
	way := make(chan parcel, most)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(way)
		for buffer := make([]byte, 1<<16); ; {
			n, err := from.Read(buffer)
			now := time.Now()
			if n > 0 || err != nil {
				heard(now, buffer[:n])
				way <- parcel{now.Add(f.half), append([]byte(nil), buffer[:n]...)}
			}
			if err != nil {
				return
			}
		}
	})
	for p := range way {
		time.Sleep(time.Until(p.due))
		if len(p.bytes) > 0 {
			_, _ = to.Write(p.bytes) // who is gone hears nothing
		}
	}
	if c, ok := to.(*net.TCPConn); ok {
		_ = c.CloseWrite()
	}
	reading.Wait()
}

func (f *Far) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		_ = c.Close()
	}
}

// line is one connection.
type line struct {
	far     *Far
	number  int
	listen  listener
	waiting bool // the client said something and has no answer yet
	gone    bool // the client
	turn    int  // by position in turns
}

func (l *line) asked(at time.Time, p []byte) {
	f := l.far
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(p) == 0 {
		l.gone = true
		return
	}
	if !l.waiting {
		l.waiting, l.turn = true, len(f.turns)
		f.turns = append(f.turns, Turn{Line: l.number, At: at.Sub(f.began)})
		f.waits = append(f.waits, wait{l.number, at})
	}
	f.turns[l.turn].Said = append(f.turns[l.turn].Said, l.listen.hear(p)...)
}

func (l *line) answered(at time.Time, _ []byte) {
	f := l.far
	f.mu.Lock()
	defer f.mu.Unlock()
	if l.waiting && !l.gone {
		l.waiting = false
		f.waits = append(f.waits, wait{l.number, at})
	}
}

// Turns lists all there were so far.
func (f *Far) Turns() []Turn {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Turn(nil), f.turns...)
}

// Depth is how many round trips lay one behind the other, whichever connection
// each of them went: the time in which anything was under way, in round trips.
// What connections wait for side by side counts once, as far as it is at the
// same time, so that a machine which is slow beside the way makes more of it.
func (f *Far) Depth() float64 { return f.DepthOf(func(int) bool { return true }) }

// DepthOf is the same of some connections.
func (f *Far) DepthOf(counts func(line int) bool) float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	var waited time.Duration
	var last time.Time
	for _, w := range f.waits {
		if counts(w.line) {
			waited += min(f.half, w.from.Sub(last))
			last = w.from
		}
	}
	if f.half == 0 {
		return 0
	}
	return float64(waited) / float64(2*f.half)
}

// String lists all turns, a line each.
func (f *Far) String() string {
	var b strings.Builder
	turns := f.Turns()
	fmt.Fprintf(&b, "%d turns, %.1f of them one behind the other\n", len(turns), f.Depth())
	for _, t := range turns {
		fmt.Fprintf(&b, "%8.1f ms  %2d  %s\n", float64(t.At.Microseconds())/1000, t.Line, strings.Join(t.Said, " | "))
	}
	return b.String()
}
