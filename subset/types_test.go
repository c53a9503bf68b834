package subset_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// values are three of every type that PostgreSQL has of itself, among them
// those that are easily changed on the way.
var values = map[string][3]string{
	"aclitem": {"postgres=r/postgres", "=w*/postgres", "postgres=arwdDxt/postgres"}, "bit": {"0", "1", "10110"},
	"bool": {"t", "f", "yes"}, "box": {"(1,2),(0.1,-3)", "(0,0),(0,0)", "(1e300,1),(0,1e-300)"},
	"bpchar": {"a", "ab  ", "ü"},
	"bytea":  {`\x`, `\x00ff5c0a09`, `\x5c2e`}, "char": {"a", `\377`, `\n`}, "cid": {"0", "1", "4294967295"},
	"cidr":   {"10.0.0.0/8", "::/0", "192.168.1.0/24"},
	"circle": {"<(1,2),3>", "<(0,0),0>", "<(0.1,0.2),0.3>"}, "date": {"infinity", "0044-03-15 BC", "2024-02-29"},
	"datemultirange": {"{}", "{[2024-01-01,2024-01-05),(,2020-01-01)}", "{(,)}"},
	"daterange":      {"empty", "[2024-01-01,)", "(,)"},
	"float4":         {"NaN", "0.1", "3.4028235e38"},
	"float8":         {"-Infinity", "0.30000000000000004", "2.2250738585072014e-308"},
	"inet":           {"10.1.2.3/8", "::ffff:1.2.3.4", "0.0.0.0/0"}, "int2": {"-32768", "0", "32767"},
	"int2vector": {"", "1 2 3", "-1"},
	"int4":       {"-2147483648", "0", "2147483647"}, "int4multirange": {"{}", "{[1,2),[4,9)}", "{(,)}"},
	"int4range": {"empty", "[1,5)", "(,3)"},
	"int8":      {"-9223372036854775808", "0", "9223372036854775807"}, "int8multirange": {"{}", "{[1,2)}", "{(,5)}"},
	"int8range": {"empty", "[1,)", "(,)"},
	"interval":  {"-1 year 2 mons -3 days +04:05:06.789", "0", "178000000 years"},
	"json":      {`{"a" : 1, "a":"\\n\ud83d\ude00"}`, "null", "  [ ]"},
	"jsonb":     {`{"b": [1.10, null, "\\"]}`, "null", "1e400"}, "jsonpath": {"$.a[*]?(@ > 1)", "strict $", `$."a b"`},
	"line": {"{1,2,3}", "{0,1,0}", "{-1,0.1,1e10}"}, "lseg": {"[(0,0),(1,1)]", "[(0.1,0),(0,0.2)]", "[(1,1),(1,1)]"},
	"macaddr":  {"08:00:2b:01:02:03", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"},
	"macaddr8": {"08:00:2b:01:02:03:04:05", "00:00:00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff:ff:ff"},
	"money":    {"$1,234.56", "-92233720368547758.08", "0"}, "name": {"a", `with "quotes" and \`, ""},
	"numeric":       {"NaN", "-1e-500", "1.10000"},
	"nummultirange": {"{}", "{[1.0,2.50)}", "{(,)}"}, "numrange": {"empty", "(1.0,2.50]", "(,)"},
	"oid": {"0", "1", "4294967295"}, "oidvector": {"", "1 2 3", "4294967295"},
	"path":        {"((0,0),(1,1),(2,0))", "[(0,0),(0.1,1)]", "[(1,1)]"},
	"pg_lsn":      {"0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"},
	"pg_snapshot": {"10:20:10,14,15", "1:1:", "5:6:5"}, "point": {"(0.1,-0)", "(NaN,Infinity)", "(1,2)"},
	"polygon":   {"((0,0),(1,1),(2,0))", "((1,1))", "((0.1,0.2),(0,0))"},
	"refcursor": {"a", "", `b\c`}, "regclass": {"pg_class", "0", "pg_toast.pg_toast_1255"},
	"regcollation": {`"C"`, `"POSIX"`, "-"}, "regconfig": {"english", "simple", "german"},
	"regdictionary": {"english_stem", "simple", "german_stem"}, "regnamespace": {"pg_catalog", "public", "0"},
	"regoper":     {"#-", "0", "^@"},
	"regoperator": {"=(integer,integer)", "0", "||(text,text)"}, "regproc": {"int4in", "0", "textin"},
	"regprocedure": {"abs(integer)", "0", "lower(text)"},
	"regrole":      {"postgres", "0", "pg_monitor"}, "regtype": {"integer", "0", `"char"`},
	"text": {"", `\.`, "tab\there\r\nline\\N 🎉"},
	"tid":  {"(0,0)", "(4294967295,65535)", "(1,2)"}, "time": {"24:00:00", "00:00:00", "23:59:59.999999"},
	"timestamp":    {"infinity", "4713-01-01 00:00:00 BC", "2024-02-29 23:59:59.999999"},
	"timestamptz":  {"-infinity", "294276-12-31 23:59:59.999999+00", "1883-11-18 12:03:57-07:52:58"},
	"timetz":       {"24:00:00-15:59", "00:00:00+15:59:59", "12:00:00.5+00"},
	"tsmultirange": {"{}", "{[2024-01-01,2024-01-02)}", "{(,)}"}, "tsquery": {"'a' & !'b c'", "'x':*AB", "'e f'"},
	"tsrange":        {"empty", `["2024-01-01 00:00:00",infinity)`, "(,)"},
	"tstzmultirange": {"{}", "{[2024-01-01+05,2024-01-02+00)}", "{(,)}"},
	"tstzrange":      {"empty", `["2024-01-01 00:00:00+05:45",)`, "(,)"}, "tsvector": {"'a':1A,2 'b c'", "", `'\\':3`},
	"txid_snapshot": {"10:20:10,14,15", "1:1:", "5:6:5"},
	"uuid": {
		"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
		"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
	},
	"varbit": {"", "1", "0101"}, "varchar": {"", `a\`, "ß "}, "xid": {"0", "3", "4294967295"},
	"xid8": {"0", "3", "18446744073709551615"},
	"xml":  {"<a b='&lt;'>\n</a>", "plain", "<?p i?><x/>"},
}

// inward are types whose values only the server itself makes.
var inward = []string{
	"gtsvector", "pg_brin_bloom_summary", "pg_brin_minmax_multi_summary", "pg_dependencies",
	"pg_mcv_list", "pg_ndistinct", "pg_node_tree",
}

const baseTypesSQL = `SELECT typname FROM pg_type AS t WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm')
	AND NOT EXISTS (SELECT FROM pg_type AS e WHERE e.typarray = t.oid) ORDER BY 1`

// typesSQL makes a table with a column and an array of every type and, for
// each type that can be a key, a table that references itself.
func typesSQL(t *testing.T, url string) string {
	t.Helper()
	var keys strings.Builder
	columns := []string{"id int PRIMARY KEY"}
	rows := [4][]string{{"1"}, {"2"}, {"3"}, {"4"}}
	for _, row := range pgtest.Query(t, url, baseTypesSQL) {
		name := row[0]
		three, known := values[name]
		if !known {
			if !slices.Contains(inward, name) {
				t.Errorf("the test knows no value of type %s", name)
			}
			continue
		}
		typ := "pg_catalog." + catalog.Quote(name)
		one, two, last := catalog.Literal(three[0])+"::"+typ, catalog.Literal(three[1])+"::"+
			typ, catalog.Literal(three[2])+"::"+typ
		columns = append(columns,
			fmt.Sprintf("%s %s, %s %s[]", catalog.Quote("one "+name), typ, catalog.Quote("many "+name), typ))
		rows[0] = append(rows[0], one, "'{}'")
		many := fmt.Sprintf("ARRAY[[%s, %s], [%s, NULL]]", one, two, last)
		if name == "int2vector" || name == "oidvector" { // in brackets they are one vector before PostgreSQL 14
			many = fmt.Sprintf("array_fill(%s, ARRAY[2, 2])::%s[]", last, typ)
		}
		rows[1] = append(rows[1], two, many)
		rows[2] = append(rows[2], last, fmt.Sprintf("array_fill(%s, ARRAY[2], ARRAY[-1])::%s[]", two, typ))
		rows[3] = append(rows[3], "NULL", "NULL")
		fmt.Fprintf(&keys, `DO $do$ BEGIN
			CREATE TABLE %[1]s (id %[2]s PRIMARY KEY, parent %[2]s NOT NULL REFERENCES %[1]s);
			INSERT INTO %[1]s SELECT DISTINCT v, v FROM (VALUES (%[3]s), (%[4]s), (%[5]s)) AS x (v);
			EXCEPTION WHEN undefined_object THEN NULL; END $do$;
			`, catalog.Quote("key "+name), typ, one, two, last)
	}
	sql := "CREATE TABLE every_type (" + strings.Join(columns, ", ") + ");"
	for _, row := range rows {
		sql += "INSERT INTO every_type VALUES (" + strings.Join(row, ", ") + ");"
	}
	return sql + keys.String()
}

func TestRun_TakesValuesAndKeysOfEveryType(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	pgtest.Exec(t, source, typesSQL(t, source))
	report, target := takeInto(t,
		plan.Spec{URL: source, Tables: map[string]plan.Rule{"public.every_type": {All: true}}})
	wantComplete(t, source, target, report)
	wantRowsOfSource(t, source, target)
	if len(report.Keys) < 40 {
		t.Errorf("only %d types are keys", len(report.Keys))
	}
	for _, r := range report.Tables {
		if r.Name == "every_type" && r.Rows != 4 || r.Rows == 0 {
			t.Errorf("%s: %d rows", r.Name, r.Rows)
		}
	}
}

// extensionsSQL uses types of extensions, and one that only its name tells
// from them: made of PostgreSQL's own functions, as an extension makes its of
// those in its library.
const extensionsSQL = `
CREATE SCHEMA "ext ""s"; CREATE EXTENSION hstore SCHEMA "ext ""s"; CREATE EXTENSION citext SCHEMA "ext ""s"; CREATE EXTENSION ltree;
CREATE EXTENSION isn; CREATE EXTENSION cube; CREATE EXTENSION seg; CREATE EXTENSION intarray; CREATE EXTENSION lo; CREATE EXTENSION btree_gist;
CREATE TYPE "Vector";
CREATE FUNCTION vector_in(cstring) RETURNS "Vector" LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION vector_out("Vector") RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE "Vector" (INPUT = vector_in, OUTPUT = vector_out, LIKE = text);
CREATE TABLE tag (name "ext ""s".citext PRIMARY KEY, path ltree UNIQUE, isbn isbn13 UNIQUE, space cube UNIQUE, span seg UNIQUE, props "ext ""s".hstore UNIQUE);
CREATE TABLE item (id int PRIMARY KEY, name "ext ""s".citext REFERENCES tag, path ltree REFERENCES tag (path), isbn isbn13 REFERENCES tag (isbn), space cube REFERENCES tag (space),
	span seg REFERENCES tag (span), props "ext ""s".hstore REFERENCES tag (props), list "ext ""s".hstore[], ints int[], large lo, embedding "Vector", embeddings "Vector"[]);
CREATE INDEX ON item USING gist (path); CREATE INDEX ON item USING gin (ints gin__int_ops);
INSERT INTO tag SELECT 'Tag ' || i, ('Top.n' || i)::ltree, isbn13(('978' || lpad(i::text, 9, '0') || '?')::text::isbn13), cube(i, i + 0.1), (i || ' .. ' || i + 0.5)::seg,
	"ext ""s".hstore('k "' || i, 'v=>' || i) FROM generate_series(1, 200) AS i;
INSERT INTO item SELECT i, upper(name::text), path, isbn, space, span, props, ARRAY[props, NULL], ARRAY[i, NULL], i, ('[' || i || ',0.1,-2]')::cstring::text::"Vector", NULL
	FROM generate_series(1, 1000) AS i JOIN tag ON path = ('Top.n' || 1 + i % 200)::ltree`

func TestRun_TakesTypesOfExtensionsByTheirNames(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	for _, name := range []string{"hstore", "citext", "ltree", "isn", "cube", "seg", "intarray", "lo", "btree_gist"} {
		if pgtest.Value(t, source, "SELECT count(*) FROM pg_available_extensions WHERE name = '"+name+"'") == "0" {
			t.Skipf("the server has no extension %s", name)
		}
	}
	pgtest.Exec(t, source, extensionsSQL)
	report, target := takeInto(t, plan.Spec{URL: source})
	wantComplete(t, source, target, report)
	wantRowsOfSource(t, source, target)
	wantBalance(t, report)
}
