package subset

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
func (s *Source) lane(h *catalog.Heap, r row) int {
	lanes := int64(len(s.workers))
	return int(min(int64(r.tid().BlockNumber)*lanes/max(h.Pages, 1), lanes-1))
}

// stretch is rows of one heap for one connection.
type stretch struct {
	lane int
	rows []row
}

// stretches splits sorted rows of a heap, at most size in each.
func (s *Source) stretches(h *catalog.Heap, rows []row, size int) []stretch {
	var all []stretch
	for len(rows) > 0 {
		lane, n := s.lane(h, rows[0]), 1
		for n < min(size, len(rows)) && s.lane(h, rows[n]) == lane {
			n++
		}
		all = append(all, stretch{lane, rows[:n]})
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

// spread calls do for 0 to n-1, on all connections at once, each preferably on
// that of its lane.
func (s *Source) spread(ctx context.Context, n int, lane func(i int) int, do func(ctx context.Context, c *pgx.Conn, i int) error) error {
	l := &lanes{tasks: make([][]int, len(s.workers))}
	for i := range n {
		own := lane(i) % len(s.workers)
		l.tasks[own] = append(l.tasks[own], i)
	}
	g, ctx := errgroup.WithContext(ctx)
	for own, c := range s.workers {
		g.Go(func() error {
			for i, ok := l.take(own); ok; i, ok = l.take(own) {
				if err := s.inTurn(own, func() error { return do(ctx, c, i) }); err != nil {
					return s.explain(c, err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// inTurn keeps a connection to one query at a time.
func (s *Source) inTurn(lane int, do func() error) error {
	s.turns[lane].Lock()
	defer s.turns[lane].Unlock()
	return do()
}

// each calls do for 0 to n-1, on all connections at once.
func (s *Source) each(ctx context.Context, n int, do func(ctx context.Context, c *pgx.Conn, i int) error) error {
	return s.spread(ctx, n, func(i int) int { return i }, do)
}
