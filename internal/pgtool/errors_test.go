package pgtool

import (
	"errors"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/host"
)

func TestClean_DropsStatementsAndRows(t *testing.T) {
	for name, c := range map[string]struct{ stderr, want string }{
		"foreign key": {
			`pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 3223; 2606 16405 FK CONSTRAINT child fk postgres
pg_restore: error: could not execute query: ERROR:  insert or update on table "child" violates foreign key constraint "fk"
DETAIL:  Key (email)=(ann@example.org) is not present in table "person".
Command was: ALTER TABLE ONLY public.child
    ADD CONSTRAINT fk FOREIGN KEY (email) REFERENCES person;
`,
			`pg_restore: from TOC entry 3223; 2606 16405 FK CONSTRAINT child fk postgres
pg_restore: error: could not execute query: ERROR:  insert or update on table "child" violates foreign key constraint "fk"`,
		},
		"value": {
			`pg_restore: error: could not execute query: ERROR:  invalid input syntax for type integer: "ann"`,
			`pg_restore: error: could not execute query: ERROR:  invalid input syntax for type integer`,
		},
		"bytes": {"psql:x.sql:3: ERROR:  invalid byte sequence for encoding \"UTF8\": 0xe9 0x20 0x62\nCONTEXT:  " +
			"COPY t, line 1", `psql:x.sql:3: ERROR:  invalid byte sequence for encoding "UTF8"`},
		"function": {
			"pg_restore: error: could not execute query: ERROR:  bad guest\nann@example.org\nHINT:  ask " +
				"ann@example.org\nCONTEXT:  PL/pgSQL function f(text) line 1 at RAISE\nCommand was: CREATE INDEX",
			"pg_restore: error: could not execute query: ERROR: a function refused a value",
		},
		"inner": {
			"psql:x:1: ERROR:  division by zero of ann\nCONTEXT:  SQL statement \"SELECT 'ann'\"\nPL/pgSQL " +
				"function f(text) line 1 at SQL statement\npsql:x:2: error: y",
			"psql:x:1: ERROR: a function refused a value\npsql:x:2: error: y",
		},
		"hint":    {"pg_dump: error: x\nHINT:  do y", "pg_dump: error: x\nHINT:  do y"},
		"foreign": {"perl: warning: locale\nann@example.org", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Clean(c.stderr)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExplain_MarksAFullDisk(t *testing.T) {
	stderr := `pg_restore: error: could not execute query: ERROR:  could not extend file "base/1/2": No space left on device`
	err := explain(&host.ExitError{Program: "pg_restore", Code: 1, Stderr: stderr})
	var exit *host.ExitError
	if !errors.Is(err, ErrDiskFull) || !errors.Is(err, syscall.ENOSPC) || !errors.As(err, &exit) {
		t.Errorf("got %v", err)
	}
	if err := explain(&host.ExitError{Program: "pg_restore", Code: 1, Stderr: "pg_restore: error: x"}); errors.Is(err,
		ErrDiskFull) {
		t.Errorf("got %v", err)
	}
	if explain(nil) != nil {
		t.Error("an error out of nothing")
	}
}

func TestConninfo_CannotBeMistaken(t *testing.T) {
	if got, want := named(`a' host=b\`), `dbname='a\' host=b\\'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := database([]string{"A=b", "PGDATABASE=x=y"}); got != "x=y" {
		t.Errorf("got %s", got)
	}
}
