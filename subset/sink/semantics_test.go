package sink_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// eachWay runs a test of what a target holds against a database that was
// loaded directly and those that the given role of the database filled from a
// script and from archives.
func eachWay(
	t *testing.T, from string, change func(*source, *subset.Ending), as func(t *testing.T, to string) string,
	check func(t *testing.T, to string, warnings []string),
) {
	t.Helper()
	s := open(t, from)
	end := s.ending()
	if change != nil {
		change(s, &end)
	}
	for _, way := range []string{"database", "x.sql.zst", "x.dump", "x/"} {
		t.Run(way, func(t *testing.T) {
			owner := pgtest.New(t)
			to := owner
			if as != nil {
				to = as(t, owner)
			}
			path := to
			if way != "database" {
				path = t.TempDir() + "/" + way
			}
			target, err := sink.Open(path, sink.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.copyAll(t.Context(), target, end); err != nil {
				t.Fatal(err)
			}
			if way != "database" {
				loadFile(t, to, path)
			}
			check(t, owner, target.Warnings())
		})
	}
}

const keysSQL = `SELECT conrelid::regclass, conname, convalidated, coalesce(obj_description(oid, 'pg_constraint'), '')
	FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 ORDER BY 1, 2`

func TestDanglingKey_IsAddedNotValid(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from,
		`CREATE SCHEMA "my schema"; CREATE TABLE "my schema"."Par ent" (a int, b int, PRIMARY KEY (a, b));
		CREATE TABLE child (a int, b int, c int,
			CONSTRAINT "fk x" FOREIGN KEY (a, b) REFERENCES "my schema"."Par ent" MATCH FULL ON DELETE CASCADE DEFERRABLE,
			CONSTRAINT sound FOREIGN KEY (a, c) REFERENCES "my schema"."Par ent");
		COMMENT ON CONSTRAINT "fk x" ON child IS 'kept';
		SET session_replication_role = replica; INSERT INTO child VALUES (1, 2, NULL)`)
	eachWay(t, from, dangle("fk x"), nil, func(t *testing.T, to string, warnings []string) {
		want := [][]string{{"child", "fk x", "f", "kept"}, {"child", "sound", "t", ""}}
		if diff := cmp.Diff(want, pgtest.Query(t, to, keysSQL)); diff != "" {
			t.Error(diff)
		}
		got := pgtest.Value(t, to, "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'fk x'")
		if want := `FOREIGN KEY (a, b) REFERENCES "my schema"."Par ent"(a, b) MATCH FULL ON DELETE CASCADE DEFERRABLE NOT VALID`; got != want {
			t.Errorf("got %s", got)
		}
		if len(warnings) > 0 {
			t.Errorf("warnings %q", warnings)
		}
	})
}

// dangle says that kept rows break the keys of that name.
func dangle(name string) func(*source, *subset.Ending) {
	return func(s *source, end *subset.Ending) {
		for _, key := range s.from.Catalog.ForeignKeys {
			if key.Name == name {
				end.Dangling = append(end.Dangling, key)
			}
		}
	}
}

func TestDanglingKey_OfAPartitionedTableIsLeftOutByName(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from, `CREATE TABLE parent (id int PRIMARY KEY);
		CREATE TABLE child (id int CONSTRAINT broken REFERENCES parent) PARTITION BY RANGE (id);
		CREATE TABLE leaf PARTITION OF child DEFAULT;
		ALTER TABLE leaf ADD CONSTRAINT own FOREIGN KEY (id) REFERENCES parent;
		COMMENT ON CONSTRAINT broken ON child IS 'gone too';
		SET session_replication_role = replica; INSERT INTO child VALUES (1)`)
	version := pgtest.Value(t, from, "SHOW server_version_num")
	if version >= "180000" {
		t.Skip("PostgreSQL 18 allows NOT VALID on partitioned tables")
	}
	change := func(s *source, end *subset.Ending) { dangle("broken")(s, end); dangle("own")(s, end) }
	eachWay(t, from, change, nil, func(t *testing.T, to string, warnings []string) {
		if diff := cmp.Diff([][]string{{"leaf", "own", "f", ""}}, pgtest.Query(t, to, keysSQL)); diff != "" {
			t.Error(diff)
		}
		if len(warnings) != 1 || !strings.HasPrefix(warnings[0], `foreign key broken of "public"."child" left out`) {
			t.Errorf("warnings %q", warnings)
		}
	})
}

func TestPolicy_ThatNamesAMissingRoleIsLeftOut(t *testing.T) {
	from := pgtest.New(t)
	pgtest.Role(t, from, "sink here", "")
	pgtest.Role(t, from, "sink_gone", "")
	pgtest.Exec(t, from, `CREATE TABLE t (n int); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
		CREATE POLICY "p 1" ON t TO "sink here" USING (true); CREATE POLICY p2 ON t TO "sink here", sink_gone USING (n > 0 AND 'it''s' <> $x$\$x$);
		CREATE POLICY p3 ON t USING (false);
		COMMENT ON POLICY "p 1" ON t IS 'one'; COMMENT ON POLICY p2 ON t IS 'two'; COMMENT ON POLICY p3 ON t IS 'three'`)
	path := filepath.Join(t.TempDir(), "x.sql")
	noWarnings(t, open(t, from).mustCopyTo(t, path, sink.Options{}))
	all, loaded := pgtest.New(t), pgtest.New(t)
	noWarnings(t, open(t, from).mustCopyTo(t, all, sink.Options{}))
	same(t, from, all)
	pgtest.Exec(t, from, "ALTER ROLE sink_gone RENAME TO sink_renamed")
	t.Cleanup(func() { pgtest.Exec(t, from, "ALTER ROLE sink_renamed RENAME TO sink_gone") })
	pgtest.Load(t, loaded, path)
	want := [][]string{{"p 1", "one"}, {"p3", "three"}}
	got := pgtest.Query(t, loaded, "SELECT polname, obj_description(oid, 'pg_policy') FROM pg_policy ORDER BY 1")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEventTrigger_IsLeftOutForARoleThatMayNotMakeIt(t *testing.T) {
	as := func(t *testing.T, to string) string {
		role := pgtest.Role(t, to, "sink_plain", "")
		pgtest.Exec(t, to,
			"GRANT CREATE ON SCHEMA public TO sink_plain; GRANT CREATE ON DATABASE "+
				pgtest.Value(t, to, "SELECT current_database()")+" TO sink_plain")
		return role
	}
	from := fixture(t, "everything.sql")
	eachWay(t, from, nil, as, func(t *testing.T, to string, warnings []string) {
		if n := pgtest.Value(t, to, "SELECT count(*) FROM pg_event_trigger"); n != "0" {
			t.Error("there is an event trigger")
		}
		if n := pgtest.Value(t, to, "SELECT count(*) FROM person"); n != "3" {
			t.Errorf("%s persons", n)
		}
		if len(warnings) > 0 &&
			!strings.Contains(warnings[0], "event trigger left out, only a superuser may create it: watcher") {
			t.Errorf("warnings %q", warnings)
		}
	})
}

func TestUserMapping_IsLeftOutWithItsPassword(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from, `CREATE FOREIGN DATA WRAPPER w; CREATE SERVER other FOREIGN DATA WRAPPER w;
		CREATE USER MAPPING FOR postgres SERVER other OPTIONS (password 'hunter2')`)
	path := filepath.Join(t.TempDir(), "x.sql")
	done := open(t, from).mustCopyTo(t, path, sink.Options{})
	if text := read(t, path); strings.Contains(text, "hunter2") || !strings.Contains(text, "CREATE SERVER") {
		t.Error(text)
	}
	if w := done.Warnings(); len(w) != 1 || !strings.Contains(w[0], "user mapping left out") {
		t.Errorf("warnings %q", w)
	}
}

func TestMaterializedView_WhoseQueryFailsStaysEmpty(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from, `CREATE TABLE t (n int); INSERT INTO t VALUES (1);
		CREATE MATERIALIZED VIEW bad AS SELECT 10 / count(*) AS x FROM t; CREATE MATERIALIZED VIEW good AS SELECT count(*) AS n FROM t`)
	noRows := func(s *source, _ *subset.Ending) { s.from.Catalog.Tables = nil }
	eachWay(t, from, noRows, nil, func(t *testing.T, to string, warnings []string) {
		got := pgtest.Query(t, to, "SELECT relname, relispopulated FROM pg_class WHERE relkind = 'm' ORDER BY 1")
		if diff := cmp.Diff([][]string{{"bad", "f"}, {"good", "t"}}, got); diff != "" {
			t.Error(diff)
		}
		if len(warnings) > 0 && !strings.HasPrefix(warnings[0], `materialized view "public"."bad" left empty`) {
			t.Errorf("warnings %q", warnings)
		}
	})
}

func TestPolicy_ThatNamesAMissingRoleIsNamedInAWarning(t *testing.T) {
	from, to := pgtest.New(t), pgtest.New(t)
	pgtest.Role(t, from, "sink_absent", "")
	pgtest.Exec(t, from,
		`CREATE TABLE t (n int); CREATE POLICY p ON t TO sink_absent; COMMENT ON POLICY p ON t IS 'x'; CREATE POLICY q ON t`)
	s := open(t, from)
	target := begun(t, s, to)
	pgtest.Exec(t, from, "ALTER ROLE sink_absent RENAME TO sink_other")
	t.Cleanup(func() { pgtest.Exec(t, from, "ALTER ROLE sink_other RENAME TO sink_absent") })
	if err := target.Finish(t.Context(), s.ending()); err != nil {
		t.Fatal(err)
	}
	if err := target.Close(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	want := []string{`policy p of "public"."t" left out: the target has no role sink_absent`}
	if diff := cmp.Diff(want, target.Warnings()); diff != "" {
		t.Error(diff)
	}
	if got := pgtest.Query(t, to, "SELECT polname FROM pg_policy"); len(got) != 1 || got[0][0] != "q" {
		t.Errorf("policies %q", got)
	}
}

func TestReplace_EmptiesEverything(t *testing.T) {
	t.Parallel()
	from, to := pgtest.New(t), load(t, "everything.sql")
	pgtest.Exec(t, from, "CREATE TABLE solo (n int); INSERT INTO solo VALUES (7)")
	pgtest.Exec(t, to, `ALTER EVENT TRIGGER watcher DISABLE;
		CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int); CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
		CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl);
		CREATE OPERATOR CLASS oc FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(int4, int4);
		CREATE COLLATION co FROM "C"; CREATE TEXT SEARCH CONFIGURATION tc (COPY = english);
		CREATE EXTENSION pg_trgm; CREATE SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; SELECT lo_create(4711);
		CREATE FOREIGN DATA WRAPPER w; CREATE SERVER other FOREIGN DATA WRAPPER w;
		CREATE FOREIGN TABLE ft (n int) SERVER other; CREATE PUBLICATION pub FOR TABLE base;
		ALTER EVENT TRIGGER watcher ENABLE`)
	open(t, from).mustCopyTo(t, to, sink.Options{Replace: true})
	same(t, from, to)
}

func TestReplace_NeedsToOwnOnlyWhatItDrops(t *testing.T) {
	from, owner := load(t, "everything.sql"), pgtest.New(t)
	pgtest.Exec(t, from, "DROP EVENT TRIGGER watcher")
	to := pgtest.Role(t, owner, "sink_guest", "")
	pgtest.Exec(t, owner, `GRANT CREATE ON SCHEMA public TO sink_guest; CREATE EXTENSION hstore;
		DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO sink_guest', current_database()); END $$`)
	for range 2 {
		open(t, from).mustCopyTo(t, to, sink.Options{Replace: true})
	}
	if n := pgtest.Value(t, owner, "SELECT count(*) FROM person"); n != "3" {
		t.Errorf("%s persons", n)
	}
	if n := pgtest.Value(t, owner, "SELECT count(*) FROM pg_extension WHERE extname = 'hstore'"); n != "1" {
		t.Error("the extension of another role is gone")
	}
}
