package catalog_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// edges lists "child(columns) -> parent(columns)" of every key.
func edges(db *catalog.Database) []string {
	var list []string
	for _, k := range db.ForeignKeys {
		list = append(list,
			k.ChildRel.Name+"("+strings.Join(k.ChildColumns, ",")+") -> "+k.ParentRel.Name+"("+
				strings.Join(k.ParentColumns, ",")+")")
	}
	return list
}

func TestRead_ListsAKeyBetweenTwoTreesOnce(t *testing.T) {
	db := made(t, `
		CREATE TABLE p (a int, b int, PRIMARY KEY (a, b)) PARTITION BY LIST (a);
		CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
		CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2) PARTITION BY LIST (b);
		CREATE TABLE p21 PARTITION OF p2 FOR VALUES IN (1);
		CREATE TABLE c (x int, y int, z int, FOREIGN KEY (z, y) REFERENCES p (b, a)) PARTITION BY LIST (x);
		CREATE TABLE c1 PARTITION OF c FOR VALUES IN (1);
		CREATE TABLE c2 (z int, junk text, x int, y int);
		ALTER TABLE c2 DROP COLUMN junk;
		ALTER TABLE c ATTACH PARTITION c2 FOR VALUES IN (2);
		CREATE TABLE c3 PARTITION OF c FOR VALUES IN (3) PARTITION BY LIST (y);
		CREATE TABLE c31 PARTITION OF c3 DEFAULT;
		ALTER TABLE c1 ADD FOREIGN KEY (x, z) REFERENCES p21;
		ALTER TABLE c3 ADD FOREIGN KEY (y, x) REFERENCES p2;`)
	wantDiff(t, "keys", []string{"c(z,y) -> p(b,a)", "c1(x,z) -> p21(a,b)", "c3(y,x) -> p2(a,b)"}, edges(db))
	whole, leaf, branch := db.ForeignKeys[0], db.ForeignKeys[1], db.ForeignKeys[2]
	wantDiff(t, "child of the whole", []string{"c1", "c2", "c31"}, heapNames(whole.ChildHeaps))
	wantDiff(t, "parent of the whole", []string{"p1", "p21"}, heapNames(whole.ParentHeaps))
	wantDiff(t, "child of the leaf", []string{"c1"}, heapNames(leaf.ChildHeaps))
	wantDiff(t, "parent of the leaf", []string{"p21"}, heapNames(leaf.ParentHeaps))
	wantDiff(t, "child of the branch", []string{"c31"}, heapNames(branch.ChildHeaps))
	wantDiff(t, "parent of the branch", []string{"p21"}, heapNames(branch.ParentHeaps))
	for _, k := range db.ForeignKeys {
		if k.Child.Name.Name != "c" || k.Parent.Name.Name != "p" {
			t.Errorf("%s leads from %s to %s", k, k.Child.Name, k.Parent.Name)
		}
	}
	wantDiff(t, "from the branch", []string{`"public"."p2"`, `"public"."c3"`},
		[]string{branch.FromParent(), branch.FromChild()})
	wantDiff(t, "from the leaf", []string{`ONLY "public"."p21"`, `ONLY "public"."c1"`},
		[]string{leaf.FromParent(), leaf.FromChild()})
}

func TestRead_ListsEveryKeyOfATableUponItself(t *testing.T) {
	db := made(t, `
		CREATE TABLE node (tree int, id int, parent int, twin int UNIQUE, PRIMARY KEY (tree, id),
			CONSTRAINT up FOREIGN KEY (tree, parent) REFERENCES node,
			CONSTRAINT beside FOREIGN KEY (twin) REFERENCES node (twin),
			CONSTRAINT again FOREIGN KEY (parent, tree) REFERENCES node (id, tree) MATCH FULL);`)
	wantDiff(t, "keys",
		[]string{
			"node(parent,tree) -> node(id,tree)", "node(twin) -> node(twin)",
			"node(tree,parent) -> node(tree,id)",
		}, edges(db))
	if k := key(t, db, "public.node.up"); k.Child != k.Parent || !k.Nullable {
		t.Errorf("%+v", k)
	}
	wantDiff(t, "definition", "FOREIGN KEY (parent, tree) REFERENCES node(id, tree) MATCH FULL",
		strings.ReplaceAll(key(t, db, "public.node.again").Definition, "public.", ""))
}

// loosely is the collation of a column that references one with that: since
// version 18 it cannot be another.
func loosely(t *testing.T, collation string) string {
	if pgtest.Major(t) < 18 {
		return ""
	}
	return " COLLATE " + collation
}

func TestRead_TakesTheOperatorsOfTheConstraint(t *testing.T) {
	db := made(t, `
		CREATE SCHEMA "ext Schema"; CREATE EXTENSION citext SCHEMA "ext Schema";
		CREATE COLLATION "no case" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE TABLE p (i8 bigint UNIQUE, i2 smallint UNIQUE, num numeric UNIQUE, ci "ext Schema".citext UNIQUE, loose text COLLATE "no case" UNIQUE, vc varchar(10) UNIQUE, ts timestamptz UNIQUE, u uuid UNIQUE);
		CREATE TABLE c (
			i4 int CONSTRAINT k1 REFERENCES p (i8), i8 bigint CONSTRAINT k2 REFERENCES p (i2), i int CONSTRAINT k3 REFERENCES p (num),
			ci "ext Schema".citext CONSTRAINT k4 REFERENCES p (ci), strict text`+loosely(t, `"no case"`)+` CONSTRAINT k5 REFERENCES p (loose),
			t text CONSTRAINT k6 REFERENCES p (vc), d date CONSTRAINT k7 REFERENCES p (ts), u uuid CONSTRAINT k8 REFERENCES p (u));`)
	k5 := `p."loose" OPERATOR(pg_catalog.=) c."strict"`
	if pgtest.Major(t) < 18 {
		k5 += ` COLLATE public."no case"`
	}
	for name, want := range map[string]string{
		"k1": `p."i8" OPERATOR(pg_catalog.=) c."i4"`,
		"k2": `p."i2" OPERATOR(pg_catalog.=) c."i8"`,
		"k3": `p."num" OPERATOR(pg_catalog.=) c."i"::numeric`,
		"k4": `p."ci" OPERATOR("ext Schema".=) c."ci"`,
		"k5": k5,
		"k6": `p."vc"::text OPERATOR(pg_catalog.=) c."t"`,
		"k7": `p."ts" OPERATOR(pg_catalog.=) c."d"`,
		"k8": `p."u" OPERATOR(pg_catalog.=) c."u"`,
	} {
		wantDiff(t, name, want, key(t, db, "public.c."+name).Join("p", "c"))
	}
}

// Every condition that Join writes must find what the server's triggers find.
func TestJoin_FindsTheParentsThatTheServerAccepts(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `
		CREATE EXTENSION citext;
		CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE TABLE p (i8 bigint UNIQUE, ci citext UNIQUE, lo text COLLATE loose UNIQUE, ch char(5) UNIQUE, num numeric UNIQUE, UNIQUE (i8, num));
		INSERT INTO p VALUES (1, 'Ann', 'Resume', 'ab', 1.0);
		CREATE TABLE c (i4 int REFERENCES p (i8), ci citext REFERENCES p (ci), lo text`+loosely(t, "loose")+` REFERENCES p (lo), ch char(3) REFERENCES p (ch), num int, FOREIGN KEY (i4, num) REFERENCES p (i8, num));
		INSERT INTO c VALUES (1, 'ANN', 'RESUME', 'ab ', 1), (NULL, NULL, NULL, NULL, 7);`)
	db := readURL(t, url)
	if len(db.ForeignKeys) != 5 {
		t.Fatalf("%d keys", len(db.ForeignKeys))
	}
	for _, k := range db.ForeignKeys {
		sql := "SET search_path = ''; SELECT count(*) FROM " + k.FromChild() + " AS c JOIN " + k.FromParent() +
			" AS p ON " + k.Join("p", "c") + " WHERE " + k.References("c")
		if n := pgtest.Value(t, url, sql); n != "1" {
			t.Errorf("%s: %s pairs, want 1", k.Definition, n)
		}
	}
}

func TestRead_LeavesOutKeysOfTablesItLeavesOut(t *testing.T) {
	db := made(t, `
		CREATE TABLE p (id int PRIMARY KEY);
		CREATE TABLE c (id int CONSTRAINT own REFERENCES p);
		ALTER EXTENSION plpgsql ADD TABLE c;
		CREATE TABLE t (id int CONSTRAINT taken REFERENCES p);`)
	wantDiff(t, "keys", []string{"t(id) -> p(id)"}, edges(db))
	wantDiff(t, "warnings", []string(nil), db.Warnings)
}

func TestRead_LeavesForeignLeavesOutOfTheirTree(t *testing.T) {
	db := made(t, `
		CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
		CREATE TABLE tree (id int, v text) PARTITION BY LIST (id);
		CREATE TABLE near PARTITION OF tree FOR VALUES IN (1);
		CREATE FOREIGN TABLE far PARTITION OF tree FOR VALUES IN (2) SERVER nowhere;`)
	wantDiff(t, "heaps", []string{"near"}, heapNames(table(t, db, "public.tree").Heaps))
	wantDiff(t, "left out",
		[]catalog.LeftOut{{Name: catalog.Name{Schema: "public", Name: "far"}, Reason: "foreign table"}}, db.LeftOut)
	wantDiff(t, "tables", 1, len(db.Tables))
}

func TestRead_SaysWhatItWasReading(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := catalog.Read(ctx, conn); !errors.Is(err, context.Canceled) ||
		!strings.HasPrefix(err.Error(), "catalog: server: ") {
		t.Errorf("%v", err)
	}
}

func TestRead_GivesTheSameEachTime(t *testing.T) {
	for _, schema := range []string{"keys.sql", "partitions.sql", "names.sql"} {
		wantDiff(t, schema, read(t, schema), read(t, schema))
	}
}
