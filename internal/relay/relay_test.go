package relay_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/relay"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// program is what asks at a relay, by single statements.
type program struct {
	*testing.T
	conn *pgconn.PgConn
}

// ask returns all values of the answer in one line.
func (p program) ask(sql string) string {
	p.Helper()
	results, err := p.conn.Exec(p.Context(), sql).ReadAll()
	if err != nil {
		var pg *pgconn.PgError
		if !errors.As(err, &pg) {
			p.Fatalf("%s: %v", sql, err)
		}
		return pg.Code
	}
	var values []string
	for _, row := range results[0].Rows {
		for _, value := range row {
			values = append(values, string(value))
		}
	}
	return strings.Join(values, " ")
}

// relayed is a program at a relay to a server that is far away.
func relayed(t *testing.T, learned ...string) (program, *pgtest.Far) {
	t.Helper()
	far := pgtest.NewFar(t, pgtest.New(t), 20*time.Millisecond)
	config, err := pgconn.ParseConfig(far.URL)
	if err != nil {
		t.Fatal(err)
	}
	server, err := relay.Dial(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	r, err := relay.Start(t.Context(), server, learned)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	conn, err := pgconn.Connect(t.Context(), fmt.Sprintf("host=%s port=%s user=u dbname=d", r.Dir, relay.Port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return program{t, conn}, far
}

func TestRelay_AnswersAsTheServerDoes(t *testing.T) {
	questions := []string{
		"SELECT 'a' AS x UNION ALL SELECT 'b'", "SELECT 1 WHERE false",
		"SELECT count(*) FROM pg_class WHERE relname = 'pg_class'",
	}
	p, _ := relayed(t, append([]string{"BEGIN"}, questions...)...)
	var got []string
	for _, sql := range []string{
		"BEGIN", "SET a.b = 'c'", questions[0], questions[1], "SHOW a.b", questions[2], questions[0],
	} {
		got = append(got, p.ask(sql))
	}
	if diff := cmp.Diff([]string{"", "", "a b", "", "c", "1", "a b"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRelay_AsksWhatIsForeseenInOneRoundTrip(t *testing.T) {
	learned := []string{"SET TRANSACTION READ ONLY", "SELECT 1", "SELECT 2", "SELECT 3", "SELECT 4"}
	p, far := relayed(t, learned...)
	before := len(far.Turns())
	for _, sql := range append([]string{"BEGIN", "SET TRANSACTION READ ONLY"}, learned[1:]...) {
		p.ask(sql)
	}
	if n := len(far.Turns()) - before; n != 1 {
		t.Errorf("%d round trips:\n%s", n, far)
	}
}

func TestRelay_TellsWithTheNextAnswerThatAStatementFailed(t *testing.T) {
	p, _ := relayed(t)
	const undefinedTable = "42P01"
	for _, sql := range []string{"BEGIN", "LOCK TABLE nosuch", "LOCK TABLE pg_class"} {
		if got := p.ask(sql); got != "" {
			t.Errorf("%s: %s", sql, got)
		}
	}
	if got := p.ask("SELECT 1"); got != undefinedTable {
		t.Errorf("%q", got)
	}
}

func TestRelay_GivesTheProgramNeitherSecretNorWay(t *testing.T) {
	r, err := relay.Learn(t.Context(), "15.0", func(r *relay.Relay) {
		got := r.Environ([]string{"PATH=/bin", "PGHOST=far", "PGPASSWORD=secret", "PGOPTIONS=-c a=b", "PGUSER=u"})
		want := []string{
			"PATH=/bin", "PGUSER=u", "PGHOST=" + r.Dir, "PGPORT=5432", "PGSSLMODE=disable", "PGGSSENCMODE=disable",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	if err != nil || r != nil {
		t.Errorf("%v, %v", r, err)
	}
}

func TestLearn_HearsWhatAProgramAsksOfAnEmptyDatabase(t *testing.T) {
	said, err := relay.Learn(t.Context(), "15.18", func(r *relay.Relay) {
		conn, err := pgconn.Connect(t.Context(), fmt.Sprintf("host=%s port=%s user=u dbname=d", r.Dir, relay.Port))
		if err != nil {
			t.Fatal(err)
		}
		p := program{t, conn}
		if got := p.ask("BEGIN") + p.ask("SELECT a FROM b") + p.ask("SELECT pg_is_in_recovery()"); got != "f" {
			t.Errorf("%q", got)
		}
		if v := conn.ParameterStatus("server_version"); v != "15.18" {
			t.Errorf("version %s", v)
		}
		_ = conn.Close(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"BEGIN", "SELECT a FROM b", "SELECT pg_is_in_recovery()"}, said); diff != "" {
		t.Error(diff)
	}
}
