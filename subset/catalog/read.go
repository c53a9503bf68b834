package catalog

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Querier is what Read needs: a connection or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// Read reads the catalog of the connected database, in two round trips. All of
// it belongs to one moment only when q is a REPEATABLE READ transaction.
func Read(ctx context.Context, q Querier) (*Database, error) {
	r := &reader{q: q, db: &Database{}}
	err := r.collect(ctx,
		r.server(), r.extensions(), r.extras(), r.relations(), r.sequences(), r.users(), r.matViews(), r.lateChecks(),
		r.policies())
	if err != nil {
		return nil, err
	}
	r.db.MatViews = refreshOrder(r.views, r.viewOrder)
	r.connect()
	second := []query{r.extraKeys(), r.columns(), r.indexes(), r.foreignKeys(), r.statistics()}
	if r.mayAsk {
		second = append(second, r.system())
	}
	if err := r.collect(ctx, append(second, r.positions()...)...); err != nil {
		return nil, err
	}
	r.orderExtras()
	r.sortKeys()
	return r.db, nil
}

// reader holds what the steps of Read share.
type reader struct {
	q  Querier
	db *Database

	mayAsk     bool // what pg_control_system says
	all        []*relation
	byOID      map[uint32]*relation
	configured map[uint32]*Extra // tables that extensions hold rows of users in, by OID
	views      map[uint32]*view
	viewOrder  []uint32
	extraOf    map[uint32][]uint32 // tables of extensions by those that reference them

	indexed map[uint32][]Key // plain indexes, unique or not, by relation
}

var serverSQL = `
SELECT pg_catalog.current_setting('server_version_num')::int,
       pg_catalog.current_database()::text,
       current_user::text,
       pg_catalog.current_setting('server_encoding'),
       (SELECT pg_catalog.to_jsonb(d) FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()),
       pg_catalog.pg_is_in_recovery(),
       pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),
       COALESCE((SELECT s.reset_val FROM pg_catalog.pg_settings AS s WHERE s.name = 'search_path'), ''),
       ARRAY(SELECT n.nspname::text FROM pg_catalog.pg_namespace AS n WHERE n.nspname !~ '^pg_'),
       EXISTS (SELECT FROM pg_catalog.pg_index AS i
                WHERE ` + callsSQL("i.indexprs") + " OR " + callsSQL("i.indpred") + `) OR
       EXISTS (SELECT FROM pg_catalog.pg_partitioned_table AS p WHERE ` + callsSQL("p.partexprs") + `)`

const systemSQL = `SELECT system_identifier::text FROM pg_catalog.pg_control_system()`

func (r *reader) server() query {
	return query{name: "server", sql: serverSQL, scan: func(rows pgx.Rows) error {
		var path string
		var schemas []string
		var locale localeRow
		err := rows.Scan(&r.db.Version, &r.db.Name, &r.db.Role, &r.db.Encoding, &locale, &r.db.InRecovery, &r.mayAsk,
			&path, &schemas, &r.db.Inlines)
		r.db.Locale = locale.locale()
		r.db.SearchPath = searched(path, r.db.Role, schemas)
		return err
	}}
}

func (r *reader) system() query {
	return query{name: "server", sql: systemSQL, scan: func(rows pgx.Rows) error { return rows.Scan(&r.db.SystemID) }}
}

// query is one question to the catalog.
type query struct {
	name string // for errors
	sql  string
	args []any
	scan func(pgx.Rows) error // reads one row
}

// collect asks questions in one round trip and reads the answers in their order.
func (r *reader) collect(ctx context.Context, queries ...query) (err error) {
	batch := &pgx.Batch{}
	for _, q := range queries {
		batch.Queue(q.sql, q.args...)
	}
	results := r.q.SendBatch(ctx, batch)
	defer func() { err = cmp.Or(err, results.Close()) }()
	for _, q := range queries {
		if err := q.read(results); err != nil {
			return fmt.Errorf("catalog: %s: %w", q.name, err)
		}
	}
	return nil
}

func (q query) read(results pgx.BatchResults) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := q.scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
