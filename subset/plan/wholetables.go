package plan

import (
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// histories are the tables in which migration tools record what they have
// applied. A tool that finds a part of its records would apply the rest again,
// so these are kept whole. A table is one when it has the name and, among few
// columns, all those listed: a business may have a table named migrations too.
var histories = []wholeTable{
	{"__diesel_schema_migrations", "version run_on"},
	{"__drizzle_migrations", "hash created_at"},
	{"__ef_migrations_history", "migration_id product_version"},
	{"__efmigrationshistory", "migrationid productversion"},
	{"_prisma_migrations", "checksum migration_name"},
	{"_sqlx_migrations", "version checksum"},
	{"_yoyo_log", "migration_hash operation"},
	{"_yoyo_migration", "migration_hash migration_id"},
	{"_yoyo_version", "version installed_at_utc"},
	{"aerich", "version app content"},
	{"alembic_version", "version_num"},
	{"ar_internal_metadata", "key value"},
	{"atlas_schema_revisions", "version description hash"},
	{"bun_migration_locks", "table_name"},
	{"bun_migrations", "name group_id migrated_at"},
	{"changelog", "id applied_at description"}, // MyBatis
	{"data_migrations", "version"},
	{"databasechangelog", "id author filename md5sum"}, // Liquibase
	{"databasechangeloglock", "id locked"},
	{"directus_migrations", "version name"},
	{"django_migrations", "app name applied"},
	{"doctrine_migration_versions", "version executed_at"},
	{"flyway_schema_history", "installed_rank version checksum"},
	{"goose_db_version", "version_id is_applied"},
	{"gorp_migrations", "id applied_at"}, // sql-migrate
	{"graphile_migrate.current", "filename content"},
	{"graphile_migrate.migrations", "hash previous_hash"},
	{"graphile_worker.migrations", "id ts"},
	{"knex_migrations", "name batch migration_time"},
	{"knex_migrations_lock", "is_locked"},
	{"kysely_migration", "name timestamp"},
	{"kysely_migration_lock", "id is_locked"},
	{"migration", "version apply_time"}, // Yii
	{"migration_versions", "version"},   // Doctrine, long ago
	{"migrations", "hash name executed_at"},
	{"migrations", "migration batch"},  // Laravel
	{"migrations", "name executed_at"}, // Umzug
	{"migrations", "name run_on"},      // db-migrate
	{"migrations", "timestamp name"},   // TypeORM
	{"mikro_orm_migrations", "name executed_at"},
	{"pgmigrations", "name run_on"}, // node-pg-migrate
	{"pgroll.migrations", "schema name migration"},
	{"pgroll.pgroll_version", "version"},
	{"phinxlog", "version migration_name"},
	{"play_evolutions", "id hash apply_script"},
	{"ragtime_migrations", "id created_at"},
	{"refinery_schema_history", "version name checksum"},
	{"river_migration", "version created_at"},
	{"schema_info", "version"}, // Sequel
	{"schema_migrations", "filename"},
	{"schema_migrations", "version"}, // Rails, golang-migrate, dbmate, Ecto
	{"schema_migrations_lock", ""},
	{"schema_version", "version"},            // tern, Flyway before 5
	{"schemaversions", "scriptname applied"}, // DbUp
	{"seaql_migrations", "version applied_at"},
	{"sequelizedata", "name"},
	{"sequelizemeta", "name"},
	{"sqitch.changes", "change_id change project"},
	{"sqitch.dependencies", "change_id type dependency"},
	{"sqitch.events", "event change_id change"},
	{"sqitch.projects", "project uri"},
	{"sqitch.releases", "version installed_at"},
	{"sqitch.tags", "tag_id tag change_id"},
	{"strapi_migrations", "name time"},
	{"typeorm_metadata", "type name"},
	{"versioninfo", "version appliedon"}, // FluentMigrator
	{"yoyo_lock", "locked ctime pid"},
}

// registries are the tables in which a framework records the application's
// own definitions. Its code looks rows up by name, data migrations above all,
// and fails where one is missing.
var registries = []wholeTable{
	{"auth_permission", "content_type_id codename"}, // Django
	{"django_content_type", "app_label model"},
}

// wholeTable is a table that is kept whole of itself: its name in lower case,
// with a schema where only that one counts, and columns it must have.
type wholeTable struct {
	name    string
	columns string
}

const (
	mostWholeColumns = 16
	mostWholeRows    = 100_000
)

// keptWhole says why a table of so many rows is kept whole though no rule of
// the user says so, or nothing.
func keptWhole(t *catalog.Table, rows int64) string {
	if rows > mostWholeRows || len(t.Columns) > mostWholeColumns {
		return ""
	}
	for why, tables := range map[string][]wholeTable{
		"migration history":    histories,
		"framework's registry": registries,
	} {
		if slices.ContainsFunc(tables, func(w wholeTable) bool { return w.is(t) }) {
			return why
		}
	}
	return ""
}

func (w wholeTable) is(t *catalog.Table) bool {
	name := strings.ToLower(t.Name.Name)
	if strings.Contains(w.name, ".") {
		name = strings.ToLower(t.Name.Dotted())
	}
	if name != w.name {
		return false
	}
	for column := range strings.FieldsSeq(w.columns) {
		if !slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return strings.EqualFold(c.Name, column) }) {
			return false
		}
	}
	return true
}
