package catalog_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// read loads a schema and returns its catalog as the given role sees it.
func read(t *testing.T, schema string) *catalog.Database {
	t.Helper()
	return readURL(t,
		pgtest.Shared(t, schema,
			func(url string) { pgtest.Load(t, url, filepath.Join("../../testdata/schemas", schema)) }))
}

func readURL(t *testing.T, url string) *catalog.Database {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "SET search_path = ''"); err != nil {
		t.Fatal(err)
	}
	db, err := catalog.Read(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func table(t *testing.T, db *catalog.Database, name string) *catalog.Table {
	t.Helper()
	for _, table := range db.Tables {
		if table.Name.Schema+"."+table.Name.Name == name {
			return table
		}
	}
	t.Fatalf("no table %s", name)
	return nil
}

func key(t *testing.T, db *catalog.Database, name string) *catalog.ForeignKey {
	t.Helper()
	for _, k := range db.ForeignKeys {
		if k.String() == name {
			return k
		}
	}
	t.Fatalf("no foreign key %s", name)
	return nil
}

func heapNames(heaps []*catalog.Heap) []string {
	var names []string
	for _, h := range heaps {
		names = append(names, h.Name.Name)
	}
	return names
}

func wantDiff(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestRead_PairsColumnsInTheOrderOfTheConstraint(t *testing.T) {
	db := read(t, "keys.sql")
	k := key(t, db, "public.address.address_country_city_fkey")
	wantDiff(t, "child columns", []string{"country", "city"}, k.ChildColumns)
	wantDiff(t, "parent columns", []string{"country", "name"}, k.ParentColumns)
	wantDiff(t, "join", `p."country" OPERATOR(pg_catalog.=) c."country" AND p."name" OPERATOR(pg_catalog.=) c."city"`,
		k.Join("p", "c"))
	wantDiff(t, "references", `c."country" IS NOT NULL AND c."city" IS NOT NULL`, k.References("c"))
	if !k.Nullable || !k.Validated || k.MatchFull || k.Indexed {
		t.Errorf("%+v", k)
	}
}

func TestRead_CastsAndCollatesAsTheServersTriggersDo(t *testing.T) {
	flag := key(t, read(t, "keys.sql"), "public.flag.flag_country_name_fkey")
	wantDiff(t, "cast", `p."name" OPERATOR(pg_catalog.=) c."country_name"::text`, flag.Join("p", "c"))
	names := read(t, "names.sql")
	spelling := key(t, names, "public.spelling.spelling_w_fkey")
	wantDiff(t, "collation", `p."w" OPERATOR(pg_catalog.=) c."w" COLLATE pg_catalog."C"`, spelling.Join("p", "c"))
	big := key(t, names, "public.big_ref.big_ref_ref_fkey")
	wantDiff(t, "operator of two types", `p."id" OPERATOR(pg_catalog.=) c."ref"`, big.Join("p", "c"))
}

func TestRead_TellsWhatEachKeyIs(t *testing.T) {
	db := read(t, "keys.sql")
	for _, c := range []struct {
		key                                               string
		full, validated, deferrable, nullable, hasAnIndex bool
	}{
		{"public.visit_full.visit_full_country_city_fkey", true, true, false, true, false},
		{"public.visit_simple.visit_simple_country_city_fkey", false, true, false, true, false},
		{"public.person.person_father_fkey", false, true, true, true, false},
		{"public.person.person_boss_fkey", false, true, false, false, false},
		{"public.old_child.old_child_parent_fkey", false, false, false, true, true},
		{"public.city.city_country_fkey", false, true, false, false, true},
	} {
		k := key(t, db, c.key)
		got := []bool{k.MatchFull, k.Validated, k.Deferrable, k.Nullable, k.Indexed}
		wantDiff(t, c.key, []bool{c.full, c.validated, c.deferrable, c.nullable, c.hasAnIndex}, got)
	}
}

func TestRead_ListsKeysPrimaryFirst(t *testing.T) {
	address := table(t, read(t, "keys.sql"), "public.address")
	wantDiff(t, "keys", []catalog.Key{
		{Name: "address_pkey", Primary: true, Columns: []string{"id"}},
		{Name: "address_street_id_key", Columns: []string{"street", "id"}},
	}, address.Keys)
}

func TestRead_TakesAPartitionTreeAsOneTable(t *testing.T) {
	db := read(t, "partitions.sql")
	event := table(t, db, "public.event")
	wantDiff(t, "leaves", []string{"event_2024", "event_2025_even", "event_2025_rest", "event_2026"},
		heapNames(event.Heaps))
	if !event.Partitioned {
		t.Error("not partitioned")
	}
	for _, tab := range db.Tables {
		if strings.HasPrefix(tab.Name.Name, "event_") {
			t.Errorf("partition %s counts as a table", tab.Name)
		}
	}
	if len(table(t, db, "public.empty_tree").Heaps) != 0 {
		t.Error("a tree without leaves has heaps")
	}
}

func TestRead_RemovesClonesAndKeepsKeysOfSingleLeaves(t *testing.T) {
	db := read(t, "partitions.sql")
	var names []string
	for _, k := range db.ForeignKeys {
		names = append(names, k.String())
	}
	wantDiff(t, "keys", []string{
		"public.attachment.attachment_event_at_fkey",
		"public.audit_2025.audit_2025_event_at_fkey",
		"public.event.event_tenant_fkey",
		"public.event_2024.only_here",
	}, names)
	leaf := key(t, db, "public.event_2024.only_here")
	wantDiff(t, "child heaps", []string{"event_2024"}, heapNames(leaf.ChildHeaps))
	wantDiff(t, "child table", "event", leaf.Child.Name.Name)
	audit := key(t, db, "public.audit_2025.audit_2025_event_at_fkey")
	wantDiff(t, "parent heaps", []string{"event_2025_even", "event_2025_rest"}, heapNames(audit.ParentHeaps))
	wantDiff(t, "from", []string{`"public"."event_2025"`, `ONLY "public"."audit_2025"`},
		[]string{audit.FromParent(), audit.FromChild()})
}

func TestRead_ReadsQuotedNamesAndColumns(t *testing.T) {
	db := read(t, "names.sql")
	tab := table(t, db, "Größe.Ünïcödé table")
	var got []string
	for _, c := range tab.Columns {
		if c.Generated || c.Identity {
			got = append(got, c.Name)
		}
	}
	wantDiff(t, "generated or identity", []string{"Id", "doubled"}, got)
	if k := key(t, db,
		"Größe.Ünïcödé table.Ünïcödé table_from_fkey"); k.Parent.Name != (catalog.Name{
		Schema: `weird "Schema`,
		Name:   "select",
	}) {
		t.Errorf("parent %s", k.Parent.Name)
	}
	if n := len(table(t, db, "public.hollow").Columns); n != 0 {
		t.Errorf("a table without columns has %d", n)
	}
}

func TestRead_TakesEachInheritanceMemberForItself(t *testing.T) {
	db := read(t, "names.sql")
	wantDiff(t, "animal", []string{"animal"}, heapNames(table(t, db, "public.animal").Heaps))
	wantDiff(t, "cat", []string{"cat"}, heapNames(table(t, db, "public.cat").Heaps))
	wantDiff(t, "from", `ONLY "public"."animal"`, key(t, db, "public.vet.vet_animal_fkey").FromParent())
}

func TestRead_OrdersMaterializedViewsByWhatTheyRead(t *testing.T) {
	db := read(t, "names.sql")
	wantDiff(t, "order", []catalog.Name{{Schema: "public", Name: "zz_base"}, {Schema: "public", Name: "aa_top"}},
		db.MatViews)
}

func TestRead_ReadsSequences(t *testing.T) {
	db := read(t, "names.sql")
	got := map[string]catalog.Sequence{}
	for _, s := range db.Sequences {
		got[s.Name.Name] = *s
	}
	wantDiff(t, "identity", catalog.Sequence{
		Name: catalog.Name{Schema: "Größe", Name: "Ünïcödé table_Id_seq"}, LastValue: 4496, Called: true, Known: true,
		Owner: catalog.Name{Schema: "Größe", Name: "Ünïcödé table"}, Column: "Id", Increment: 5,
		UsedBy: []catalog.ColumnName{{Table: catalog.Name{Schema: "Größe", Name: "Ünïcödé table"}, Column: "Id"}},
	}, got["Ünïcödé table_Id_seq"])
	wantDiff(t, "falling", catalog.Sequence{
		Name: catalog.Name{Schema: "public", Name: "counted"}, LastValue: -3, Called: true, Known: true, Increment: -1,
		UsedBy: []catalog.ColumnName{{Table: catalog.Name{Schema: "public", Name: "countdown"}, Column: "n"}},
	}, got["counted"])
	wantDiff(t, "never called", catalog.Sequence{
		Name: catalog.Name{Schema: "public", Name: "never_called"}, LastValue: 50, Known: true, Increment: 1,
	}, got["never_called"])
}

func TestRead_LeavesOutForeignTablesAndExtensionTables(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `
		CREATE FOREIGN DATA WRAPPER nothing;
		CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
		CREATE FOREIGN TABLE far (id int) SERVER nowhere;
		CREATE TABLE near (id int PRIMARY KEY);
		CREATE TABLE owned (id int PRIMARY KEY);
		CREATE TABLE refers (id int REFERENCES owned);
		ALTER EXTENSION plpgsql ADD TABLE owned;
		CREATE TEMP TABLE fleeting (id int);`)
	db := readURL(t, url)
	wantDiff(t, "left out", []catalog.LeftOut{
		{Name: catalog.Name{Schema: "public", Name: "far"}, Reason: "foreign table"},
		{Name: catalog.Name{Schema: "public", Name: "owned"}, Reason: "belongs to extension plpgsql"},
	}, db.LeftOut)
	wantDiff(t, "tables", 2, len(db.Tables))
	wantDiff(t, "warnings",
		[]string{"foreign key public.refers.refers_id_fkey is not followed: the rows it references are left out"},
		db.Warnings)
}

func TestRead_TellsWhatARoleMayNotRead(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Load(t, url, "../../testdata/schemas/denied.sql")
	pgtest.Exec(t, url, `CREATE SEQUENCE hidden; CREATE SCHEMA closed; CREATE TABLE closed.room (id int);`)
	role := pgtest.Role(t, url, "catalog_reader", "")
	pgtest.Exec(t, url, `GRANT SELECT ON open_table, refers_to_secret, guarded, closed.room TO catalog_reader;
		GRANT SELECT (id) ON secret TO catalog_reader`)
	db := readURL(t, role)
	wantDiff(t, "role", "catalog_reader", db.Role)
	denied := map[string]bool{}
	for _, tab := range db.Tables {
		denied[tab.Name.Name] = !tab.Readable
	}
	wantDiff(t, "denied",
		map[string]bool{
			"open_table": false, "secret": true, "refers_to_secret": false, "guarded": false,
			"room": true,
		}, denied)
	if !table(t, db, "public.guarded").RowSecurity || table(t, readURL(t, url), "public.guarded").RowSecurity {
		t.Error("row security is not as the role sees it")
	}
	for _, s := range db.Sequences {
		if s.Known {
			t.Errorf("%s is said to be readable", s.Name)
		}
	}
}

func TestRead_ReadsTheServer(t *testing.T) {
	url := pgtest.New(t)
	db := readURL(t, url)
	wantDiff(t, "name", pgtest.Value(t, url, "SELECT current_database()"), db.Name)
	wantDiff(t, "system", pgtest.Value(t, url, "SELECT system_identifier FROM pg_control_system()"), db.SystemID)
	if db.Version < 130000 || db.InRecovery || db.Encoding != "UTF8" {
		t.Errorf("%+v", db)
	}
}
