package subset

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// copyExtras hands the rows to the sink that users added to tables of extensions, as pg_dump does: all of them, before
// any other row, since types and functions of the extension look there.
func (r *run) copyExtras(ctx context.Context) error {
	for _, e := range r.src.Database.Extras {
		if slices.Contains(r.plan.Skip, e.Extension) {
			continue
		}
		rows, err := r.copyExtra(ctx, e)
		if err != nil {
			return fmt.Errorf("copy %s: %w", e.Heap.Name.Dotted(), err)
		}
		if rows > 0 {
			r.warnings = append(r.warnings,
				fmt.Sprintf("%s of extension %s: all %d rows that users added come along, unmasked",
					e.Heap.Name.Dotted(), e.Extension, rows))
		}
	}
	return nil
}

func (r *run) copyExtra(ctx context.Context, e *catalog.Extra) (rows int64, err error) {
	columns := copiedColumns(e.Heap.Table)
	reader, writer := io.Pipe()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		const lane = 0
		c := r.src.Workers[lane]
		err := r.src.InTurn(lane, func() error {
			tag, err := c.PgConn().CopyTo(ctx, writer, extraSQL(e, columns))
			rows = tag.RowsAffected()
			return err
		})
		err = r.src.Explain(c, err)
		writer.CloseWithError(err)
		return err
	})
	g.Go(func() error {
		_, err := r.sink.Rows(ctx, e.Heap, columns, reader)
		if err != nil {
			reader.CloseWithError(err)
			return err
		}
		return drained(reader)
	})
	return rows, g.Wait()
}

func extraSQL(e *catalog.Extra, columns []string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = catalog.Quote(c)
	}
	return fmt.Sprintf("COPY (SELECT %s FROM ONLY %s %s) TO STDOUT", strings.Join(quoted, ", "), e.Heap.Name, e.Where)
}
