package sink_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// leaning is a schema that leans on the search path: bodies of functions name what they need without a schema, in every
// place where loading rows calls them.
const leaning = `
CREATE SCHEMA parts;
SET search_path = public, parts;
CREATE EXTENSION hstore SCHEMA parts;
CREATE FUNCTION public.fold(v text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(v)';
CREATE FUNCTION parts.twice(v text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN fold(v) || fold(v); END';
CREATE FUNCTION public.codes(v text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN twice(v) <> fold(v); END';
CREATE DOMAIN public.code AS text CONSTRAINT coded CHECK (codes(VALUE));
COMMENT ON CONSTRAINT coded ON DOMAIN public.code IS 'a code';
CREATE TABLE public.goods (
	id int PRIMARY KEY, name text NOT NULL, code code, extra hstore,
	slug text GENERATED ALWAYS AS (twice(name)) STORED,
	CONSTRAINT named CHECK (twice(name) <> ''));
COMMENT ON CONSTRAINT named ON public.goods IS 'has a name';
CREATE FUNCTION public.look() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER looks BEFORE UPDATE ON public.goods FOR EACH ROW WHEN (OLD.extra IS DISTINCT FROM NEW.extra) EXECUTE FUNCTION look();
CREATE TABLE public.kinds (CHECK (twice(name) <> 'a')) INHERITS (public.goods);
CREATE TABLE public.pieces (k text, n int) PARTITION BY LIST (twice(k));
CREATE TABLE public.pieces_a PARTITION OF public.pieces FOR VALUES IN ('aa');
CREATE TABLE public.pieces_b PARTITION OF public.pieces FOR VALUES IN ('bb');
INSERT INTO goods SELECT i, 'G' || i, 'C' || i, 'a=>1' FROM generate_series(1, 20) i;
INSERT INTO kinds SELECT i, 'K' || i, 'C' || i, 'a=>1' FROM generate_series(21, 30) i;
INSERT INTO pieces SELECT CASE WHEN i % 2 = 0 THEN 'A' ELSE 'b' END, i FROM generate_series(1, 9) i;
`

// leaningUntil16 is what PostgreSQL makes without any search path since 17.
const leaningUntil16 = `
CREATE INDEX ON public.goods (twice(name));
CREATE INDEX ON public.goods (id) WHERE twice(name) = 'g1g1';
CREATE MATERIALIZED VIEW counts AS SELECT * FROM ts_stat('SELECT to_tsvector(''simple'', name) FROM goods');
`

// searching makes a source whose own sessions search these schemas.
func searching(t *testing.T, sql, path string) string {
	t.Helper()
	from := pgtest.New(t)
	pgtest.Exec(t, from, sql)
	search(t, from, path)
	return from
}

func search(t *testing.T, url, path string) {
	t.Helper()
	name := pgtest.Value(t, url, "SELECT quote_ident(current_database())")
	pgtest.Exec(t, url, "ALTER DATABASE "+name+" SET search_path = "+path)
}

func TestLoad_FindsWhatFunctionsFindByTheSearchPath(t *testing.T) {
	t.Parallel()
	from, looks := searching(t, leaning, "public, parts"), []string{
		"SELECT count(*) FROM pg_constraint WHERE conname IN ('named', 'coded') AND convalidated",
		"SELECT count(*) FROM pg_description WHERE description IN ('a code', 'has a name')",
	}
	if pgtest.Value(t, from, "SHOW server_version_num") < "170000" {
		pgtest.Exec(t, from, leaningUntil16)
		looks = append(looks, "SELECT count(*) FROM counts")
	}
	eachTargetHoldsTheSame(t, from)
	direct := pgtest.New(t)
	run(t, from, direct, 7)
	search(t, direct, "public, parts")
	for _, what := range looks {
		if got := pgtest.Value(t, direct, what); got == "0" {
			t.Errorf("%s: none", what)
		}
	}
	if diff := cmp.Diff(schemaOf(t, from), schemaOf(t, direct)); diff != "" {
		t.Errorf("the schema differs (-source +target):\n%s", diff)
	}
}

// Whoever made the trigger had the extension's schema in the session's path alone.
func TestLoad_FindsOperatorsOfExtensionsInOtherSchemas(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from, `
		CREATE SCHEMA "own parts";
		SET search_path = public, "own parts";
		CREATE EXTENSION hstore SCHEMA "own parts";
		CREATE TABLE notes (id int PRIMARY KEY, extra hstore);
		CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
		CREATE TRIGGER looks BEFORE UPDATE ON notes FOR EACH ROW WHEN (OLD.extra IS DISTINCT FROM NEW.extra)
		EXECUTE FUNCTION look();
		INSERT INTO notes SELECT i, 'a=>1' FROM generate_series(1, 20) i`)
	eachTargetHoldsTheSame(t, from)
}

// schemaOf lists all constraints and generated columns with their state.
func schemaOf(t *testing.T, url string) [][]string {
	t.Helper()
	return pgtest.Query(t, url, `
		SELECT COALESCE(conrelid::regclass::text, ''), conname, pg_get_constraintdef(oid), convalidated, conislocal, coninhcount
		FROM pg_constraint WHERE connamespace::regnamespace::text IN ('public', 'parts') ORDER BY 1, 2`)
}

func TestLoad_AddsNotValidToDomainsOfArraysAndComposites(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from, `
		CREATE DOMAIN past AS timestamptz CONSTRAINT over CHECK (VALUE <= now());
		CREATE DOMAIN "Long past" AS past;
		CREATE TYPE span AS (since "Long past");
		CREATE TABLE times (id int PRIMARY KEY, list past[], span span);
		INSERT INTO times VALUES (1, '{2000-01-01}', row('2000-01-01'))`)
	eachTargetHoldsTheSame(t, from)
	to := pgtest.New(t)
	_, sunk := run(t, from, to, 7)
	want := []string{"check constraint over of public.past added NOT VALID: " +
		"PostgreSQL cannot look for the domain's values in arrays and composite types"}
	if diff := cmp.Diff(want, sunk.Warnings()); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

// unproved has constraints that held when the rows came in, and that nobody proves since.
const unproved = `
CREATE TABLE public.a_line (id int PRIMARY KEY, word text, due timestamptz,
	CONSTRAINT known CHECK (public.knows(word)), CONSTRAINT later CHECK (due > now()), CONSTRAINT short CHECK (length(word) < 9));
INSERT INTO a_line SELECT i, 'w' || i, now() + interval '1 hour' FROM generate_series(1, 30) i;
`

const words = `
CREATE TABLE public.z_word (word text PRIMARY KEY);
INSERT INTO z_word SELECT 'w' || i FROM generate_series(1, 30) i;
CREATE FUNCTION public.knows(w text) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM z_word WHERE word = w)';
`

func TestLoad_AddsChecksOfOtherTablesAfterAllRows(t *testing.T) {
	t.Parallel()
	from := searching(t, words+unproved, "public")
	direct := pgtest.New(t)
	noWarnings(t, open(t, from).mustCopyTo(t, direct, sink.Options{}))
	same(t, from, direct)
	for _, way := range []string{"x.sql", "x.dump"} {
		path, loaded := t.TempDir()+"/"+way, pgtest.New(t)
		open(t, from).mustCopyTo(t, path, sink.Options{})
		loadFile(t, loaded, path)
		same(t, from, loaded)
	}
	if diff := cmp.Diff(schemaOf(t, from), schemaOf(t, direct)); diff != "" {
		t.Errorf("the schema differs (-source +target):\n%s", diff)
	}
}

func TestLoad_KeepsBrokenChecksAsNotValidAndSaysSo(t *testing.T) {
	t.Parallel()
	from := searching(t, words+unproved, "public")
	pgtest.Exec(t, from, "UPDATE a_line SET due = clock_timestamp() + interval '1 ms'; SELECT pg_sleep(0.01)")
	pgtest.Exec(t, from, "DELETE FROM z_word")
	eachTargetHoldsTheSame(t, from)
	direct := pgtest.New(t)
	_, to := run(t, from, direct, 7)
	warnings := to.Warnings()
	if !slices.ContainsFunc(warnings, func(w string) bool {
		return w == "check constraint known of public.a_line added NOT VALID: kept rows break it"
	}) {
		t.Errorf("warnings: %q", warnings)
	}
	got := pgtest.Query(t, direct, `
		SELECT conname, convalidated FROM pg_constraint
		WHERE contype = 'c' AND conrelid = 'a_line'::regclass ORDER BY 1`)
	if diff := cmp.Diff([][]string{{"known", "f"}, {"later", "f"}, {"short", "t"}}, got); diff != "" {
		t.Errorf("constraints (-want +got):\n%s", diff)
	}
	if strings.Contains(strings.Join(warnings, "\n"), "w3") {
		t.Errorf("a row is in %q", warnings)
	}
}

func TestLoad_KeepsChecksWhoseFunctionsFailInAnyWay(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from, `
		CREATE TABLE z_word (word text PRIMARY KEY);
		INSERT INTO z_word VALUES ('on');
		CREATE FUNCTION look() RETURNS boolean LANGUAGE plpgsql AS
			'DECLARE w text; BEGIN SELECT word INTO STRICT w FROM public.z_word; RETURN true; END';
		CREATE FUNCTION code() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN
			IF NOT EXISTS (SELECT FROM public.z_word) THEN RAISE ''w3'' USING ERRCODE = ''AB123''; END IF; RETURN true; END';
		CREATE FUNCTION claim() RETURNS boolean LANGUAGE plpgsql AS
			'BEGIN ASSERT EXISTS (SELECT FROM public.z_word), ''w3''; RETURN true; END';
		CREATE TABLE a_line (id int PRIMARY KEY, CONSTRAINT looked CHECK (public.look()),
			CONSTRAINT coded CHECK (public.code()), CONSTRAINT claimed CHECK (public.claim()));
		INSERT INTO a_line VALUES (1);
		CREATE MATERIALIZED VIEW looks AS SELECT public.look();
		CREATE MATERIALIZED VIEW codes AS SELECT public.code();
		CREATE MATERIALIZED VIEW claims AS SELECT public.claim();
		DELETE FROM z_word`)
	for _, way := range []string{"", "x.sql", "x.dump"} {
		to := pgtest.New(t)
		if way == "" {
			_, sunk := run(t, from, to, 7)
			if got := sunk.Warnings(); len(got) != 6 || strings.Contains(strings.Join(got, ""), "w3") {
				t.Errorf("warnings: %q", got)
			}
		} else {
			path := t.TempDir() + "/" + way
			open(t, from).mustCopyTo(t, path, sink.Options{})
			loadFile(t, to, path)
		}
		got := pgtest.Query(t, to, `
			SELECT conname, convalidated FROM pg_constraint
			WHERE contype = 'c' AND conrelid = 'a_line'::regclass ORDER BY 1`)
		if diff := cmp.Diff([][]string{{"claimed", "f"}, {"coded", "f"}, {"looked", "f"}}, got); diff != "" {
			t.Errorf("%s: constraints (-want +got):\n%s", way, diff)
		}
	}
}

func TestLoad_RoutesByTheRootWhatIsHashedByOids(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from, `
		CREATE TYPE size AS ENUM ('s', 'm', 'l', 'xl', 'xxl');
		CREATE TABLE shirts (id int, size size) PARTITION BY HASH (size);
		CREATE TABLE shirts_0 PARTITION OF shirts FOR VALUES WITH (MODULUS 3, REMAINDER 0);
		CREATE TABLE shirts_1 PARTITION OF shirts FOR VALUES WITH (MODULUS 3, REMAINDER 1);
		CREATE TABLE shirts_2 PARTITION OF shirts FOR VALUES WITH (MODULUS 3, REMAINDER 2);
		CREATE TABLE hashes (id int, size size) PARTITION BY HASH (hashenum(size));
		CREATE TABLE hashes_0 PARTITION OF hashes FOR VALUES WITH (MODULUS 2, REMAINDER 0);
		CREATE TABLE hashes_1 PARTITION OF hashes FOR VALUES WITH (MODULUS 2, REMAINDER 1);
		CREATE TABLE notes (id int, about regclass) PARTITION BY HASH (about);
		CREATE TABLE notes_0 PARTITION OF notes FOR VALUES WITH (MODULUS 2, REMAINDER 0);
		CREATE TABLE notes_1 PARTITION OF notes FOR VALUES WITH (MODULUS 2, REMAINDER 1);
		INSERT INTO shirts SELECT i, (enum_range(NULL::size))[1 + i % 5] FROM generate_series(1, 60) i;
		INSERT INTO hashes SELECT * FROM shirts;
		INSERT INTO notes SELECT i,
			(ARRAY['shirts', 'shirts_0', 'shirts_1', 'shirts_2', 'hashes', 'notes'])[1 + i % 6]::regclass
			FROM generate_series(1, 60) i`)
	for _, way := range []string{"", "x.sql", "x.dump", "x/"} {
		to := pgtest.New(t)
		// Other oids than in the source.
		pgtest.Exec(t, to, "CREATE TYPE t AS ENUM ('a', 'b', 'c'); DROP TYPE t")
		if way == "" {
			open(t, from).mustCopyTo(t, to, sink.Options{})
		} else {
			path := t.TempDir() + "/" + way
			open(t, from).mustCopyTo(t, path, sink.Options{})
			loadFile(t, to, path)
		}
		for _, rows := range []string{
			"SELECT * FROM shirts ORDER BY id", "SELECT * FROM hashes ORDER BY id", "SELECT * FROM notes ORDER BY id",
		} {
			if diff := cmp.Diff(pgtest.Query(t, from, rows), pgtest.Query(t, to, rows)); diff != "" {
				t.Errorf("%s: %s (-source +target):\n%s", way, rows, diff)
			}
		}
	}
}

func TestLoad_ComputesColumnsThatReadOtherTablesLast(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from, `
		CREATE TABLE z_rates (k text PRIMARY KEY, v int);
		INSERT INTO z_rates VALUES ('rate', 3);
		CREATE FUNCTION rate(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
			'BEGIN RETURN (SELECT v FROM public.z_rates WHERE k = ''rate''); END';
		CREATE TABLE a_bills (id int PRIMARY KEY, n int, total int GENERATED ALWAYS AS (n * public.rate(n)) STORED);
		INSERT INTO a_bills (id, n) SELECT i, i FROM generate_series(1, 50) i`)
	eachTargetHoldsTheSame(t, from)
	to := pgtest.New(t)
	run(t, from, to, 7)
	const wrong = "SELECT count(*) FROM a_bills WHERE total IS DISTINCT FROM 3 * n"
	if got := pgtest.Value(t, to, wrong); got != "0" {
		t.Errorf("%s: %s", wrong, got)
	}
}
