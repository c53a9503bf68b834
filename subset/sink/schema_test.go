package sink

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestNeedExtensions_NamesThoseTheServerLacks(t *testing.T) {
	t.Parallel()
	config, err := pgconn.ParseConfig(pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := connect(t.Context(), config, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	d := &database{control: conn, source: &catalog.Database{}, schema: &schema{entries: []pgtool.Entry{
		{Catalog: pgtool.Extensions, Text: "EXTENSION - plpgsql"},
		{Catalog: pgtool.Extensions, Text: "EXTENSION - no_such_thing"},
		{Catalog: pgtool.Extensions, Text: "EXTENSION - nor this"},
		{Catalog: pgtool.Constraints, Text: "CONSTRAINT public t t_pkey"},
	}}}
	err = d.needExtensions(t.Context())
	if err == nil || err.Error() != "the target's server lacks the extensions no_such_thing, nor this" ||
		len(hint.Of(err)) != 1 {
		t.Errorf("got %v", err)
	}
}

func TestTidy_KeepsSettingsAndStatements(t *testing.T) {
	script := `--
-- PostgreSQL database dump
--

\restrict abc

-- Dumped from database version 17.5
-- Dumped by pg_dump version 17.5

SET statement_timeout = 0;
SET transaction_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

--
-- Name: f(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.f() RETURNS text AS $$
SET transaction_timeout = 0;
\restrict abc
$$;


--
-- PostgreSQL database dump complete
--

\unrestrict abc

`
	want := `SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

--
-- Name: f(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.f() RETURNS text AS $$
SET transaction_timeout = 0;
\restrict abc
$$;


`
	if diff := cmp.Diff(want, tidy(script)); diff != "" {
		t.Error(diff)
	}
}

func TestServerError_ShowsNoRow(t *testing.T) {
	for code, message := range map[string]string{
		"22P02": `invalid input syntax for type integer: "ann@example.org"`,
		"22021": `invalid byte sequence for encoding "UTF8": 0x61 0x6e`,
		"P0001": `user ann@example.org is blocked`,
		"23505": `duplicate key value violates unique constraint "k"`,
	} {
		err := serverError("copy t", &pgconn.PgError{
			Code: code, Message: message, Detail: "Key (email)=(ann@example.org)",
			Where: `COPY t, line 3, column email: "ann@example.org"`,
		})
		var server *ServerError
		if !errors.As(err, &server) || server.Code != code || strings.Contains(err.Error(), "ann") ||
			strings.Contains(err.Error(), "0x61") {
			t.Errorf("%s: %v", code, err)
		}
		if errors.As(err, new(*pgconn.PgError)) {
			t.Errorf("%s: the server's own error can be reached", code)
		}
	}
}

func TestServerError_TellsALostConnection(t *testing.T) {
	for _, err := range []error{
		&pgconn.PgError{Code: "57P01", Message: "terminating connection"},
		errors.New("unexpected EOF"),
	} {
		if got := serverError("copy t", err); !errors.Is(got, ErrTargetLost) {
			t.Errorf("%v: %v", err, got)
		}
	}
	if serverError("copy t", nil) != nil {
		t.Error("an error out of nothing")
	}
}
