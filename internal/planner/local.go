package planner

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/scratch"
)

// Local is a server of this computer that is gone with its process.
type Local struct{ *scratch.Server }

// Connect opens a session at the server's socket.
func (l Local) Connect(ctx context.Context, database, role string) (Session, error) {
	if role == "" {
		role = "postgres"
	}
	conn, err := pgconn.Connect(ctx, l.Address(database, role))
	if err != nil {
		return nil, err
	}
	return &connection{conn}, nil
}

// Write puts files in place of a relation's.
func (l Local) Write(ctx context.Context, files []File) error {
	for _, f := range files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := l.WriteRelation(f.Path, f.Begin, f.Keep, f.Pages*PageSize); err != nil {
			return err
		}
	}
	return nil
}

type connection struct{ conn *pgconn.PgConn }

// Query sends the statement as one that takes no others beside it.
func (c *connection) Query(ctx context.Context, sql string) ([][]string, error) {
	result := c.conn.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	rows := make([][]string, 0, len(result.Rows))
	for _, values := range result.Rows {
		row := make([]string, len(values))
		for i, value := range values {
			row[i] = string(value)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// Close ends the session.
func (c *connection) Close() { _ = c.conn.Close(context.Background()) }

// Copy makes another database of one that nobody is connected to. Its files are copied, so that nothing of them is in
// the server's memory.
func Copy(ctx context.Context, s Server, from, to string) error {
	session, err := s.Connect(ctx, "postgres", "")
	if err != nil {
		return err
	}
	defer session.Close()
	version, err := first(session.Query(ctx, "SELECT pg_catalog.current_setting('server_version_num')"))
	if err != nil {
		return err
	}
	name := func(database string) string { return `"` + strings.ReplaceAll(database, `"`, `""`) + `"` }
	sql := fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name(to), name(from))
	if version >= "150000" {
		sql += " STRATEGY FILE_COPY"
	}
	_, err = session.Query(ctx, sql)
	return err
}
