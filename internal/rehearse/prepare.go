package rehearse

import (
	"context"
	"fmt"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// watcher is the schema of what we put into the clone.
const watcher = "offshoot_rehearsal"

// databaseSettings are set for the clone alone, whoever connects to it.
var databaseSettings = [][2]string{
	{"log_min_messages", "debug1"},
	{"log_statement", "all"},
	{"log_duration", "on"},
	{"log_min_duration_statement", "-1"},
	{"log_min_duration_sample", "-1"},
	{"log_error_verbosity", "terse"},
	{"log_parameter_max_length", "0"},
	{"log_parameter_max_length_on_error", "0"},
	{"log_temp_files", "0"},
	{"lc_messages", "C"},
}

// planSettings have auto_explain tell how many rows a query has changed. It is in PostgreSQL's own contrib.
var planSettings = [][2]string{
	{"session_preload_libraries", "auto_explain"},
	{"auto_explain.log_min_duration", "0"},
	{"auto_explain.log_analyze", "on"},
	{"auto_explain.log_timing", "off"},
	{"auto_explain.log_triggers", "off"},
	{"auto_explain.log_verbose", "on"},
	{"auto_explain.log_wal", "on"},
	{"auto_explain.log_nested_statements", "on"},
	{"auto_explain.log_format", "json"},
	{"auto_explain.log_level", "log"},
	{"auto_explain.sample_rate", "1"},
}

// watchSQL tells by the log when a command begins and ends, and what its transaction has locked then. The function
// belongs to a superuser, since the migrations' role may do less.
const watchSQL = `
CREATE FUNCTION ` + watcher + `.watch() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
   SET search_path = pg_catalog SET client_min_messages = 'error' SET auto_explain.log_min_duration = '-1' AS $$
DECLARE
  stack text;
BEGIN
  GET DIAGNOSTICS stack = PG_CONTEXT;
  RAISE LOG 'offshoot % % % % %', TG_EVENT, CASE WHEN pg_catalog.strpos(stack, E'\n') > 0 THEN 'within' ELSE 'own' END,
    pg_catalog.replace(TG_TAG, ' ', '_'), pg_catalog.pg_current_wal_insert_lsn(),
    (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(l.relation::bigint, l.mode))
       FROM pg_catalog.pg_locks AS l
      WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384);
END $$`

// Prepare makes a database ready to be watched. It is that which the migrations connect to, in a server of its own.
func Prepare(ctx context.Context, s Server, database string) error {
	settings := databaseSettings
	_, err := s.Query(ctx, database, "LOAD 'auto_explain'")
	if err == nil {
		settings = append(settings[:len(settings):len(settings)], planSettings...)
	}
	var names []string
	for _, name := range ledgers {
		names = append(names, sqltext.Literal(name))
	}
	statements := []string{
		"CREATE SCHEMA " + watcher, watchSQL, ledgerSQL, fmt.Sprintf(ledgerTriggersSQL, strings.Join(names, ", ")),
	}
	for _, event := range []string{"ddl_command_start", "ddl_command_end"} {
		statements = append(statements, fmt.Sprintf("CREATE EVENT TRIGGER %s_%s ON %s EXECUTE FUNCTION %s.watch()",
			watcher, event, event, watcher))
	}
	for _, one := range settings {
		statements = append(statements, fmt.Sprintf("ALTER DATABASE %s SET %s = '%s'", quote(database), one[0], one[1]))
	}
	for _, sql := range statements {
		if _, err := s.Query(ctx, database, sql); err != nil {
			return fmt.Errorf("prepare the rehearsal: %w", err)
		}
	}
	return nil
}

// Disconnect ends all that goes on in a database beside our own question: what a migration that is over has left
// running there would keep everybody waiting.
func Disconnect(ctx context.Context, s Server, database string) error {
	_, err := s.Query(ctx, database, `SELECT pg_catalog.count(pg_catalog.pg_terminate_backend(a.pid))
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
   AND a.application_name <> '`+application+`'`)
	if err != nil {
		return fmt.Errorf("end what the migration left running: %w", err)
	}
	return nil
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
