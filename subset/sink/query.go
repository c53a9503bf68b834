package sink

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// query runs statements without parameters and returns the rows of the last
// one that has any, as text, NULL as the empty string.
func query(ctx context.Context, conn *pgconn.PgConn, sql string) ([][]string, error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, result := range results {
		if len(result.Rows) == 0 {
			continue
		}
		rows = rows[:0]
		for _, values := range result.Rows {
			row := make([]string, len(values))
			for i, v := range values {
				row[i] = string(v)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// column returns the first column of what query returns.
func column(ctx context.Context, conn *pgconn.PgConn, sql string) ([]string, error) {
	rows, err := query(ctx, conn, sql)
	if err != nil {
		return nil, err
	}
	values := make([]string, len(rows))
	for i, row := range rows {
		values[i] = row[0]
	}
	return values, nil
}
