package sink

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"
)

// task is something to do on some connection, while no other task has one of
// its tables.
type task struct {
	tables []uint32 // by OID
	do     func(ctx context.Context, conn *pgconn.PgConn) error
}

// board hands out tasks whose tables are free.
type board struct {
	mu    sync.Mutex
	freed *sync.Cond
	tasks []task
	busy  map[uint32]bool
	over  bool
}

// take waits for a task that may be done now; nil when none is left.
func (b *board) take() *task {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.over && len(b.tasks) > 0 {
		i := slices.IndexFunc(b.tasks, func(t task) bool {
			return !slices.ContainsFunc(t.tables, func(table uint32) bool { return b.busy[table] })
		})
		if i < 0 {
			b.freed.Wait()
			continue
		}
		t := b.tasks[i]
		b.tasks = slices.Delete(b.tasks, i, i+1)
		for _, table := range t.tables {
			b.busy[table] = true
		}
		return &t
	}
	return nil
}

// done frees the tables of a task. After one that failed no other begins.
func (b *board) done(t *task, failed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, table := range t.tables {
		delete(b.busy, table)
	}
	b.over = b.over || failed
	b.freed.Broadcast()
}

// share does tasks on all connections of the pool, those of the largest tables
// first: the one that takes longest must not be the last to begin.
func (d *database) share(ctx context.Context, tasks []task) error {
	size := func(t task) (bytes int64) {
		for _, table := range t.tables {
			bytes = max(bytes, d.copied[table])
		}
		return bytes
	}
	slices.SortStableFunc(tasks, func(a, b task) int { return cmp.Compare(size(b), size(a)) })
	b := &board{tasks: tasks, busy: map[uint32]bool{}}
	b.freed = sync.NewCond(&b.mu)
	g, ctx := errgroup.WithContext(ctx)
	for range min(d.options.Connections, len(tasks)) {
		g.Go(func() error {
			for t := b.take(); t != nil; t = b.take() {
				err := d.onConnection(ctx, t.do)
				b.done(t, err != nil)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func (d *database) onConnection(ctx context.Context, do func(context.Context, *pgconn.PgConn) error) error {
	conn, err := d.pool.take(ctx)
	if err != nil {
		return err
	}
	err = do(ctx, conn)
	d.pool.giveBack(ctx, conn, err)
	return err
}
