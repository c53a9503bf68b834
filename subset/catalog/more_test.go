package catalog_test

import (
	"slices"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// made reads the catalog of a schema given as SQL.
func made(t *testing.T, sql string) *catalog.Database {
	t.Helper()
	url := pgtest.New(t)
	pgtest.Exec(t, url, sql)
	return readURL(t, url)
}

func TestRead_FindsIndexesThatServeAKey(t *testing.T) {
	db := made(t, `
		CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
		CREATE TABLE leads (a int, b int, c int, CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p);
		CREATE INDEX ON leads (b, a, c);
		CREATE TABLE trails (a int, b int, c int, CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p);
		CREATE INDEX ON trails (c, a, b);
		CREATE TABLE half (a int, b int, CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p);
		CREATE INDEX ON half (a);
		CREATE TABLE partial (a int, b int, CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p);
		CREATE INDEX ON partial (a, b) WHERE a > 5;
		CREATE TABLE computed (a int, b int, CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p);
		CREATE INDEX ON computed ((a + 1), (b + 1));
		CREATE TABLE covering (a int, b int, CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p);
		CREATE INDEX ON covering (a) INCLUDE (b);
		CREATE TABLE brin (a int, b int, CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p);
		CREATE INDEX ON brin USING brin (a, b);
		CREATE TABLE tree (a int, b int, CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p) PARTITION BY LIST (a);
		CREATE TABLE tree_1 PARTITION OF tree FOR VALUES IN (1);
		CREATE TABLE tree_2 PARTITION OF tree FOR VALUES IN (2);
		CREATE INDEX ON tree_1 (a, b);
		CREATE TABLE whole (a int, b int, CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p) PARTITION BY LIST (a);
		CREATE TABLE whole_1 PARTITION OF whole FOR VALUES IN (1);
		CREATE INDEX ON whole (a, b);
		CREATE TABLE leaves (a int, b int, CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p) PARTITION BY LIST (a);
		CREATE TABLE leaves_1 PARTITION OF leaves FOR VALUES IN (1);
		CREATE TABLE leaves_2 PARTITION OF leaves FOR VALUES IN (2);
		CREATE INDEX ON leaves_1 (a, b);
		CREATE INDEX ON leaves_2 (b, a);`)
	want := map[string]bool{
		"leads": true, "trails": false, "half": false, "partial": false, "computed": false, "covering": false,
		"brin": false,
		"tree": false, "whole": true, "leaves": true,
	}
	for name, indexed := range want {
		if k := key(t, db, "public."+name+".k"); k.Indexed != indexed {
			t.Errorf("%s: indexed %v, want %v", name, k.Indexed, indexed)
		}
	}
}

func TestRead_ListsOnlyKeysThatIdentifyRows(t *testing.T) {
	db := made(t, `
		CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int UNIQUE, EXCLUDE USING btree (a WITH =));
		CREATE UNIQUE INDEX plain ON t (a, b);
		CREATE UNIQUE INDEX partial ON t (a) WHERE b IS NULL;
		CREATE UNIQUE INDEX computed ON t (lower(b));
		CREATE INDEX twice ON t (a);
		CREATE TABLE keyless (a int);`)
	var names []string
	for _, k := range table(t, db, "public.t").Keys {
		names = append(names, k.Name)
	}
	wantDiff(t, "keys", []string{"t_pkey", "plain", "t_c_key"}, names)
	if keys := table(t, db, "public.keyless").Keys; keys != nil {
		t.Errorf("%+v", keys)
	}
}

func TestRead_SeesNoDroppedColumn(t *testing.T) {
	db := made(t, `
		CREATE TABLE t (gone int, id int NOT NULL, v varchar(20), n numeric(10, 2)[]);
		ALTER TABLE t DROP COLUMN gone;`)
	wantDiff(t, "columns", []catalog.Column{
		{Name: "id", Type: "integer", NotNull: true},
		{Name: "v", Type: "character varying(20)"},
		{Name: "n", Type: "numeric(10,2)[]"},
	}, table(t, db, "public.t").Columns)
}

func TestRead_TakesOperatorsOfOtherSchemas(t *testing.T) {
	db := made(t, `
		CREATE SCHEMA "my types";
		CREATE DOMAIN "my types".email AS text;
		CREATE TYPE "my types".colour AS ENUM ('red', 'green');
		CREATE TABLE account (email "my types".email PRIMARY KEY, colour "my types".colour UNIQUE, code bpchar UNIQUE, ids int[] UNIQUE);
		CREATE TABLE login (
			email "my types".email REFERENCES account,
			colour "my types".colour REFERENCES account (colour),
			code char(3) REFERENCES account (code),
			ids int[] REFERENCES account (ids),
			plain text REFERENCES account (email));`)
	for name, want := range map[string]string{
		"login_email_fkey":  `p."email"::text OPERATOR(pg_catalog.=) c."email"::text`,
		"login_colour_fkey": `p."colour" OPERATOR(pg_catalog.=) c."colour"`,
		"login_code_fkey":   `p."code" OPERATOR(pg_catalog.=) c."code"`,
		"login_ids_fkey":    `p."ids" OPERATOR(pg_catalog.=) c."ids"`,
		"login_plain_fkey":  `p."email"::text OPERATOR(pg_catalog.=) c."plain"`,
	} {
		wantDiff(t, name, want, key(t, db, "public.login."+name).Join("p", "c"))
	}
}

func TestRead_MeasuresHeaps(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `
		CREATE TABLE full_ (id int, filler text);
		INSERT INTO full_ SELECT i, repeat('x', 1000) FROM generate_series(1, 700) AS i;
		ANALYZE full_;
		INSERT INTO full_ SELECT i, repeat('x', 1000) FROM generate_series(1, 700) AS i;
		CREATE TABLE fresh (id int);
		INSERT INTO fresh VALUES (1);
		CREATE TABLE toasted (v text);
		ALTER TABLE toasted ALTER v SET STORAGE EXTERNAL;
		INSERT INTO toasted VALUES (repeat('x', 100000));`)
	db := readURL(t, url)
	h := table(t, db, "public.full_").Heaps[0]
	if h.Rows != 700 || h.Was != 100 || h.Pages != 200 || h.Bytes < 200*8192 {
		t.Errorf("%+v", h)
	}
	if h := table(t, db, "public.fresh").Heaps[0]; h.Rows > 0 || h.Pages != 1 {
		t.Errorf("never analyzed: %+v", h)
	}
	if h := table(t, db, "public.toasted").Heaps[0]; h.Bytes < 100000 || h.Pages != 1 {
		t.Errorf("toasted: %+v", h)
	}
	if h.Table != table(t, db, "public.full_") {
		t.Error("a heap does not know its table")
	}
}

func TestRead_SortsByBytesNotByLocale(t *testing.T) {
	db := made(t,
		`CREATE TABLE "B" (); CREATE TABLE a (); CREATE TABLE "ä" (); CREATE TABLE b (); CREATE SCHEMA "Z"; CREATE TABLE "Z".a ();`)
	var names []string
	for _, tab := range db.Tables {
		names = append(names, tab.Name.Schema+"."+tab.Name.Name)
	}
	wantDiff(t, "order", []string{"Z.a", "public.B", "public.a", "public.b", "public.ä"}, names)
	if !slices.IsSorted(names) {
		t.Error("not sorted")
	}
}

func TestRead_FollowsMaterializedViewsThroughEachOther(t *testing.T) {
	db := made(t, `
		CREATE TABLE t (id int);
		CREATE MATERIALIZED VIEW m3 AS SELECT * FROM t;
		CREATE VIEW v2 AS SELECT * FROM m3;
		CREATE VIEW v1 AS SELECT * FROM v2;
		CREATE MATERIALIZED VIEW m1 AS SELECT * FROM v1;
		CREATE MATERIALIZED VIEW m0 AS SELECT a.id FROM m1 AS a JOIN m3 AS b USING (id);
		CREATE MATERIALIZED VIEW alone AS SELECT 1 AS one;`)
	var names []string
	for _, m := range db.MatViews {
		names = append(names, m.Name)
	}
	wantDiff(t, "order", []string{"alone", "m3", "m1", "m0"}, names)
}

func TestRead_NamesEveryUserOfASequence(t *testing.T) {
	db := made(t, `
		CREATE SEQUENCE shared;
		CREATE TABLE a (id bigint DEFAULT nextval('shared'), n serial);
		CREATE TABLE b (id bigint DEFAULT nextval('shared'));
		CREATE TABLE c (id int GENERATED BY DEFAULT AS IDENTITY);
		ALTER SEQUENCE shared OWNED BY b.id;`)
	got := map[string][]string{}
	owner := map[string]string{}
	for _, s := range db.Sequences {
		for _, u := range s.UsedBy {
			got[s.Name.Name] = append(got[s.Name.Name], u.Table.Name+"."+u.Column)
		}
		owner[s.Name.Name] = s.Owner.Name + "." + s.Column
	}
	wantDiff(t, "users", map[string][]string{"shared": {"b.id", "a.id"}, "a_n_seq": {"a.n"}, "c_id_seq": {"c.id"}}, got)
	wantDiff(t, "owners", map[string]string{"shared": "b.id", "a_n_seq": "a.n", "c_id_seq": "c.id"}, owner)
}

func TestRead_NamesTheLeafThatMayNotBeRead(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `
		CREATE TABLE tree (id int) PARTITION BY LIST (id);
		CREATE TABLE tree_1 PARTITION OF tree FOR VALUES IN (1);
		CREATE TABLE tree_2 PARTITION OF tree FOR VALUES IN (2);`)
	role := pgtest.Role(t, url, "leaf_reader", "")
	pgtest.Exec(t, url, "GRANT SELECT ON tree, tree_1 TO leaf_reader")
	tree := table(t, readURL(t, role), "public.tree")
	wantDiff(t, "denied", []catalog.Name{{Schema: "public", Name: "tree_2"}}, tree.Denied)
	if tree.Readable {
		t.Error("readable")
	}
}

func TestRead_WorksOnAStandby(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `
		CREATE TABLE t (id serial PRIMARY KEY);
		CREATE UNLOGGED TABLE fleeting (id int);`)
	standby := pgtest.NewStandby(t)
	standby.CatchUp(t)
	primary, db := readURL(t, url), readURL(t, standby.URL(t, url))
	if !db.InRecovery || primary.InRecovery || db.SystemID != primary.SystemID || db.SystemID == "" {
		t.Errorf("recovery %v, systems %q and %q", db.InRecovery, db.SystemID, primary.SystemID)
	}
	wantDiff(t, "tables", 1, len(db.Tables))
	wantDiff(t, "left out", []catalog.LeftOut{
		{Name: catalog.Name{Schema: "public", Name: "fleeting"}, Reason: "unlogged, not readable on a standby"},
	}, db.LeftOut)
}

func TestRead_ListsPoliciesThatNameRoles(t *testing.T) {
	db := made(t, `
		CREATE TABLE t (n int);
		CREATE POLICY two ON t TO pg_monitor, pg_signal_backend USING (true);
		CREATE POLICY everybody ON t USING (true);
		CREATE POLICY one ON t TO pg_monitor USING (true);`)
	var got [][]string
	for _, p := range db.Policies {
		if p.OID == 0 || p.Table.Dotted() != "public.t" {
			t.Errorf("%+v", p)
		}
		got = append(got, append([]string{p.Name}, p.Roles...))
	}
	want := [][]string{{"two", "pg_monitor", "pg_signal_backend"}, {"one", "pg_monitor"}}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%v", got)
	}
}
