package subset_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
	"github.com/offshoot-dev/offshoot/subset/sink"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// reader is a role that may read a database of its own with keys.sql.
func reader(t *testing.T, name, attributes string) (owner, role string) {
	t.Helper()
	owner = load(t, "keys.sql")
	role = pgtest.Role(t, owner, name, attributes)
	pgtest.Exec(t, owner,
		fmt.Sprintf("GRANT SELECT ON ALL TABLES IN SCHEMA public TO %s; GRANT SELECT ON ALL SEQUENCES IN SCHEMA "+
			"public TO %s", name, name))
	return owner, role
}

func TestRun_OutlastsTheTimeoutsOfItsRole(t *testing.T) {
	owner, role := reader(t, "hurried", "")
	pgtest.Exec(t, owner, `ALTER ROLE hurried SET statement_timeout = '1s'; ALTER ROLE hurried SET lock_timeout = '1s';
		ALTER ROLE hurried SET idle_in_transaction_session_timeout = '1s'`)
	if pgtest.Value(t, owner, "SHOW server_version_num") >= "140000" {
		pgtest.Exec(t, owner, "ALTER ROLE hurried SET idle_session_timeout = '1s'")
	}
	// One statement takes longer than each of them, and all others sit idle.
	slow := plan.Rule{Where: "(SELECT pg_catalog.count(*) FROM (SELECT pg_catalog.pg_sleep(1.4)) AS s) = 1"}
	report, target := takeInto(t, plan.Spec{URL: role, Tables: map[string]plan.Rule{"public.note": slow}})
	wantComplete(t, owner, target, report)
}

func TestRun_FillsATargetWhoseRoleIsReadOnlyByDefault(t *testing.T) {
	source, to := fixture(t, "partitions.sql"), pgtest.New(t)
	role := pgtest.Role(t, to, "careful", "")
	pgtest.Exec(t, to,
		`ALTER ROLE careful SET default_transaction_read_only = on; GRANT CREATE ON SCHEMA public TO careful`)
	target, err := sink.NewDatabase(role, sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	report := take(t, plan.Spec{URL: source}, target)
	wantComplete(t, source, to, report)
}

// What an attacker who may create objects in public can put in the way of
// those who do not qualify names.
const trapsSQL = `
	CREATE FUNCTION public.trap() RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'trapped'; END$$;
	CREATE FUNCTION public.int_eq(int, int) RETURNS bool LANGUAGE plpgsql AS $$BEGIN PERFORM public.trap(); RETURN false; END$$;
	CREATE OPERATOR public.= (LEFTARG = int, RIGHTARG = int, FUNCTION = public.int_eq);
	CREATE FUNCTION public.text_eq(text, text) RETURNS bool LANGUAGE plpgsql AS $$BEGIN PERFORM public.trap(); RETURN false; END$$;
	CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.text_eq);
	CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = public.text_eq);
	CREATE FUNCTION public.count(int) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN PERFORM public.trap(); RETURN 0; END$$;
	CREATE FUNCTION public.hashtextextended(text, bigint) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN PERFORM public.trap(); RETURN 0; END$$;
	CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE plpgsql AS $$BEGIN PERFORM public.trap(); RETURN ''; END$$;
	CREATE TABLE public.pg_class (oid int PRIMARY KEY); INSERT INTO public.pg_class VALUES (1);
	CREATE TABLE public.pg_constraint (oid int PRIMARY KEY REFERENCES public.pg_class); INSERT INTO public.pg_constraint VALUES (1);
	CREATE DOMAIN public.tid AS text CHECK (public.trap() IS NULL);
	CREATE DOMAIN public.int4 AS int CHECK (public.trap() IS NULL)`

func TestRun_IsNotLedAstrayByTheSearchPath(t *testing.T) {
	owner, role := reader(t, "astray", "")
	pgtest.Exec(t, owner,
		trapsSQL+
			`; GRANT SELECT ON ALL TABLES IN SCHEMA public TO astray; ALTER ROLE astray SET search_path = public, pg_catalog`)
	report, target := takeInto(t, plan.Spec{URL: role})
	wantComplete(t, owner, target, report)
	found, err := score.Verify(t.Context(), role)
	if err != nil || len(found) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestRun_WithholdsTheValueThatCannotBeRead(t *testing.T) {
	for _, c := range []struct{ name, sql, want string }{
		{"output function", `
			CREATE TYPE mood AS ENUM ('glad', 'secretly sad'); CREATE TABLE t (id int PRIMARY KEY, m mood);
			INSERT INTO t VALUES (1, 'glad'), (2, 'secretly sad'); DELETE FROM pg_enum WHERE enumlabel LIKE 'secretly%'`, "22P03"},
		{"function in a key", `
			CREATE FUNCTION picky(x int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE EXCEPTION 'secretly %', x; END$$;
			CREATE DOMAIN odd AS int; CREATE TABLE t (id odd PRIMARY KEY); INSERT INTO t VALUES (4711);
			CREATE FUNCTION odd_text(odd) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'secretly %', $1; END$$;
			CREATE TYPE pair AS (a int); CREATE FUNCTION pair_text(pair) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'secretly %', $1; END$$;
			CREATE CAST (pair AS text) WITH FUNCTION pair_text(pair);
			CREATE TABLE u (id pair PRIMARY KEY); INSERT INTO u VALUES (ROW(4711))`, "P0001"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := pgtest.New(t)
			pgtest.Exec(t, url, c.sql)
			s := open(t, plan.Spec{URL: url, Tables: map[string]plan.Rule{"public.t": {All: true}}})
			p, err := s.Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Run(t.Context(), p, &memory{}, nil)
			wantOneLine(t, err, c.want)
			if strings.Contains(err.Error(), "secretly") || strings.Contains(err.Error(), "4711") {
				t.Errorf("%v quotes the row", err)
			}
		})
	}
}

// interfering is a sink that does something to the source before it reads
// rows, once.
type interfering struct {
	memory
	do func()
}

func (i *interfering) Rows(ctx context.Context, heap *catalog.Heap, columns []string, r io.Reader) (int64, error) {
	if i.do != nil {
		i.do()
		i.do = nil
	}
	return i.memory.Rows(ctx, heap, columns, r)
}

func TestRun_SaysThatTheSourceWasLostWhileRowsCame(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url,
		`CREATE TABLE wide (id int PRIMARY KEY, s text); INSERT INTO wide SELECT i, repeat('x', 20000) FROM generate_series(1, 2000) AS i`)
	s := open(t, plan.Spec{URL: url, Tables: map[string]plan.Rule{"public.wide": {All: true}}})
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	target := &interfering{do: func() {
		pgtest.EndSessions(t, url)
	}}
	_, err = s.Run(t.Context(), p, target, nil)
	wantOneLine(t, err, "connection to the source lost")
	if !errors.Is(err, snapshot.ErrSourceLost) || len(target.closed) != 1 || !target.closed[0] {
		t.Errorf("%v, closed %v", err, target.closed)
	}
}

func TestRun_HoldsItsTablesUntilTheEnd(t *testing.T) {
	url := load(t, "keys.sql")
	var refused []string
	target := &interfering{do: func() {
		for _, sql := range []string{
			"DROP TABLE note", "TRUNCATE note", "ALTER TABLE note DROP COLUMN body",
			"DROP SCHEMA public CASCADE",
		} {
			conn, err := pgconn.Connect(t.Context(), url+"&lock_timeout=100ms")
			if err != nil {
				t.Error(err)
				return
			}
			var pg *pgconn.PgError
			if _, err := conn.Exec(t.Context(), sql).ReadAll(); errors.As(err, &pg) && pg.Code == "55P03" {
				refused = append(refused, sql)
			}
			_ = conn.Close(t.Context())
		}
	}}
	report := take(t, plan.Spec{URL: url}, target)
	if len(refused) != 4 || report.Rows == 0 {
		t.Errorf("%d rows; only %q had to wait", report.Rows, refused)
	}
}

// wantWarning returns the one warning of the report that holds the text.
func wantWarning(t *testing.T, warnings []string, text string) {
	t.Helper()
	n := 0
	for _, w := range warnings {
		if strings.Contains(w, text) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d warnings with %q among %q", n, text, warnings)
	}
}

func TestRun_MakesDoWithTheConnectionsItGets(t *testing.T) {
	for limit, want := range map[int]string{
		2: "the server accepted only 1 of 4 connections",
		3: "the server accepted only 1 of 4 connections",
		4: "the server accepted only 2 of 4 connections",
		5: "the server accepted only 3 of 4 connections",
	} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			owner, role := reader(t, "limited_reader", fmt.Sprintf("CONNECTION LIMIT %d", limit))
			report, target := takeInto(t, plan.Spec{URL: role, Connections: 4}) // pg_dump needs one too
			wantComplete(t, owner, target, report)
			wantWarning(t, report.Warnings, want)
		})
	}
}

func TestRun_OfARoleWithOneConnectionIsPlannedAtLeast(t *testing.T) {
	_, role := reader(t, "lonely", "CONNECTION LIMIT 1")
	s := open(t, plan.Spec{URL: role, Connections: 4})
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantWarning(t, p.Warnings, "the server accepted only 1 of 4 connections")
	if report, err := s.Run(t.Context(), p, &memory{}, nil); err != nil || report.Rows == 0 {
		t.Errorf("%v", err)
	}
	target, err := sink.NewDatabase(pgtest.New(t), sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Run(t.Context(), p, target, nil)
	wantOneLine(t, err, "too many connections for role")
	if h := hint.Of(err); len(h) != 1 || !strings.Contains(h[0], "CONNECTION LIMIT") {
		t.Errorf("hints %q", h)
	}
}

func TestOpen_SaysThatTheServerHasNoConnectionLeft(t *testing.T) {
	_, role := reader(t, "nobody_else", "CONNECTION LIMIT 1")
	open(t, plan.Spec{URL: role})
	_, err := subset.Open(t.Context(), plan.Spec{URL: role})
	wantOneLine(t, err, "too many connections")
	if u, _ := url.Parse(role); strings.Contains(err.Error(), u.User.String()) {
		t.Errorf("%v holds the password", err)
	}
}
