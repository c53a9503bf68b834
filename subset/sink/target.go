package sink

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pooler"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// target is what a database is before anything is written to it.
type target struct {
	Version    int
	Name       string
	SystemID   string // empty when the role may not read it
	InRecovery bool
	Superuser  bool
	ReadOnly   bool // sessions of the role begin so
	Comment    string
	Extensions []string
}

const targetSQL = `
SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.current_database(), pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('is_superuser'),
       COALESCE(pg_catalog.shobj_description(d.oid, 'pg_database'), ''),
       pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),
       (SELECT s.reset_val FROM pg_catalog.pg_settings s WHERE s.name = 'default_transaction_read_only')
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`

func readTarget(ctx context.Context, conn *pgconn.PgConn) (target, error) {
	rows, err := query(ctx, conn, targetSQL)
	if err != nil {
		return target{}, serverError("look at target", err)
	}
	row := rows[0]
	t := target{
		Name: row[1], InRecovery: row[2] == "t", Superuser: row[3] == "on", Comment: row[4],
		ReadOnly: row[6] == "on",
	}
	if t.Version, err = strconv.Atoi(row[0]); err != nil {
		return target{}, err
	}
	if row[5] == "t" {
		id, err := column(ctx, conn, "SELECT system_identifier FROM pg_catalog.pg_control_system()")
		if err != nil {
			return target{}, serverError("look at target", err)
		}
		t.SystemID = id[0]
	}
	t.Extensions, err = column(ctx, conn, "SELECT extname FROM pg_catalog.pg_extension")
	return t, serverError("look at target", err)
}

// incomplete begins the comment on a database while it is loaded.
const incomplete = "offshoot: incomplete"

// mark says in the database itself that it is not complete, so that nobody
// takes what a killed run left for a subset. Only the owner of a database may
// comment on it; a target without the mark is no less safe, so that is fine.
func (t target) mark(ctx context.Context, conn *pgconn.PgConn) {
	t.comment(ctx, conn, incomplete+", being loaded or left by an interrupted run")
}

// unmark puts back the comment that was there before.
func (t target) unmark(ctx context.Context, conn *pgconn.PgConn) {
	was := t.Comment
	if len(was) >= len(incomplete) && was[:len(incomplete)] == incomplete {
		was = ""
	}
	t.comment(ctx, conn, was)
}

func (t target) comment(ctx context.Context, conn *pgconn.PgConn, text string) {
	value := "NULL"
	if text != "" {
		value = catalog.Literal(text)
	}
	_, _ = query(ctx, conn, "COMMENT ON DATABASE "+catalog.Quote(t.Name)+" IS "+value)
}

// session is what pg_restore sets, so that no default of the role or the
// database stops or changes what is loaded. Before anything is asked, nobody
// else's functions and operators are found any more.
const session = `
SET search_path = '';
SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0;
SET default_transaction_read_only = off; SET default_transaction_isolation = 'read committed';
SET standard_conforming_strings = on; SET check_function_bodies = false; SET xmloption = content;
SET client_min_messages = warning; SET row_security = off; SET synchronous_commit = off;
SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN ('idle_session_timeout', 'transaction_timeout');`

// recognize refuses a pooler that shares sessions, before anything is set in one,
// be it by a parameter of the start: some keep what the last client gave.
func recognize(ctx context.Context, config *pgconn.Config) error {
	config = config.Copy()
	delete(config.RuntimeParams, "application_name")
	delete(config.RuntimeParams, "client_encoding")
	first, is, err := greet(ctx, config, pooler.Session{})
	if err != nil {
		return err
	}
	defer func() { _ = first.Close(context.WithoutCancel(ctx)) }()
	if !pooler.Proxied(first, is) {
		return nil
	}
	second, other, err := greet(ctx, config, is)
	if err != nil {
		return err
	}
	defer func() { _ = second.Close(context.WithoutCancel(ctx)) }()
	err = pooler.Stay(ctx, [2]*pgconn.PgConn{first, second}, [2]pooler.Session{is, other})
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	return nil
}

func greet(
	ctx context.Context, config *pgconn.Config, other pooler.Session,
) (*pgconn.PgConn, pooler.Session, error) {
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, other, unreachable("target", err)
	}
	is, err := pooler.Greet(ctx, conn, other)
	if err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, other, serverError("look at target", err)
	}
	return conn, is, nil
}

// connect opens a connection to the target and prepares it. It searches the schemas of the path: those of the source's
// sessions where something is loaded, since functions in constraints, indexes and generated columns may lean on that.
func connect(ctx context.Context, config *pgconn.Config, path []string) (*pgconn.PgConn, error) {
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, unreachable("target", err)
	}
	if _, err := query(ctx, conn, session+catalog.SearchPathSQL(path)); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, serverError("prepare connection", err)
	}
	return conn, nil
}
