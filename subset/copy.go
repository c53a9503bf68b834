package subset

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

const copyBuffer = 1 << 16 // bytes; COPY sends one message for each row

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
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(min(max(r.sink.Concurrency(), 1), len(r.src.Workers)))
	for _, t := range tables {
		for _, h := range t.Heaps {
			g.Go(func() error {
				rows := r.kept.Of(h)
				if len(rows) == 0 {
					return nil
				}
				if err := r.copyHeap(ctx, h, rows); err != nil {
					return fmt.Errorf("copy %s: %w", h.Name.Dotted(), err)
				}
				return nil
			})
		}
	}
	return g.Wait()
}

func (r *run) copyHeap(ctx context.Context, h *catalog.Heap, rows []snapshot.Row) error {
	began := time.Now()
	columns := copiedColumns(h.Table)
	bytes, err := r.pass(ctx, h, columns, func(ctx context.Context, w io.Writer) error {
		return r.copyOut(ctx, h, columns, rows, w)
	})
	if err != nil {
		return err
	}
	r.tell(h, copied{int64(len(rows)), bytes, time.Since(began).Seconds()})
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

// copyOut reads each stretch of rows on the connection that found them.
func (r *run) copyOut(ctx context.Context, h *catalog.Heap, columns []string, rows []snapshot.Row, w io.Writer) error {
	masked := r.masked(h, columns, w)
	buffer := bufio.NewWriterSize(masked, copyBuffer)
	selected := r.plan.Masks.Expressions(h.Table, columns)
	sent, err := r.copyParts(ctx, h, selected, rows, buffer)
	if err == nil && sent != int64(len(rows)) {
		err = fmt.Errorf("%d rows came for %d", sent, len(rows))
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

func (r *run) copyParts(
	ctx context.Context, h *catalog.Heap, selected []string, rows []snapshot.Row, w io.Writer,
) (sent int64, err error) {
	for _, part := range r.src.Stretches(h, rows, snapshot.MostPlaces) {
		n, err := r.copyStretch(ctx, h.Table, part, copySQL(h, selected, part.Rows), w)
		if err != nil {
			return sent, err
		}
		sent += n
	}
	return sent, nil
}

func (r *run) copyStretch(
	ctx context.Context, t *catalog.Table, part snapshot.Stretch, sql string, w io.Writer,
) (n int64, err error) {
	c := r.src.Workers[part.Lane]
	into := &noting{Writer: w}
	err = r.src.InTurn(ctx, part.Lane, func() error {
		return r.src.evaluating(ctx, c, r.plan.Masks, t, func() error {
			tag, err := c.PgConn().CopyTo(ctx, into, sql)
			n = tag.RowsAffected()
			return err
		})
	})
	if into.err != nil {
		return n, into.err // the connection is closed by it, and not lost
	}
	return n, r.src.Explain(c, err)
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

// noting is a writer that knows why it failed.
type noting struct {
	io.Writer
	err error
}

// Write notes the error.
func (n *noting) Write(p []byte) (int, error) {
	written, err := n.Writer.Write(p)
	if err != nil {
		n.err = err
	}
	return written, err
}
