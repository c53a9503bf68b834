package snapshot

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Each connection is a process of its own on the server, and what one process
// has read the next has to map, or fetch, anew: rows that lie close together
// are for the same connection, whatever is asked about them and whenever.

// lane is the connection, by position, for a block of a heap.
func (s *Snapshot) lane(h *catalog.Heap, r Row) int {
	lanes := int64(len(s.Workers))
	return int(min(int64(r.TID().BlockNumber)*lanes/max(h.Pages, 1), lanes-1))
}

// Stretch is rows of one heap for one connection.
type Stretch struct {
	Lane int
	Rows []Row
}

// Stretches splits sorted rows of a heap, at most size in each.
func (s *Snapshot) Stretches(h *catalog.Heap, rows []Row, size int) []Stretch {
	var all []Stretch
	for len(rows) > 0 {
		lane, n := s.lane(h, rows[0]), 1
		for n < min(size, len(rows)) && s.lane(h, rows[n]) == lane {
			n++
		}
		all = append(all, Stretch{lane, rows[:n]})
		rows = rows[n:]
	}
	return all
}

// lanes hands out tasks, to each connection first those that are meant for it.
type lanes struct {
	mu    sync.Mutex
	tasks [][]int // by connection
}

func (l *lanes) take(own int) (task int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := own
	for lane := range l.tasks {
		if len(l.tasks[own]) == 0 && len(l.tasks[lane]) > len(l.tasks[from]) {
			from = lane
		}
	}
	if len(l.tasks[from]) == 0 {
		return 0, false
	}
	task = l.tasks[from][0]
	l.tasks[from] = l.tasks[from][1:]
	return task, true
}

// Spread calls do for 0 to n-1, on all connections at once, each preferably on
// that of its lane. Nobody else asks a connection meanwhile.
func (s *Snapshot) Spread(
	ctx context.Context, n int, lane func(i int) int, do func(ctx context.Context, c *pgx.Conn, i int) error,
) error {
	return s.spread(ctx, n, lane, func(ctx context.Context, l *line, i int) error {
		l.turn.Lock()
		defer l.turn.Unlock()
		return s.Explain(l.conn, s.alone(ctx, l, func() error { return do(ctx, l.conn, i) }))
	})
}

func (s *Snapshot) spread(
	ctx context.Context, n int, lane func(i int) int, do func(ctx context.Context, l *line, i int) error,
) error {
	tasks := &lanes{tasks: make([][]int, len(s.lines))}
	for i := range n {
		own := lane(i) % len(s.lines)
		tasks.tasks[own] = append(tasks.tasks[own], i)
	}
	g, ctx := errgroup.WithContext(ctx)
	for own, l := range s.lines {
		g.Go(func() error {
			for i, ok := tasks.take(own); ok; i, ok = tasks.take(own) {
				if err := do(ctx, l, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// InTurn keeps a connection to one query at a time.
func (s *Snapshot) InTurn(ctx context.Context, lane int, do func() error) error {
	l := s.lines[lane]
	l.turn.Lock()
	defer l.turn.Unlock()
	return s.alone(ctx, l, do)
}

// Quiet waits until all that was sent is answered, also what nobody waits for: then a
// connection can be asked by itself. Where the context ends first, so do the connections.
func (s *Snapshot) Quiet(ctx context.Context) error {
	for _, l := range s.lines {
		stop := context.AfterFunc(ctx, l.hurry)
		l.idle()
		stop()
	}
	return context.Cause(ctx)
}

// idle returns when nothing is on its way.
func (l *line) idle() {
	l.turn.Lock()
	defer l.turn.Unlock()
}

// alone asks a connection that nobody else asks, which lets go of locks then.
func (s *Snapshot) alone(ctx context.Context, l *line, do func() error) error {
	if err := do(); err != nil || !s.restsNow(l) {
		return err
	}
	_, err := l.conn.PgConn().Exec(ctx, letsGo).ReadAll()
	return err
}

// Each calls do for 0 to n-1, on all connections at once.
func (s *Snapshot) Each(ctx context.Context, n int, do func(ctx context.Context, c *pgx.Conn, i int) error) error {
	return s.Spread(ctx, n, func(i int) int { return i }, do)
}
