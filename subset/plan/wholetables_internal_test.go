package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// made is a table without rows.
func made(name, columns string) *catalog.Table {
	schema, name, _ := strings.Cut(name, ".")
	t := &catalog.Table{OID: 7, Name: catalog.Name{Schema: schema, Name: name}, Readable: true}
	t.Heaps = []*catalog.Heap{{OID: 107, Name: t.Name, Table: t, Pages: 1}}
	for c := range strings.FieldsSeq(columns) {
		t.Columns = append(t.Columns, catalog.Column{Name: c})
	}
	return t
}

func TestKeptWhole_KnowsTheHistoriesOfMigrationTools(t *testing.T) {
	for name, columns := range map[string]string{
		"public.goose_db_version":       "id version_id is_applied tstamp",
		"public.alembic_version":        "version_num",
		"public.django_migrations":      "id app name applied",
		"public.schema_migrations":      "version", // Rails, dbmate
		"other.schema_migrations":       "version dirty",
		"app.schema_migrations":         "version inserted_at",
		"public.schema_migrations_lock": "lock_id",
		"public.ar_internal_metadata":   "key value created_at updated_at",
		"public.flyway_schema_history": "installed_rank version description type script checksum " +
			"installed_by installed_on execution_time success",
		"public.schema_version": "version",
		"old.schema_version": "version_rank installed_rank version description type " +
			"script checksum installed_by installed_on execution_time success",
		"public.databasechangelog": "id author filename dateexecuted orderexecuted exectype " +
			"md5sum description comments tag liquibase contexts labels deployment_id",
		"public.DATABASECHANGELOGLOCK": "ID LOCKED LOCKGRANTED LOCKEDBY",
		"public._prisma_migrations": "id checksum finished_at migration_name logs " +
			"rolled_back_at started_at applied_steps_count",
		"public.knex_migrations":      "id name batch migration_time",
		"public.knex_migrations_lock": "index is_locked",
		"atlas_schema_revisions.atlas_schema_revisions": "version description type applied total executed_at " +
			"execution_time error error_stmt hash partial_hashes operator_version",
		"public.SequelizeMeta":               "name",
		"public.__EFMigrationsHistory":       "MigrationId ProductVersion",
		"public.doctrine_migration_versions": "version executed_at execution_time",
		"laravel.migrations":                 "id migration batch",
		"typeorm.migrations":                 "id timestamp name",
		"drizzle.__drizzle_migrations":       "id hash created_at",
		"sqitch.changes": "change_id script_hash change project note committed_at " +
			"committer_name committer_email planned_at planner_name planner_email",
		"sqitch.events": "event change_id change project note requires conflicts " +
			"tags committed_at committer_name committer_email planned_at planner_name planner_email",
		"pgroll.migrations": "schema name migration created_at updated_at parent done " +
			"resulting_schema migration_type",
		"graphile_migrate.migrations": "hash previous_hash filename date",
		"public._sqlx_migrations": "version description installed_on success checksum " +
			"execution_time",
		"public.__diesel_schema_migrations": "version run_on",
	} {
		if why := keptWhole(made(name, columns), 300); why != "migration history" {
			t.Errorf("%s (%s): %q", name, columns, why)
		}
	}
}

func TestKeptWhole_KnowsWhatDjangoLooksUpByName(t *testing.T) {
	for name, columns := range map[string]string{
		"public.django_content_type": "id app_label model",
		"public.auth_permission":     "id name content_type_id codename",
	} {
		if why := keptWhole(made(name, columns), 300); why != "framework's registry" {
			t.Errorf("%s: %q", name, why)
		}
	}
}

func TestKeptWhole_LeavesBusinessTablesAlone(t *testing.T) {
	for _, c := range []struct {
		name, columns string
		rows          int64
	}{
		{"public.migrations", "id bird route started_at", 300}, // of birds
		{"public.changelog", "id product text", 300},
		{"public.changes", "change_id change project", 300}, // sqitch's are in its schema
		{"public.tags", "tag_id tag change_id", 300},
		{"public.schema_version", "id document author", 300},
		{"public.orders", "version", 300},
		{"public.goose_db_version", "id version_id is_applied tstamp", mostWholeRows + 1},
		{"public.schema_migrations", "version " + strings.Repeat("c ", mostWholeColumns), 300},
		{"public.auth_permission", "id who", 300},
	} {
		if why := keptWhole(made(c.name, c.columns), c.rows); why != "" {
			t.Errorf("%s (%s): %q", c.name, c.columns, why)
		}
	}
}

func TestMakePlan_KeepsHistoriesWholeUnlessARuleNamesThem(t *testing.T) {
	table := made("public.schema_migrations", "version")
	db := &catalog.Database{Name: "d", Role: "me", Tables: []*catalog.Table{table}}
	for _, c := range []struct {
		name     string
		rows     int64
		rules    map[string]Rule
		target   int64
		describe string
	}{
		{"by itself", 400, nil, 400, "all (migration history)"},
		{"too large", 200_000, nil, 3218, ""},
		{"none", 400, map[string]Rule{"public.schema_migrations": {None: true}}, 0, "none"},
		{"rows", 400, map[string]Rule{"public.schema_migrations": {Rows: 7}}, 7, "rows 7"},
		{"a rule that changes nothing", 400, map[string]Rule{"public.schema_migrations": {}}, 40, ""},
		{"all", 400, map[string]Rule{"public.schema_migrations": {All: true}}, 400, "all"},
	} {
		p, err := Make(db, catalog.Counts{107: {Rows: c.rows, Exact: true}}, Spec{Tables: c.rules})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Tables[0]; got.Target != c.target || got.Rule != c.describe {
			t.Errorf("%s: target %d, rule %q, want %d, %q", c.name, got.Target, got.Rule, c.target, c.describe)
		}
	}
}

func TestMakePlan_StillNeedsToReadAHistory(t *testing.T) {
	table := made("public.alembic_version", "version_num")
	table.Readable, table.Denied = false, []catalog.Name{table.Name}
	db := &catalog.Database{Name: "d", Role: "me", Tables: []*catalog.Table{table}}
	if _, err := Make(db, catalog.Counts{}, Spec{}); err == nil || len(hint.Of(err)) != 1 {
		t.Errorf("%v", err)
	}
	p, err := Make(db, catalog.Counts{}, Spec{Tables: map[string]Rule{"public.alembic_version": {None: true}}})
	if err != nil || len(p.Tables) != 0 {
		t.Errorf("%v", err)
	}
}

func TestHistories_AreSortedAndInLowerCase(t *testing.T) {
	for _, tables := range [][]wholeTable{histories, registries} {
		if !slices.IsSortedFunc(tables, func(a, b wholeTable) int {
			return strings.Compare(a.name+" "+a.columns, b.name+" "+b.columns)
		}) {
			t.Error("not sorted")
		}
		for _, w := range tables {
			if w.name != strings.ToLower(w.name) || w.columns != strings.ToLower(w.columns) {
				t.Errorf("%+v would match nothing", w)
			}
		}
	}
}
