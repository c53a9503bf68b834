package conninfo_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// quiet takes what the environment of the tests says of connections away.
func quiet(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE", "PGOPTIONS",
		"PGAPPNAME", "PGTZ",
	} {
		t.Setenv(name, "")
	}
}

func TestParse_ConnectsWithWhatPsqlTakes(t *testing.T) {
	quiet(t)
	server := pgtest.New(t)
	for _, parameters := range []string{
		"gssencmode=disable", "gssencmode=prefer&gsslib=gssapi&krbsrvname=postgres&gssdelegation=0",
		"keepalives=0", "keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3",
		"tcp_user_timeout=20000", "hostaddr=127.0.0.1", "load_balance_hosts=random", "load_balance_hosts=disable",
		"client_encoding=auto", "client_encoding=LATIN1", "fallback_application_name=x", "connect_timeout=10",
		"sslcompression=0&sslsni=1", "ssl_min_protocol_version=TLSv1.2&ssl_max_protocol_version=TLSv1.3",
		"channel_binding=prefer&target_session_attrs=any", "passfile=/nowhere", "options=-csearch_path%3Dpg_catalog",
	} {
		config, err := conninfo.Parse(server + "&" + parameters)
		if err != nil {
			t.Errorf("%s: %v", parameters, err)
			continue
		}
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Errorf("%s: %v", parameters, err)
			continue
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestParse_LooksForHostsWhereHostaddrSays(t *testing.T) {
	quiet(t)
	server, err := url.Parse(pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := server.User.Password()
	rest := " port=" + server.Port() + " user=postgres password=" + password + " sslmode=disable dbname=postgres"
	for _, text := range []string{
		"host=db.invalid hostaddr=127.0.0.1" + rest, "hostaddr=127.0.0.1" + rest,
		"postgres://postgres:" + password + "@:" + server.Port() + "/postgres?sslmode=disable&hostaddr=127.0.0.1",
		"postgres://postgres:" + password + "@db.invalid:" + server.Port() +
			"/postgres?sslmode=disable&hostaddr=127.0.0.1",
	} {
		config, err := conninfo.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Errorf("%s: %v", strings.ReplaceAll(text, password, "…"), err)
			continue
		}
		_ = conn.Close(t.Context())
	}
}

func TestParse_KeepsWhatIsForTheServer(t *testing.T) {
	quiet(t)
	for text, want := range map[string]map[string]string{
		"postgres://u@h/d":    {},
		"host=h keepalives=1": {},
		"host=h options='-c a=b' application_name=me fallback_application_name=you": {
			"options": "-c a=b", "application_name": "me",
		},
		"postgres://u@h/d?fallback_application_name=you&options=-c%20a%3Db": {
			"options": "-c a=b", "application_name": "you",
		},
	} {
		config, err := conninfo.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, config.RuntimeParams); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestParse_InsistsOnTLSWhereRequiresslDoes(t *testing.T) {
	quiet(t)
	for text, want := range map[string]bool{
		"host=h requiressl=1": true, "host=h requiressl=0": false, "postgres://u@h/d?requiressl=1": true,
		"postgres://u@h?requiressl=1&sslmode=prefer": false, "postgres://u@h/d?ssl=true": true,
	} {
		config, err := conninfo.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(config.Fallbacks) == 0 && config.TLSConfig != nil; got != want {
			t.Errorf("%s: TLS alone: %v, want %v", text, got, want)
		}
	}
}

func TestParse_NamesTheParameterThatIsWrong(t *testing.T) {
	quiet(t)
	for text, want := range map[string]struct{ err, hint string }{
		"postgres://u:hunter2@h/d?schema=public": {
			"schema: a parameter that PostgreSQL does not know, it is Prisma's name of a schema",
			"leave it out: every schema is read; subset.tables says what of it is kept",
		},
		"postgres://u:hunter2@h/d?pgbouncer=true&connection_limit=1": {
			"pgbouncer: a parameter that PostgreSQL does not know, it is Prisma's",
			"leave it out of this connection string",
		},
		"postgres://u:hunter2@h/d?sslmod=require": {
			"sslmod: no parameter of a connection string", "did you mean sslmode?",
		},
		"postgres://u:hunter2@h/d?search_path=shop": {
			"search_path: no parameter of a connection string", "leave it out; a setting of the server is given as " +
				"options=-c%20search_path%3DVALUE in a URL, options='-c search_path=VALUE' otherwise",
		},
		"host=h user=u password=hunter2 sslmode=no-verify": {
			"sslmode: to be disable, allow, prefer, require, verify-ca or verify-full",
			"mend the parameter sslmode of the connection string",
		},
		"host=h user=u password=hunter2 port=54x2": {
			"port: to be a number between 1 and 65535", "mend the parameter port of the connection string",
		},
		"postgres://u@h/d?sslmode=verify-full&sslrootcert=/nowhere/bundle.pem": {
			"sslrootcert: its file cannot be read",
			"mend the parameter sslrootcert of the connection string, or put the file there",
		},
		"host=h,i hostaddr=127.0.0.1": {
			"hostaddr: to be as many addresses as there are hosts",
			"mend the parameter hostaddr of the connection string",
		},
		"hostaddr=db.example": {
			"hostaddr: to be an IP address, such as 192.0.2.1",
			"mend the parameter hostaddr of the connection string, or write host",
		},
		"host=h keepalives_idle=1m": {
			"keepalives_idle: to be a number", "mend the parameter keepalives_idle of the connection string",
		},
		"postgres://u@h/d?gssencmode=require": {
			"gssencmode: offshoot encrypts by TLS, not by GSSAPI; sslmode=require has it insist",
			"mend the parameter gssencmode of the connection string",
		},
		"postgres://u@h/d?options=-csearch_path=shop": {
			"options: an equals sign in its value is to be written as %3D",
			"mend the parameter options of the connection string",
		},
		"postgresql+asyncpg://u:hunter2@h/d": {
			"postgresql+asyncpg:// is the URL of a library",
			"write it as psql takes it: postgres://user:password@host:5432/database",
		},
		"jdbc:postgresql://h/d?user=u&password=hunter2": {
			"jdbc:postgresql:// is the URL of a library",
			"write it as psql takes it: postgres://user:password@host:5432/database",
		},
	} {
		_, err := conninfo.Parse(text)
		if err == nil || err.Error() != want.err || !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%s: %v, want %s", text, err, want.err)
		}
		if diff := cmp.Diff([]string{want.hint}, hint.Of(err)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestParse_PrintsNoPartOfAPassword(t *testing.T) {
	quiet(t)
	for _, text := range []string{
		"postgres://u:hun/ter?sec=ret@h/d", "postgres://u:hunter@h:sec/d", "postgres://u@h/d?password=hunter&sec=ret",
		"host=h password=hunter sec=ret", "host=h user=u hunter", "postgres://u:%zzhunter@h/d", "hunter", "",
		"mysql://u:hunter@h/d", "postgres://u:hunter@h/d?se%20c=ret", "host=h password='hunter",
	} {
		_, err := conninfo.Parse(text)
		if err == nil || !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%s: %v", text, err)
			continue
		}
		said := err.Error() + strings.Join(hint.Of(err), "")
		for _, part := range []string{"hun", "ter", "sec", "ret"} {
			if strings.Contains(strings.ReplaceAll(said, "character", ""), part) {
				t.Errorf("%s: %s", text, said)
			}
		}
	}
}

func TestRead_TakesPasswordsWithQuestionMarks(t *testing.T) {
	quiet(t)
	config, err := conninfo.Parse("postgres://u:a?b=c&d@h/d?connect_timeout=3")
	if err != nil || config.Password != "a?b=c&d" || config.Host != "h" {
		t.Errorf("%v", err)
	}
}

func TestRead_ReadsTheSpellingsOfLibpq(t *testing.T) {
	for _, c := range []struct {
		connection string
		want       map[string]string
	}{
		{"  host=a  ", map[string]string{"host": "a"}},
		{"host\t=\n a", map[string]string{"host": "a"}},
		{"host='' user=b", map[string]string{"host": "", "user": "b"}},
		{"password='a b=c' user=d", map[string]string{"password": "a b=c", "user": "d"}},
		{`password=a\ b user=d`, map[string]string{"password": "a b", "user": "d"}},
		{`password='it\'s \\ ' user=d`, map[string]string{"password": `it's \ `, "user": "d"}},
		{"host=a host=b", map[string]string{"host": "b"}},
		{"options='-c a=b -c c=d'", map[string]string{"options": "-c a=b -c c=d"}},
		{
			"postgres://u:p@h/d?sslmode=require&options=-c%20a%3Db",
			map[string]string{"sslmode": "require", "options": "-c a=b"},
		},
		{"postgresql://h", map[string]string{}},
	} {
		got, err := conninfo.Read(c.connection)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%q: %s, %v", c.connection, diff, err)
		}
	}
	for _, connection := range []string{"hunter9", "host=a hunter9"} {
		if got, err := conninfo.Read(connection); err == nil {
			t.Errorf("%q is read as %v", connection, got)
		}
	}
}
