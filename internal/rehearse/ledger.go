package rehearse

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// ledgers are the tables in which tools note which migrations they have run.
var ledgers = []string{
	"schema_migrations", "django_migrations", "alembic_version", "flyway_schema_history", "_prisma_migrations",
	"knex_migrations", "goose_db_version", "__EFMigrationsHistory", "databasechangelog", "pgmigrations",
	"SequelizeMeta", "migrations", "typeorm_migrations", "mikro_orm_migrations", "__drizzle_migrations", "phinxlog",
	"_sqlx_migrations", "schema_version", "gorp_migrations", "migratus", "ar_internal_migrations",
	"kysely_migration",
}

// ledgerSQL tells by the log what becomes of rows in these tables, whatever way their values come. Some tools note a
// migration before it runs, and once more when it is done.
const ledgerSQL = `
CREATE FUNCTION ` + watcher + `.ledger() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
   SET search_path = pg_catalog SET client_min_messages = 'error' SET auto_explain.log_min_duration = '-1' AS $$
DECLARE
  entry jsonb := pg_catalog.to_jsonb(NEW);
  name text := pg_catalog.concat_ws(' ', entry->>'app', COALESCE(entry->>'migration_name', entry->>'script',
    entry->>'MigrationId', entry->>'version_num', entry->>'version_id', entry->>'migration', entry->>'name',
    entry->>'version', CASE WHEN entry ? 'hash' THEN entry->>'created_at' END, entry->>'id'));
BEGIN
  RAISE LOG 'offshoot ledger % %',
    CASE WHEN entry->>'dirty' = 'true' OR entry ? 'finished_at' AND entry->>'finished_at' IS NULL
         THEN 'begun' ELSE 'done' END, pg_catalog.to_json(pg_catalog.left(name, 200));
  RETURN NULL;
END $$`

// ledgerTriggersSQL has each of the tables watched.
const ledgerTriggersSQL = `
DO $$
DECLARE
  ledger regclass;
BEGIN
  FOR ledger IN SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                 WHERE c.relkind = 'r' AND c.relname IN (%s) AND n.nspname !~ '^(pg_|information_schema$)'
  LOOP
    EXECUTE pg_catalog.format('CREATE TRIGGER ` + watcher + ` AFTER INSERT OR UPDATE ON %%s FOR EACH ROW '
      'EXECUTE FUNCTION ` + watcher + `.ledger()', ledger);
  END LOOP;
END $$`

var ledgerWord = regexp.MustCompile(`^offshoot ledger (begun|done) (".*")$`)

// longestMigration bounds the name of one: whoever wrote the migration chose it.
const longestMigration = 80

// parseLedger reads which migration a ledger tells of.
func parseLedger(text string) (name string, done, ok bool) {
	m := ledgerWord.FindStringSubmatch(text)
	if m == nil || json.Unmarshal([]byte(m[2]), &name) != nil {
		return "", false, false
	}
	name = strings.Map(func(c rune) rune {
		if !unicode.IsGraphic(c) {
			return ' '
		}
		return c
	}, name)
	return sqltext.Short(strings.Join(strings.Fields(name), " "), longestMigration), m[1] == "done", name != ""
}

// noted takes in that a ledger has a migration: what its connection has sent since the last one belongs to it. Where
// that is nothing, the tool keeps its ledger on a connection of its own.
func (t *tracer) noted(s *session, pid int, name string, done bool) {
	pending := s.steps[min(s.current+1, len(s.steps)):]
	ours, others := []*step{}, []*step{}
	working := false
	for _, one := range t.steps {
		switch {
		case one.settled || slices.Contains(pending, one):
		case one.pid == pid:
			ours = append(ours, one)
			working = working || one.migrates()
		case one.migrates() && !t.sessions[one.pid].keeps:
			others = append(others, one)
		}
	}
	s.keeps = s.keeps || working
	if !done {
		if s.migration == name {
			return // it is noted again, while it runs
		}
		s.migration, name = name, ""
	} else if !working {
		ours = append(ours, others...)
	}
	for _, one := range ours {
		one.settled = true
		if one.migrates() {
			one.migration = name
		}
	}
	if done {
		s.migration = ""
	}
}

// idle are the verbs of what no migration is made of.
var idle = []string{
	"", "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "SET", "RESET", "SHOW",
	"DISCARD", "DEALLOCATE", "LISTEN", "UNLISTEN",
}

// migrates tells whether a statement is of a migration, and not one by which a tool keeps its ledger.
func (one *step) migrates() bool {
	if slices.Contains(idle, one.verb) {
		return false
	}
	if !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "LOCK"}, one.verb) {
		return true
	}
	return !slices.ContainsFunc(ledgers, func(name string) bool { return sqltext.Names(one.text, name) })
}
