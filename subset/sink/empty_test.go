package sink

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// connected opens a prepared connection to a database.
func connected(t *testing.T, url string) *pgconn.PgConn {
	t.Helper()
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := connect(t.Context(), config, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func list(t *testing.T, conn *pgconn.PgConn) []object {
	t.Helper()
	found, err := contents(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestEmpty_KnowsEveryKindOfObject makes each kind in public, in a database
// of its own, sees it listed and gone.
func TestEmpty_KnowsEveryKindOfObject(t *testing.T) {
	t.Parallel()
	for want, sql := range map[object]string{
		{"table", "public.t"}: "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
		{
			"table",
			`public."p ""x"`,
		}: `CREATE TABLE "p ""x" (d date) PARTITION BY RANGE (d); CREATE INDEX ON "p ""x" (d)`,
		{"view", "public.v"}:               "CREATE VIEW v AS SELECT 1",
		{"materialized view", "public.m"}:  "CREATE MATERIALIZED VIEW m AS SELECT 1",
		{"sequence", "public.s"}:           "CREATE SEQUENCE s",
		{"function", "public.f(integer)"}:  "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
		{"function", "public.f0()"}:        "CREATE FUNCTION f0() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		{"procedure", "public.pr()"}:       "CREATE PROCEDURE pr() LANGUAGE sql AS 'SELECT 1'",
		{"aggregate", "public.a(integer)"}: "CREATE AGGREGATE a(int) (SFUNC = int4pl, STYPE = int)",
		{"type", "public.e"}:               "CREATE TYPE e AS ENUM ()",
		{"type", "public.d"}:               "CREATE DOMAIN d AS int",
		{"type", "public.c"}:               "CREATE TYPE c AS (a int)",
		{
			"operator",
			"public.###(integer,integer)",
		}: "CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl)",
		{"operator family", "public.o USING btree"}: "CREATE OPERATOR FAMILY o USING btree",
		{"collation", "public.co"}:                  `CREATE COLLATION co FROM "C"`,
		{
			"conversion",
			"public.cv",
		}: "CREATE CONVERSION cv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
		{"text search configuration", "public.tc"}: "CREATE TEXT SEARCH CONFIGURATION tc (COPY = english)",
		{"text search dictionary", "public.td"}:    "CREATE TEXT SEARCH DICTIONARY td (TEMPLATE = simple)",
		{"schema", "S 1"}:                          `CREATE SCHEMA "S 1"`,
		{"table", `"S 1".t`}:                       `CREATE SCHEMA "S 1"; CREATE TABLE "S 1".t (n int)`,
		{"large object", "4711"}:                   "SELECT lo_create(4711)",
		{"foreign data wrapper", "w"}:              "CREATE FOREIGN DATA WRAPPER w",
		{
			"foreign table",
			"public.ft",
		}: "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN " +
			"TABLE ft (n int) SERVER s",
		{
			"event trigger",
			"et",
		}: "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT " +
			"TRIGGER et ON sql_drop EXECUTE FUNCTION f()",
		{
			"statistics object",
			"public.st",
		}: "CREATE TABLE t (a int, b int); CREATE STATISTICS st ON a, b FROM t",
		{"publication", "pub"}: "CREATE PUBLICATION pub FOR ALL TABLES",
	} {
		t.Run(want.Type+" "+want.Identity, func(t *testing.T) {
			url := pgtest.New(t)
			pgtest.Exec(t, url, "SET client_min_messages = error; "+sql)
			conn := connected(t, url)
			found := false
			for _, o := range list(t, conn) {
				found = found || o == want
			}
			if !found {
				t.Errorf("not listed among %v", list(t, conn))
			}
			if err := empty(t.Context(), conn, nil); err != nil {
				t.Fatal(err)
			}
			if left := list(t, conn); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestContents_SaysWhatAPersonKnowsFirst(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pgtest.Exec(t, url,
		"CREATE SCHEMA a; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE z (n int); "+
			"SELECT lo_create(1)")
	want := []object{{"table", "public.z"}, {"function", "public.f()"}, {"schema", "a"}, {"large object", "1"}}
	found := list(t, connected(t, url))
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	if got, want := some(found), "table public.z, function public.f(), schema a and 1 more objects"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestEmpty_KeepsTheExtensionsItIsTold(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pgtest.Exec(t, url, "CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm; CREATE TABLE t (h hstore)")
	if err := empty(t.Context(), connected(t, url), []string{"hstore"}); err != nil {
		t.Fatal(err)
	}
	got := pgtest.Value(t, url, "SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension")
	if got != "hstore plpgsql" {
		t.Errorf("extensions: %s", got)
	}
}
