package conninfo_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// A snapshot is of one server: where a string may lead to several, whatever joins it
// has to go where the first connection went.
func TestPin_StaysWithTheServerThatAnswered(t *testing.T) {
	quiet(t)
	primary := pgtest.Server(t)
	first, err := url.Parse(primary)
	if err != nil {
		t.Fatal(err)
	}
	second, err := url.Parse(pgtest.NewStandby(t).URL(t, primary))
	if err != nil {
		t.Fatal(err)
	}
	both := *first
	both.Host = first.Host + "," + second.Host
	for attributes, want := range map[string]string{
		"any": first.Port(), "standby": second.Port(), "prefer-standby": second.Port(), "read-write": first.Port(),
	} {
		both.RawQuery = "sslmode=disable&target_session_attrs=" + attributes
		config, err := conninfo.Parse(both.String())
		if err != nil {
			t.Fatal(err)
		}
		reached := connected(t, config)
		if got := port(t, config); got != want {
			t.Errorf("%s: port %s, want %s", attributes, got, want)
		}
		both.Host = second.Host + "," + first.Host // as if names led elsewhere meanwhile
		if config, err = conninfo.Parse(both.String()); err != nil {
			t.Fatal(err)
		}
		conninfo.Pin(&config.Config, reached)
		if got := port(t, config); got != want {
			t.Errorf("%s, pinned: port %s, want %s", attributes, got, want)
		}
		wanted := []conninfo.Server{{Host: "127.0.0.1", Port: reached.Port}}
		if diff := cmp.Diff(wanted, conninfo.Servers(&config.Config)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(reached, connected(t, config)); diff != "" {
			t.Error(diff)
		}
		both.Host = first.Host + "," + second.Host
	}
}

func connected(t *testing.T, config *pgx.ConnConfig) conninfo.Server {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	return conninfo.Reached(conn.PgConn())
}

func port(t *testing.T, config *pgx.ConnConfig) (port string) {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), "SELECT current_setting('port')").Scan(&port); err != nil {
		t.Fatal(err)
	}
	return port
}
