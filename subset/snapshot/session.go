package snapshot

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pooler"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Between offshoot and the server there may be a pooler, which lends the same session of the server to the application
// a moment later. So whatever is set is set for one transaction and gone with it, nothing has a name that outlives it
// (prepared statements, temporary tables, locks of a session), and nothing at all is asked outside of it but who
// answers. What PostgreSQL undoes by itself when a transaction ends is undone however it ends.

const (
	beginSQL = `BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY`

	// settingsSQL is what pg_dump sets: values must read the same on any
	// server, no trigger of the session's defaults may interfere, and
	// row-level security must fail rather than hide rows. A custom plan knows
	// how many row positions it is given. Candidates are sorted in memory, not
	// in temporary files of the source; and a few thousand rows are fetched by
	// their places or an index, where the planner's defaults would read and
	// hash a whole table.
	settingsSQL = `
SET LOCAL search_path = '';
SET LOCAL datestyle = ISO;
SET LOCAL intervalstyle = postgres;
SET LOCAL extra_float_digits = 3;
SET LOCAL bytea_output = hex;
SET LOCAL timezone = 'UTC';
SET LOCAL row_security = off;
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL synchronize_seqscans = off;
SET LOCAL standard_conforming_strings = on;
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';
SET LOCAL random_page_cost = 0.1;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL plan_cache_mode = force_custom_plan`

	oldest = 130000 // server_version_num

	applicationName = "offshoot" // where the connection string gives none
)

// begin opens the transaction in which a connection is used from now on, with
// values that read the same everywhere; id is of the snapshot that it shares,
// or empty. More statements go with it in the same round trip: what the last of
// them says is returned.
func begin(ctx context.Context, c *pgx.Conn, is pooler.Session, id string, more ...string) (said string, err error) {
	all := []string{beginSQL}
	if id != "" {
		all = append(all, "SET TRANSACTION SNAPSHOT "+catalog.Literal(id))
	}
	all = append(all, settings(is))
	if c.Config().RuntimeParams["application_name"] == "" { // as a parameter of the start it would outlast us in a pool
		all = append(all, "SET LOCAL application_name = "+catalog.Literal(applicationName))
	}
	all = append(all, more...)
	if id != "" {
		all = append(all, plant)
	}
	results, err := c.PgConn().Exec(ctx, strings.Join(all, ";\n")).ReadAll()
	if err != nil {
		return "", err
	}
	if last := results[len(results)-1]; len(last.Rows) > 0 {
		said = string(last.Rows[0][0])
	}
	return said, nil
}

func settings(is pooler.Session) string {
	all := settingsSQL
	if is.Version >= 170000 {
		all += "; SET LOCAL transaction_timeout = 0"
	}
	// SQL_ASCII means bytes of unknown encoding: they are passed on as they are.
	encoding := is.Encoding
	if encoding != "SQL_ASCII" {
		encoding = "UTF8"
	}
	return all + "; SET LOCAL client_encoding = " + catalog.Literal(encoding)
}

// supported refuses servers that are too old.
func supported(version int) error {
	if version >= oldest {
		return nil
	}
	err := fmt.Errorf("PostgreSQL %d.%d is too old", version/10000, version/100%100)
	return hint.Wrap(err, "offshoot reads PostgreSQL 13 and newer")
}

// end gives a session back as it was, where others will use it: a pooler would
// have to end one whose client leaves in the middle of a transaction. A server
// does that by itself.
func end(ctx context.Context, c *pgx.Conn, pooled bool) error {
	if pooled && c.PgConn().TxStatus() != 'I' {
		_, _ = c.PgConn().Exec(ctx, "ROLLBACK").ReadAll() // where it fails, so has the connection
	}
	return c.Close(ctx)
}
