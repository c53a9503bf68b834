package compat_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// A session is a database that is asked on one connection.
type session struct{ conn *pgconn.PgConn }

func open(t *testing.T, connection string) session {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), connection)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return session{conn}
}

func (s session) Query(ctx context.Context, _, sql string) ([][]string, error) {
	results, err := s.conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, result := range results {
		for _, values := range result.Rows {
			var row []string
			for _, v := range values {
				row = append(row, string(v))
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// executed tells how a statement with values goes, and which columns its rows have; nothing of it stays.
func (s session) executed(t *testing.T, sql string, values []string) (code, columns string) {
	t.Helper()
	must := func(sql string) {
		if _, err := s.conn.Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	must("SAVEPOINT one")
	defer must("ROLLBACK TO SAVEPOINT one")
	var parameters [][]byte
	for _, v := range values {
		parameters = append(parameters, []byte(v))
	}
	result := s.conn.ExecParams(t.Context(), sql, parameters, nil, nil, nil).Read()
	var refused *pgconn.PgError
	switch {
	case errors.As(result.Err, &refused):
		return refused.Code, ""
	case result.Err != nil:
		t.Fatal(result.Err)
	}
	var names []string
	for _, f := range result.FieldDescriptions {
		names = append(names, f.Name)
	}
	return "", strings.Join(names, " ")
}

// databaseOf is the name of the database that a URL leads to.
func databaseOf(t *testing.T, connection string) string {
	t.Helper()
	u, err := url.Parse(connection)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}
