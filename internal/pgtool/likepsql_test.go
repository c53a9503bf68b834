package pgtool_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
)

// whereSQL says which server answers, to whom, and by which settings.
const whereSQL = `SELECT concat_ws(' ', current_database(), current_user, pg_is_in_recovery(),
	current_setting('port'), inet_server_addr() IS NULL, current_setting('work_mem'))`

// parity is a primary and a standby, and what psql would read of them.
type parity struct {
	*testing.T
	home                         string
	primary, standby             *url.URL
	password                     string
	socket                       string
	port, port2, v6port, nowhere string
}

func newParity(t *testing.T) *parity {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "PG") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	p := &parity{T: t, home: t.TempDir(), socket: pgtest.SocketDir(t), nowhere: "1"}
	t.Setenv("HOME", p.home)
	role := pgtest.Role(t, pgtest.Server(t), "parity_reader", "")
	var err error
	if p.primary, err = url.Parse(role); err != nil {
		t.Fatal(err)
	}
	if p.standby, err = url.Parse(pgtest.NewStandby(t).URL(t, role)); err != nil {
		t.Fatal(err)
	}
	p.password, _ = p.primary.User.Password()
	p.port, p.port2 = p.primary.Port(), p.standby.Port()
	p.v6port = p.ipv6("127.0.0.1:" + p.port)
	return p
}

// ipv6 answers at the loopback's other address.
func (p *parity) ipv6(to string) string {
	p.Helper()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		p.Skipf("no IPv6 here: %v", err)
	}
	p.Cleanup(func() { l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			go func() { _, _ = io.Copy(far, near); far.Close() }()
			go func() { _, _ = io.Copy(near, far); near.Close() }()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// expand fills in what is known only now.
func (p *parity) expand(text string) string {
	return strings.NewReplacer("$PORT2", p.port2, "$PORT6", p.v6port, "$PORT", p.port, "$NOWHERE", p.nowhere,
		"$SOCKET", p.socket, "$ESCAPED",
		strings.ReplaceAll(p.socket, "/", "%2F"), "$HOME", p.home, "$PASSWORD", p.password).Replace(text)
}

func (p *parity) file(name, text string) {
	p.Helper()
	path := filepath.Join(p.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(p.expand(text)), 0o600); err != nil {
		p.Fatal(err)
	}
}

// psql asks psql, with a connection string or what the environment says alone.
func (p *parity) psql(env []string, text ...string) string {
	p.Helper()
	tools, err := pgtool.Find(p.Context(), pgtest.Major(p.T))
	if err != nil {
		p.Fatal(err)
	}
	cmd := exec.Command(tools.Path("psql"), append([]string{"-XAtw", "-c", whereSQL}, text...)...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "fails: " + strings.TrimSpace(string(out))
	}
	return strings.TrimSpace(string(out))
}

func (p *parity) pgx(text string) string {
	p.Helper()
	config, err := conninfo.Parse(text)
	if err != nil {
		return "fails: " + err.Error()
	}
	ctx, cancel := context.WithTimeout(p.Context(), 20*time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return "fails: " + err.Error()
	}
	defer conn.Close(ctx)
	var said string
	if err := conn.QueryRow(ctx, whereSQL).Scan(&said); err != nil {
		return "fails: " + err.Error()
	}
	return said
}

// programs asks as pg_dump would be run.
func (p *parity) programs(text string) string {
	p.Helper()
	env, err := pgtool.Environ(text)
	if err != nil {
		return "fails: " + err.Error()
	}
	return p.psql(env)
}

func TestEnviron_LeadsWherePsqlGoes(t *testing.T) {
	p := newParity(t)
	const login = "user=parity_reader dbname=postgres "
	for name, c := range map[string]struct {
		text  string
		env   map[string]string
		files map[string]string
		fails bool
	}{
		"a service of the user": {
			text:  "service=shop",
			files: map[string]string{".pg_service.conf": "# mine\n[shop]\nhost=127.0.0.1\nport=$PORT\n" + services},
		},
		"the service of the environment, and a file of its own": {
			text: "options='-c work_mem=5MB'", env: map[string]string{"PGSERVICE": "shop", "PGSERVICEFILE": "$HOME/my.conf"},
			files: map[string]string{"my.conf": "[other]\nhost=h\n[shop]\nhost=127.0.0.1\nport=$PORT\n" + services},
		},
		"a service of the computer": {
			text: "postgres:///?service=shop", env: map[string]string{"PGSYSCONFDIR": "$HOME/etc"},
			files: map[string]string{
				".pg_service.conf":    "[other]\nhost=h\n",
				"etc/pg_service.conf": "[shop]\nhost=127.0.0.1\nport=$PORT\n" + services,
			},
		},
		"a service's settings": {
			text: "service=shop", env: map[string]string{"PGPORT": "$NOWHERE", "PGOPTIONS": "-c work_mem=9MB"},
			files: map[string]string{
				".pg_service.conf": "[shop]\nhost=127.0.0.1\nport=$PORT\noptions=-c work_mem=7MB\n" + services,
			},
		},
		"a service that insists on what there is not": {
			text: "service=shop", fails: true,
			files: map[string]string{".pg_service.conf": "[shop]\nhost=127.0.0.1\nport=$PORT\nsslmode=require\n" + services},
		},
		"no such service": {text: "service=shop", fails: true},
		"several hosts, one of which is not there": {
			text: login + "password=$PASSWORD host=127.0.0.1,127.0.0.1 port=$NOWHERE,$PORT",
		},
		"the standby of two": {
			text: login + "password=$PASSWORD host=127.0.0.1,127.0.0.1 port=$PORT,$PORT2 target_session_attrs=standby",
		},
		"the primary of two": {
			text: "postgres://parity_reader:$PASSWORD@127.0.0.1:$PORT2,127.0.0.1:$PORT/postgres?target_session_attrs=primary",
		},
		"rather the standby": {
			text: login + "password=$PASSWORD host=127.0.0.1 port=$PORT target_session_attrs=prefer-standby",
		},
		"one to write to, by the environment": {
			text: login + "password=$PASSWORD host=127.0.0.1,127.0.0.1 port=$PORT2,$PORT",
			env:  map[string]string{"PGTARGETSESSIONATTRS": "read-write"},
		},
		"no host that will do": {
			text: login + "password=$PASSWORD host=127.0.0.1 port=$PORT target_session_attrs=standby", fails: true,
		},
		"a password of the file": {
			text: login + "host=127.0.0.1 port=$PORT", files: map[string]string{".pgpass": "127.0.0.1:$PORT:*:*:$PASSWORD\n"},
		},
		"passwords of the file, each of another host": {
			text: login + "host=localhost,127.0.0.1 port=$NOWHERE,$PORT",
			files: map[string]string{
				".pgpass": "# of nobody\nlocalhost:*:*:*:wrong\n127.0.0.1:*:*:parity_reader:$PASSWORD\n*:*:*:*:wrong\n",
			},
		},
		"passwords of the file, of hosts that are refused": {
			text: login + "host=localhost,127.0.0.1 port=$PORT2,$PORT target_session_attrs=primary",
			files: map[string]string{
				".pgpass": "localhost:$PORT2:*:*:$PASSWORD\nlocalhost:*:*:*:wrong\n127.0.0.1:*:*:parity_reader:$PASSWORD\n",
			},
		},
		"a password by the name, not the address": {
			text: login + "host=db.invalid hostaddr=127.0.0.1 port=$PORT", files: map[string]string{
				"mine": "127.0.0.1:*:*:*:wrong\ndb.invalid:*:*:*:$PASSWORD\n",
			},
			env: map[string]string{"PGPASSFILE": "$HOME/mine"},
		},
		"a socket, and the password for its folder": {
			text:  login + "host=$SOCKET port=$PORT passfile=$HOME/mine",
			files: map[string]string{"mine": "localhost:*:*:*:wrong\n$SOCKET:*:*:*:$PASSWORD\n"},
		},
		"a file of passwords that others may read": {
			text: login + "host=127.0.0.1 port=$PORT", fails: true,
			files: map[string]string{".pgpass": "*:*:*:*:$PASSWORD\n"},
		},
		"a socket in a URL":    {text: "postgres://parity_reader:$PASSWORD@$ESCAPED:$PORT/postgres"},
		"a socket among hosts": {text: login + "password=$PASSWORD host=127.0.0.1,$SOCKET port=$NOWHERE,$PORT"},
		"IPv6 in a URL":        {text: "postgres://parity_reader:$PASSWORD@[::1]:$PORT6/postgres"},
		"IPv6 by keyword":      {text: login + "password=$PASSWORD host=::1 port=$PORT6"},
		"IPv6 by address":      {text: login + "password=$PASSWORD host=db.invalid hostaddr=::1 port=$PORT6"},
		"IPv6 and IPv4":        {text: "postgres://parity_reader:$PASSWORD@[::1]:$NOWHERE,127.0.0.1:$PORT/postgres"},
		"all by the environment": {text: "sslmode=prefer", env: map[string]string{
			"PGHOST": "127.0.0.1", "PGPORT": "$PORT", "PGUSER": "parity_reader", "PGDATABASE": "postgres",
			"PGPASSWORD": "$PASSWORD",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			q := *p
			q.T = t
			q.home = t.TempDir()
			t.Setenv("HOME", q.home)
			for variable, value := range c.env {
				t.Setenv(variable, q.expand(value))
			}
			for file, text := range c.files {
				q.file(file, text)
			}
			if strings.Contains(name, "others may read") {
				if err := os.Chmod(filepath.Join(q.home, ".pgpass"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			text := q.expand(c.text)
			want := q.psql(os.Environ(), "-d", text)
			if strings.HasPrefix(want, "fails") != c.fails {
				t.Fatalf("psql: %s", want)
			}
			for who, got := range map[string]string{"pgx": q.pgx(text), "the programs": q.programs(text)} {
				if got != want && !(c.fails && strings.HasPrefix(got, "fails")) {
					t.Errorf("%s: %s, want %s", who, got, want)
				}
			}
		})
	}
}

const services = "user=parity_reader\npassword=$PASSWORD\ndbname=postgres\n"
