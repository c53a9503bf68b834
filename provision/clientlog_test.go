package provision

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What PostgreSQL 15's psql and pg_restore really print; "s3cret" stands for a
// row's data.
const psqlOutput = `psql:<stdin>:9: ERROR:  42P01: relation "nowhere" does not exist
LINE 1: SELECT * FROM nowhere WHERE name = 's3cret';
                      ^
LOCATION:  parserOpenTable, parse_relation.c:1384
psql:<stdin>:12: ERROR:  22P02: invalid input syntax for type integer: "s3cret"
CONTEXT:  COPY public.a, line 1, column b: "s3cret"
LOCATION:  pg_strtoint32, numutils.c:318
psql:<stdin>:14: ERROR:  23505: duplicate key value violates unique constraint "a_pkey"
DETAIL:  Key (b)=(s3cret) already exists.
SCHEMA NAME:  public
CONTEXT:  COPY a, line 2: "s3cret	1"
psql:<stdin>:20: ERROR:  42601: syntax error at or near "s3cret"
LINE 1: s3cret 7
psql:<stdin>:22: ERROR:  P0001: no such customer s3cret
CONTEXT:  PL/pgSQL function f() line 1 at RAISE
psql:<stdin>:24: ERROR:  23514: s3cret violates our rules
HINT:  ask s3cret
CONTEXT:  PL/pgSQL function f() line 1 at RAISE
psql:<stdin>:23: ERROR:  42704: role "owner" does not exist
psql:<stdin>:5: error: invalid command \restrict
psql:<stdin>:6: error: could not s3cret
`

const restoreOutput = `pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 3337; 0 16386 TABLE DATA a postgres
pg_restore: error: COPY failed for table "a": ERROR:  invalid input syntax for type integer: "s3cret"
CONTEXT:  COPY a, line 1, column b: "s3cret"
pg_restore: error: could not execute query: ERROR:  could not create unique index "a_pkey"
DETAIL:  Key (b)=(s3cret) is duplicated.
Command was: ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (b) -- s3cret
pg_restore: error: could not execute query: ERROR:  invalid input value for enum color: "s3cret"
pg_restore: error: could not execute query: ERROR:  no such customer s3cret
CONTEXT:  SQL statement "SELECT 's3cret'"
PL/pgSQL function public.f(text) line 1 at RAISE
pg_restore: error: unsupported version (1.16) in file header
`

func TestClientLog_ShowNoData(t *testing.T) {
	want := []string{
		`42P01: relation "nowhere" does not exist`,
		`22P02: a value does not fit its column's type`,
		`COPY public.a, line 1, column b`,
		`23505: duplicate key value violates unique constraint "a_pkey"`,
		`COPY a, line 2`,
		`42601: syntax error at or near …`,
		`P0001: a function or trigger raised an error`,
		`23514: a function or trigger raised an error`,
		`42704: role "owner" does not exist`,
		`psql: invalid command \restrict`,
		`pg_restore: COPY failed for table "a"`,
		`COPY a, line 1, column b`,
		`pg_restore: could not execute query: ERROR:  could not create unique index "a_pkey"`,
		`pg_restore: could not execute query: ERROR:  invalid input value for enum color: …`,
		`pg_restore: could not execute query: ERROR: a function or trigger raised an error`,
		`pg_restore: unsupported version (1.16) in file header`,
	}
	for _, size := range []int{1, 7, 100000} { // however the pieces fall
		c := &clientLog{}
		all := psqlOutput + restoreOutput
		for len(all) > 0 {
			n := min(size, len(all))
			if _, err := c.Write([]byte(all[:n])); err != nil {
				t.Fatal(err)
			}
			all = all[n:]
		}
		got := c.lines()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("in pieces of %d: %s", size, diff)
		}
		if strings.Contains(strings.Join(got, "\n"), "s3cret") {
			t.Error("data is shown")
		}
	}
}

func TestClientLog_KeepTheLastFewAndBoundLines(t *testing.T) {
	c := &clientLog{}
	for i := range 100 {
		fmt.Fprintf(c, "ERROR:  42P01: relation \"t%d\" does not exist\n", i)
	}
	fmt.Fprint(c, "ERROR:  42P01: ", strings.Repeat("x", 1<<20))
	got := c.lines()
	if len(got) != maxClientLines || len(got[len(got)-1]) > 300 || got[0] != `42P01: relation "t81" does not exist` {
		t.Errorf("%d lines, the first %q", len(got), got[0])
	}
}

func TestAdviceFor_WhatMostOftenGoesWrong(t *testing.T) {
	for line, want := range map[string]string{
		"pg_restore: unsupported version (1.16) in file header":             "newer PostgreSQL",
		`psql: invalid command \restrict`:                                   "newer PostgreSQL",
		`42704: unrecognized configuration parameter "transaction_timeout"`: "newer PostgreSQL",
		`42704: role "owner" does not exist`:                                "without owners",
		`0A000: extension "postgis" is not available`:                       "has the extension",
		`53100: could not extend file "base/1/2": No space left on device`:  "make room",
		`42P01: relation "nowhere" does not exist`:                          "",
	} {
		got := adviceFor([]string{"first", line})
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q", line, got)
		}
	}
}

// said is what may be shown of one message.
func said(text string) []string {
	c := &clientLog{}
	fmt.Fprint(c, text)
	return c.lines()
}

func TestClientLog_OfEachClassShowObjectsAndNoValues(t *testing.T) {
	for text, want := range map[string]string{
		`ERROR:  22001: value too long for type character varying(3)`:                                      `22001: a value does not fit its column's type`,
		`ERROR:  22003: value "99999s3cret" is out of range for type integer`:                              `22003: a value does not fit its column's type`,
		`ERROR:  22007: invalid input syntax for type date: "s3cret"`:                                      `22007: a value does not fit its column's type`,
		`ERROR:  22021: invalid byte sequence for encoding "UTF8": 0xe9 0x73`:                              `22021: a value does not fit its column's type`,
		`ERROR:  22P04: extra data after last expected column`:                                             `22P04: a value does not fit its column's type`,
		`ERROR:  23502: null value in column "email" of relation "users" violates not-null constraint`:     `23502: null value in column "email" of relation "users" violates not-null constraint`,
		`ERROR:  23503: insert or update on table "a" violates foreign key constraint "a_b_fkey"`:          `23503: insert or update on table "a" violates foreign key constraint "a_b_fkey"`,
		`ERROR:  23514: new row for relation "a" violates check constraint "positive"`:                     `23514: new row for relation "a" violates check constraint "positive"`,
		`ERROR:  23505: could not create unique index "a_pkey" of s3cret`:                                  `23505: a constraint is violated`,
		`ERROR:  23P01: conflicting key value violates exclusion constraint "no_overlap"`:                  `23P01: conflicting key value violates exclusion constraint "no_overlap"`,
		`FATAL:  28P01: password authentication failed for user "shop"`:                                    `28P01: password authentication failed for user "shop"`,
		`FATAL:  3D000: database "shop" does not exist`:                                                    `3D000: database "shop" does not exist`,
		`ERROR:  0A000: extension "postgis" is not available`:                                              `0A000: extension "postgis" is not available`,
		`ERROR:  53100: could not extend file "base/1/2": No space left on device`:                         `53100: could not extend file "base/1/2": No space left on device`,
		`FATAL:  57P01: terminating connection due to administrator command`:                               `57P01: terminating connection due to administrator command`,
		`PANIC:  58030: could not write to file "pg_wal/xlogtemp.7"`:                                       `58030: could not write to file "pg_wal/xlogtemp.7"`,
		`psql:<stdin>:7: ERROR:  XX000: cache lookup failed for s3cret`:                                    `XX000: an error`,
		`ERROR:  P0002: query returned no rows for s3cret`:                                                 `P0002: a function or trigger raised an error`,
		`ERROR:  AB123: s3cret is a code that a function made up`:                                          `AB123: an error`,
		`psql: error: connection to server on socket "/run/s" failed: FATAL:  role "shop" does not exist`:  `psql: connection to server on socket "/run/s" failed: FATAL:  role "shop" does not exist`,
		`pg_restore: error: could not execute query: ERROR:  value "1s3cret" is out of range for type int`: `pg_restore: could not execute query: ERROR:  value …`,
		`pg_restore: error: could not execute query: ERROR:  malformed array literal: "{s3cret"`:           `pg_restore: could not execute query: ERROR:  malformed array literal: …`,
		`pg_restore: error: COPY failed for table "users": ERROR:  null value; Failing row is (s3cret)`:    `pg_restore: COPY failed for table "users"`,
		`pg_restore: error: could not read from input file: end of file`:                                   `pg_restore: could not read from input file: end of file`,
		`CONTEXT:  COPY users, line 3: "s3cret	x: COPY users, line 4"`:                                     `COPY users, line 3`,
		`CONTEXT:  COPY shop.users, line 12, column e-mail: "s3cret"`:                                      `COPY shop.users, line 12, column e-mail`,
	} {
		if got := said(text + "\r\n"); len(got) != 1 || got[0] != want || strings.Contains(got[0], "s3cret") {
			t.Errorf("%s\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestClientLog_LinesThatOnlyCarryDataAreDropped(t *testing.T) {
	for _, line := range []string{
		`DETAIL:  Failing row contains (1, s3cret).`, `DETAIL:  Key (email)=(s3cret) already exists.`,
		`HINT:  Perhaps you meant "s3cret".`, `QUERY:  SELECT 's3cret'`, `STATEMENT:  INSERT INTO a VALUES ('s3cret')`,
		`LINE 1: INSERT INTO a VALUES ('s3cret'`, `          ^`, `COLUMN NAME:  s3cret`, `NOTICE:  00000: s3cret`,
		`WARNING:  01000: s3cret`, `CONTEXT:  SQL statement "SELECT 's3cret'"`,
		`CONTEXT:  JSON data, line 1: {"s3cret...`,
		`Command was: INSERT INTO a VALUES ('s3cret');`, `s3cret	and	a	row`, `ERROR: s3cret without a code`,
		`pg_restore: warning: s3cret`, `psql:<stdin>:3: error: s3cret`, "", "   ",
	} {
		if got := said(line + "\n"); len(got) != 0 {
			t.Errorf("%q shows %q", line, got)
		}
	}
}

func TestClientLog_ValuesWithQuotesOrLineEndsInThemAreHidden(t *testing.T) {
	for _, text := range []string{
		"ERROR:  42601: unterminated quoted string at or near \"'s3cret\nand s3cret more\"\n",
		"ERROR:  42601: syntax error at or near \"\"a\"s3cret\"b\"\"\n",
		"ERROR:  42601: syntax error at or near \"'it''s \"s3cret\" '\"\n",
		"pg_restore: error: could not execute query: ERROR:  invalid input syntax for type json: " +
			"\"{\"a\":\"s3cret\"}\"\n",
		"pg_restore: error: could not execute query: ERROR:  invalid input syntax for type integer: \"s3cret\nof " +
			"two lines\"\n",
		"ERROR:  22P02: invalid input syntax for type integer: \"1\nERROR:  22P02: s3cret\"\n",
	} {
		got := said(text)
		if len(got) == 0 || strings.Contains(strings.Join(got, "\n"), "s3cret") {
			t.Errorf("of %q: %q", text, got)
		}
	}
}

func TestClientLog_SayEachThingOnceAndPlayNoTricks(t *testing.T) {
	got := said(strings.Repeat("ERROR:  42P01: relation \"\x1b[31mred\x07\" does not exist\n", 5))
	if diff := cmp.Diff([]string{`42P01: relation "[31mred" does not exist`}, got); diff != "" {
		t.Error(diff)
	}
}
