package catalog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Querier is what Read needs: a connection or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Read reads the catalog of the connected database. All of it belongs to one
// moment only when q is a REPEATABLE READ transaction.
func Read(ctx context.Context, q Querier) (*Database, error) {
	r := &reader{q: q, db: &Database{}}
	for _, step := range []struct {
		name string
		read func(context.Context) error
	}{
		{"server", r.server},
		{"extensions", r.extensions},
		{"relations", r.relations},
		{"rows of extensions", r.orderExtras},
		{"columns", r.columns},
		{"indexes", r.indexes},
		{"foreign keys", r.foreignKeys},
		{"statistics", r.statistics},
		{"sequences", r.sequences},
		{"materialized views", r.matViews},
		{"check constraints", r.lateChecks},
	} {
		if err := step.read(ctx); err != nil {
			return nil, fmt.Errorf("catalog: %s: %w", step.name, err)
		}
	}
	return r.db, nil
}

// reader holds what the steps of Read share.
type reader struct {
	q  Querier
	db *Database

	byOID      map[uint32]*relation
	configured map[uint32]*Extra // tables that extensions hold rows of users in, by OID

	indexed map[uint32][]Key // plain indexes, unique or not, by relation
}

var serverSQL = `
SELECT pg_catalog.current_setting('server_version_num')::int,
       pg_catalog.current_database()::text,
       current_user::text,
       pg_catalog.current_setting('server_encoding'),
       pg_catalog.pg_is_in_recovery(),
       pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),
       COALESCE((SELECT s.reset_val FROM pg_catalog.pg_settings AS s WHERE s.name = 'search_path'), ''),
       ARRAY(SELECT n.nspname::text FROM pg_catalog.pg_namespace AS n WHERE n.nspname !~ '^pg_'),
       EXISTS (SELECT FROM pg_catalog.pg_index AS i
                WHERE ` + callsSQL("i.indexprs") + " OR " + callsSQL("i.indpred") + `) OR
       EXISTS (SELECT FROM pg_catalog.pg_partitioned_table AS p WHERE ` + callsSQL("p.partexprs") + `)`

const systemSQL = `SELECT system_identifier::text FROM pg_catalog.pg_control_system()`

func (r *reader) server(ctx context.Context) error {
	var mayAsk bool
	var path string
	var schemas []string
	err := r.q.QueryRow(ctx, serverSQL).Scan(&r.db.Version, &r.db.Name, &r.db.Role, &r.db.Encoding, &r.db.InRecovery,
		&mayAsk, &path, &schemas, &r.db.Inlines)
	r.db.SearchPath = searched(path, r.db.Role, schemas)
	if err != nil || !mayAsk {
		return err
	}
	return r.q.QueryRow(ctx, systemSQL).Scan(&r.db.SystemID)
}

// collect runs a query and scans each row with the given function.
func (r *reader) collect(ctx context.Context, sql string, scan func(pgx.Rows) error, args ...any) error {
	rows, err := r.q.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
