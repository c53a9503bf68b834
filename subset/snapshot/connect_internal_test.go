package snapshot

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

func TestWithheld_CutsValuesOutOfMessages(t *testing.T) {
	for _, c := range []struct{ code, message, want string }{
		{
			"22P02", `invalid input syntax for type integer: "ann@example.org"`,
			"invalid input syntax for type integer: …",
		},
		{"22003", `value "4711" is out of range for type integer`, "value … is out of range for type integer"},
		{"22P02", `invalid input: "a "quoted" one"`, "invalid input: …"},
		{"22012", "division by zero", "division by zero"},
		{"P0001", "customer ann@example.org is odd", "a function of the source refused a row"},
	} {
		pg := &pgconn.PgError{
			Severity: "ERROR", Code: c.code, Message: c.message, Detail: "Key (id)=(4711)",
			Where: "COPY",
		}
		if !quotes(pg) {
			t.Errorf("%s is not seen to quote", c.code)
		}
		err := withheld(pg)
		if want := fmt.Sprintf("ERROR: %s (SQLSTATE %s)", c.want, c.code); err.Error() != want ||
			len(hint.Of(err)) != 1 {
			t.Errorf("%v with hints %q, want %s", err, hint.Of(err), want)
		}
		var got *pgconn.PgError
		if !errors.As(err, &got) || got.Detail != "" || got.Where != "" {
			t.Errorf("%+v", got)
		}
	}
	for _, code := range []string{"42P01", "57014", "53300", "XX001"} {
		if quotes(&pgconn.PgError{Code: code}) {
			t.Errorf("%s is said to quote", code)
		}
	}
}

func TestConnectError_HintsAtWhatToDo(t *testing.T) {
	config, err := pgx.ParseConfig("postgres://u:hunter2@db.example:5433/d")
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]string{
		"28P01": "check the user", "28000": "check the user", "3D000": "check the database's name",
		"53300": "use fewer connections",
	} {
		err := connectError(config, &pgconn.PgError{Code: code, Message: "no"})
		if h := hint.Of(err); len(h) != 1 || !strings.HasPrefix(h[0], want) ||
			!strings.HasPrefix(err.Error(), "connect to db.example:5433: ") {
			t.Errorf("%s: %v with hints %q", code, err, h)
		}
	}
	if err := connectError(config, &pgconn.PgError{Code: "57P03", Message: "starting"}); len(hint.Of(err)) != 0 {
		t.Errorf("%v with hints %q", err, hint.Of(err))
	}
	config.Host = "/run/postgresql"
	if err := connectError(config, errors.New("a\n  b")); !strings.HasPrefix(err.Error(),
		"connect to /run/postgresql: a b") {
		t.Errorf("%v", err)
	}
}

func TestExplain_SaysWhatPostgreSQLAdvises(t *testing.T) {
	s := &Snapshot{}
	full := &pgconn.PgError{Code: "53200", Message: "out of shared memory", Hint: "You might need more locks."}
	for _, c := range []struct {
		err  error
		want string
	}{
		{full, "You might need more locks."},
		{fmt.Errorf("lock tables: %w", full), "You might need more locks."},
		{&pgconn.PgError{Code: "53200"}, "the source's server has no memory left"},
	} {
		if got := hint.Of(s.Explain(&pgx.Conn{}, c.err)); len(got) != 1 || got[0] != c.want {
			t.Errorf("%v: %q", c.err, got)
		}
	}
}
