package subset

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

const (
	copyBuffer  = 1 << 16 // bytes; COPY sends one message for each row
	mostOrdered = 64      // heaps whose rows are asked for before their turn
)

// copied is what came of one heap or table.
type copied struct {
	rows    int64
	bytes   int64
	seconds float64
}

// copyAll hands the kept rows to the sink, heap by heap in the order of the
// catalog, as many at once as both sides serve.
func (r *run) copyAll(ctx context.Context) error {
	r.heaps, r.tables = map[*catalog.Heap]copied{}, map[*catalog.Table]copied{}
	if err := r.copyExtras(ctx); err != nil {
		return err
	}
	for _, tables := range r.src.Database.CopyOrder() {
		if err := r.copyTables(ctx, tables); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) copyTables(ctx context.Context, tables []*catalog.Table) error {
	var heaps []*catalog.Heap
	for _, t := range tables {
		heaps = append(heaps, t.Heaps...)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(min(max(r.sink.Concurrency(), 1), len(r.src.Workers)))
	var ordering sync.WaitGroup
	shipments, all := make(chan *shipment, mostOrdered), []*shipment{}
	ordering.Go(func() { r.order(ctx, heaps, shipments) })
	for s := range shipments {
		all = append(all, s)
		g.Go(func() error {
			if err := r.copyHeap(ctx, s); err != nil {
				return fmt.Errorf("copy %s: %w", s.heap.Name.Dotted(), err)
			}
			return nil
		})
	}
	err := g.Wait() // ends the context too
	for range 2 {   // what was under way, and what that kept from being sent
		for _, s := range all {
			r.abandon(ctx, s)
		}
		ordering.Wait()
	}
	return err
}

func (r *run) copyHeap(ctx context.Context, s *shipment) error {
	began := time.Now()
	columns := copiedColumns(s.heap.Table)
	bytes, err := r.pass(ctx, s.heap, columns, func(ctx context.Context, w io.Writer) error {
		return r.copyOut(ctx, s, columns, w)
	})
	if err != nil {
		return err
	}
	s.parts = nil // their questions are long
	r.tell(s.heap, copied{s.rows, bytes, time.Since(began).Seconds()})
	return nil
}

// pass streams rows through a pipe to the sink: neither side holds more than a
// buffer of them.
func (r *run) pass(
	ctx context.Context, h *catalog.Heap, columns []string, out func(context.Context, io.Writer) error,
) (bytes int64, err error) {
	reader, writer := io.Pipe()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		err := out(ctx, writer)
		writer.CloseWithError(err)
		return err
	})
	g.Go(func() error {
		var err error
		bytes, err = r.sink.Rows(ctx, h, columns, reader)
		if err != nil {
			reader.CloseWithError(err)
			return err
		}
		return drained(reader)
	})
	return bytes, g.Wait()
}

// tell adds what came of a heap to what came of its table.
func (r *run) tell(h *catalog.Heap, c copied) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tables[h.Table]
	t.rows += c.rows
	t.bytes += c.bytes
	r.heaps[h], r.tables[h.Table] = c, t
	total := r.kept.Table(h.Table).Rows()
	r.observe(Event{
		Step: StepCopy, Table: h.Table.Name.Dotted(), Rows: t.rows, Total: total, Bytes: t.bytes, Done: t.rows == total,
	})
}

// copyOut reads each part of a shipment on the connection that found its rows.
func (r *run) copyOut(ctx context.Context, s *shipment, columns []string, w io.Writer) error {
	masked := r.masked(s.heap, columns, w)
	buffer := bufio.NewWriterSize(masked, copyBuffer)
	sent, err := r.copyParts(ctx, s, buffer)
	if err == nil && sent != s.rows {
		err = fmt.Errorf("%d rows came for %d", sent, s.rows)
	}
	if err == nil {
		err = buffer.Flush()
	}
	closing := masked.Close()
	if closing != nil && errors.Is(err, closing) {
		return err // it is the very same
	}
	return errors.Join(err, closing)
}

func (r *run) copyParts(ctx context.Context, s *shipment, w io.Writer) (sent int64, err error) {
	for _, p := range s.parts {
		n, err := r.receive(ctx, p, w)
		if err != nil {
			return sent, err
		}
		sent += n
	}
	return sent, nil
}

// drained makes sure that the sink has read everything.
func drained(r io.Reader) error {
	n, err := io.Copy(io.Discard, r)
	if err == nil && n > 0 {
		return fmt.Errorf("target left %d bytes unread", n)
	}
	return err
}

// copiedColumns are all columns but those that the server computes.
func copiedColumns(t *catalog.Table) []string {
	columns := []string{}
	for _, c := range t.Columns {
		if !c.Generated {
			columns = append(columns, c.Name)
		}
	}
	return columns
}

// copySQL asks for rows of a heap in COPY's text format.
func copySQL(h *catalog.Heap, columns []string, rows []snapshot.Row) string {
	return fmt.Sprintf("COPY (SELECT %s FROM ONLY %s WHERE ctid = ANY('%s'::pg_catalog.tid[])) TO STDOUT",
		strings.Join(columns, ", "), h.Name, snapshot.TIDArray(rows))
}
