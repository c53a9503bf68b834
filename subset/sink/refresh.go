package sink

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// refresh fills the materialized views. One whose query fails on a subset,
// such as by a division by a count of rows, stays empty and is named.
func (d *database) refresh(ctx context.Context, end subset.Ending) error {
	for _, view := range end.MatViews {
		_, err := query(ctx, d.control, "REFRESH MATERIALIZED VIEW "+view.String())
		var pg *pgconn.PgError
		if errors.As(err, &pg) && queryFault(pg.Code) {
			d.warnings = append(d.warnings, unfilled(view, message(pg)))
			continue
		}
		if err != nil {
			return serverError("refresh "+view.String(), err)
		}
	}
	return nil
}

// queryFault tells an error in a query, in a function or in their data from one of the server.
func queryFault(code string) bool { return len(code) == 5 && !slices.Contains(serverFaults, code[:2]) }

func unfilled(view catalog.Name, why string) string {
	return "materialized view " + view.String() + " left empty: " + why
}
