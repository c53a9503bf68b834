package subset

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

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
	_, err = r.pass(ctx, e.Heap, columns, func(ctx context.Context, w io.Writer) error {
		const lane = 0
		c := r.src.Workers[lane]
		err := r.src.InTurn(ctx, lane, func() error {
			tag, err := c.PgConn().CopyTo(ctx, w, extraSQL(e, columns))
			rows = tag.RowsAffected()
			return err
		})
		return r.src.Explain(c, err)
	})
	return rows, err
}

func extraSQL(e *catalog.Extra, columns []string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = catalog.Quote(c)
	}
	return fmt.Sprintf("COPY (SELECT %s FROM ONLY %s %s) TO STDOUT", strings.Join(quoted, ", "), e.Heap.Name, e.Where)
}
