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
pg_restore: error: unsupported version (1.16) in file header
`

func TestComplaints_ShowNoData(t *testing.T) {
	want := []string{
		`42P01: relation "nowhere" does not exist`,
		`22P02: a value does not fit its column's type`,
		`COPY public.a, line 1, column b`,
		`23505: duplicate key value violates unique constraint "a_pkey"`,
		`COPY a, line 2`,
		`42601: syntax error at or near …`,
		`P0001: a function or trigger raised an error`,
		`42704: role "owner" does not exist`,
		`psql: invalid command \restrict`,
		`pg_restore: COPY failed for table "a"`,
		`COPY a, line 1, column b`,
		`pg_restore: could not execute query: ERROR:  could not create unique index "a_pkey"`,
		`pg_restore: could not execute query: ERROR:  invalid input value for enum color: …`,
		`pg_restore: unsupported version (1.16) in file header`,
	}
	for _, size := range []int{1, 7, 100000} { // however the pieces fall
		c := &complaints{}
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

func TestComplaints_KeepTheLastFewAndBoundLines(t *testing.T) {
	c := &complaints{}
	for i := range 100 {
		fmt.Fprintf(c, "ERROR:  42P01: relation \"t%d\" does not exist\n", i)
	}
	fmt.Fprint(c, "ERROR:  42P01: ", strings.Repeat("x", 1<<20))
	got := c.lines()
	if len(got) != maxComplaints || len(got[len(got)-1]) > 300 || got[0] != `42P01: relation "t81" does not exist` {
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
