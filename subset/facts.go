package subset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// relationFactsSQL asks for sizes and counts, which every role may read.
const relationFactsSQL = `
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.reltuples::float8, c.relpages::bigint, c.relallvisible::bigint,
       COALESCE(pg_catalog.pg_relation_size(c.oid), 0),
       COALESCE(pg_catalog.pg_table_size(c.oid) - pg_catalog.pg_relation_size(c.oid), 0),
       COALESCE((SELECT pn.nspname || '.' || p.relname
                   FROM pg_catalog.pg_inherits AS i
                   JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
                   JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
                  WHERE c.relispartition AND i.inhrelid = c.oid LIMIT 1), '')
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE ` + ofUsers + `
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`

// ofUsers are relations c of a schema n that facts are told of.
const ofUsers = `c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'`

const indexFactsSQL = `
SELECT i.indrelid, c.relname::text, m.amname::text, i.indisunique, c.reltuples::float8, c.relpages::bigint,
       COALESCE(pg_catalog.pg_relation_size(c.oid), 0)
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
 WHERE i.indrelid IN (SELECT c.oid FROM pg_catalog.pg_class AS c
                        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE ` + ofUsers + `)
 ORDER BY i.indrelid, c.relname COLLATE "C"`

// settingFactsSQL asks for what a session of the application has, not for what ours has set.
const settingFactsSQL = `
SELECT name, reset_val, COALESCE(unit, '')
  FROM pg_catalog.pg_settings
 WHERE reset_val IS NOT NULL AND (category LIKE 'Query Tuning%' OR name IN (
       'work_mem', 'hash_mem_multiplier', 'maintenance_work_mem', 'autovacuum_work_mem', 'shared_buffers', 'temp_buffers',
       'max_parallel_workers', 'max_parallel_workers_per_gather', 'max_parallel_maintenance_workers', 'max_worker_processes',
       'parallel_leader_participation', 'block_size', 'data_checksums', 'wal_level', 'full_page_writes', 'max_wal_size', 'checkpoint_timeout',
       'lock_timeout', 'statement_timeout', 'deadlock_timeout', 'idle_in_transaction_session_timeout'))
 ORDER BY name`

// facts reads what the archive tells of the source beside rows. It never fails for what the role may not read, or the
// server does not have: that is missing, and said.
func (s *Source) facts(ctx context.Context, r *run) (*facts.Facts, error) {
	like := s.Database.Locale
	f := &facts.Facts{Format: facts.Format, Server: s.Database.Version, Database: &facts.Database{
		Encoding: s.Database.Encoding, Provider: like.Provider, Collate: like.Collate, Ctype: like.Ctype,
		Locale: like.Name,
	}}
	g := &factReader{
		ctx: ctx, conn: s.Leader, facts: f, at: map[uint32]int{}, told: told(r), ended: map[column]bool{},
	}
	if err := g.ask(g.settings(), g.relations(), g.indexes(), g.columns(), g.ends(), g.extension()); err != nil {
		return nil, fmt.Errorf("facts: %w", s.Explain(s.Leader, err))
	}
	if len(g.asked) > 0 {
		if err := s.optional(ctx, f, "ends of indexes", g.readEnds); err != nil {
			return nil, err
		}
	}
	if !g.mayReadStatements() {
		return f, nil
	}
	return f, s.optional(ctx, f, "pg_stat_statements", g.statements)
}

// optional asks for what the archive can do without: what is refused is missing.
func (s *Source) optional(ctx context.Context, f *facts.Facts, what string, ask func() error) error {
	err := s.Tentative(ctx, ask)
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refused):
		return fmt.Errorf("facts: %w", s.Explain(s.Leader, err))
	}
	f.Missing = append(f.Missing, what+": SQLSTATE "+refused.Code)
	return nil
}

// factReader makes facts of answers.
type factReader struct {
	ctx   context.Context
	conn  *pgx.Conn
	facts *facts.Facts
	at    map[uint32]int // places of tables by oid
	told  teller
	ended map[column]bool // those whose ends may be told
	asked []end

	schema   string // of pg_stat_statements, where the database has it
	readable bool   // and the role sees what others ask
}

// factQuery is one question, and what becomes of a row of the answer.
type factQuery struct {
	sql  string
	take func(pgx.Rows) error
}

// ask puts questions in one round trip.
func (g *factReader) ask(queries ...factQuery) (err error) {
	batch := &pgx.Batch{}
	for _, q := range queries {
		batch.Queue(q.sql)
	}
	results := g.conn.SendBatch(g.ctx, batch)
	defer func() { err = cmp.Or(err, results.Close()) }()
	for _, q := range queries {
		rows, err := results.Query()
		if err != nil {
			return err
		}
		for rows.Next() {
			if err := q.take(rows); err != nil {
				rows.Close()
				return err
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (g *factReader) settings() factQuery {
	return factQuery{settingFactsSQL, func(rows pgx.Rows) error {
		var s facts.Setting
		err := rows.Scan(&s.Name, &s.Value, &s.Unit)
		g.facts.Settings = append(g.facts.Settings, s)
		return err
	}}
}

func (g *factReader) relations() factQuery {
	return factQuery{relationFactsSQL, func(rows pgx.Rows) error {
		var t facts.Table
		var oid uint32
		err := rows.Scan(&oid, &t.Schema, &t.Name, &t.Kind, &t.Rows, &t.Pages, &t.Visible, &t.Bytes, &t.Toast,
			&t.Parent)
		if err != nil || !g.told.table(catalog.Name{Schema: t.Schema, Name: t.Name}) {
			return err
		}
		g.at[oid] = len(g.facts.Tables)
		g.facts.Tables = append(g.facts.Tables, t)
		return nil
	}}
}

// table is the one of an oid, where it is told of; relations must be read before.
func (g *factReader) table(oid uint32) *facts.Table {
	if at, ok := g.at[oid]; ok {
		return &g.facts.Tables[at]
	}
	return nil
}

func (g *factReader) indexes() factQuery {
	return factQuery{indexFactsSQL, func(rows pgx.Rows) error {
		var i facts.Index
		var oid uint32
		err := rows.Scan(&oid, &i.Name, &i.Method, &i.Unique, &i.Rows, &i.Pages, &i.Bytes)
		if t := g.table(oid); t != nil {
			t.Indexes = append(t.Indexes, i)
		}
		return err
	}}
}

// most is how many shapes of statements are told.
const most = 300

// statementsSQL leaves out what others than the server's own monitoring may not see. What ours ask is no production.
const statementsSQL = `
SELECT s.query, s.calls, s.rows, s.total_exec_time
  FROM %s.pg_stat_statements AS s
  JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid
 WHERE d.datname = pg_catalog.current_database() AND s.queryid IS NOT NULL AND s.query IS NOT NULL
 ORDER BY s.calls DESC, s.queryid LIMIT 2000`

const extensionSQL = `
SELECT n.nspname::text, pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
  FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
 WHERE e.extname = 'pg_stat_statements'`

func (g *factReader) extension() factQuery {
	return factQuery{extensionSQL, func(rows pgx.Rows) error { return rows.Scan(&g.schema, &g.readable) }}
}

// mayReadStatements says what is missing where there are none to read.
func (g *factReader) mayReadStatements() bool {
	switch {
	case g.schema == "":
		g.facts.Missing = append(g.facts.Missing, "pg_stat_statements: the extension is not in the database")
	case !g.readable:
		g.facts.Missing = append(g.facts.Missing,
			"pg_stat_statements: the role has no part in pg_read_all_stats, and sees its own statements alone")
	}
	return g.schema != "" && g.readable
}

// statements reads shapes and calls, where the role may. Texts of commands hold literals and are left out; what is
// left goes through Shape once more.
func (g *factReader) statements() error {
	sums := map[string]facts.Statement{}
	err := g.ask(factQuery{fmt.Sprintf(statementsSQL, catalog.Quote(g.schema)), func(rows pgx.Rows) error {
		var one facts.Statement
		if err := rows.Scan(&one.Shape, &one.Calls, &one.Rows, &one.Time); err != nil || !isQuery(one.Shape) {
			return err
		}
		one.Shape = sqltext.Shape(one.Shape)
		sum := sums[one.Shape]
		one.Calls, one.Rows, one.Time = one.Calls+sum.Calls, one.Rows+sum.Rows, one.Time+sum.Time
		sums[one.Shape] = one
		return nil
	}})
	if err != nil {
		return err
	}
	for _, one := range sums {
		g.facts.Statements = append(g.facts.Statements, one)
	}
	slices.SortFunc(g.facts.Statements, func(a, b facts.Statement) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), strings.Compare(a.Shape, b.Shape))
	})
	g.facts.Statements = g.facts.Statements[:min(len(g.facts.Statements), most)]
	return nil
}

func isQuery(text string) bool {
	return slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"}, sqltext.Verb(text)) &&
		!strings.Contains(text, "pg_catalog.")
}
