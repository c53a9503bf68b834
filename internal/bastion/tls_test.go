package bastion_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// certified has the cluster speak TLS as localhost, and returns the file with its
// certificate.
func certified(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, text := range map[string][]byte{
		"server.crt": certificate, "server.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	} {
		pgtest.Exec(t, pgtest.Server(t), "CREATE TEMP TABLE line (n serial, t text); INSERT INTO line (t) SELECT "+
			"pg_catalog.regexp_split_to_table('"+strings.TrimSpace(string(text))+"', E'\\n'); "+
			"COPY (SELECT t FROM line ORDER BY n) TO PROGRAM 'umask 077; cat >"+name+"'; DROP TABLE line")
	}
	pgtest.Exec(t, pgtest.Server(t), "ALTER SYSTEM SET ssl = on")
	pgtest.Exec(t, pgtest.Server(t), "SELECT pg_catalog.pg_reload_conf()")
	file := filepath.Join(t.TempDir(), "root.crt")
	if err := os.WriteFile(file, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// named is the URL of the cluster by another name, with the certificate checked.
func named(t *testing.T, name, root string) string {
	t.Helper()
	u, err := url.Parse(pgtest.Server(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Host = name + ":" + u.Port()
	u.RawQuery = "sslmode=verify-full&sslrootcert=" + url.QueryEscape(root)
	return u.String()
}

// The names of servers are known where the bastion is, and certificates are checked
// against them, whoever it is that connects.
func TestWay_ChecksTheServersOwnNameBehindABastion(t *testing.T) {
	root := certified(t)
	b := open(t, optionsFor(hosttest.Start(t)))
	way := &conninfo.Way{Name: b.String(), Dial: b.Dial}
	tools, err := pgtool.Find(t.Context(), pgtest.Major(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, good := range map[string]bool{"localhost": true, "127.0.0.1": false} {
		config, err := way.Parse(named(t, name, root))
		if err != nil {
			t.Fatal(err)
		}
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if (err == nil) != good {
			t.Errorf("pgx to %s: %v", name, err)
		}
		if err == nil {
			var encrypted bool
			row := conn.QueryRow(t.Context(), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
			if err := row.Scan(&encrypted); err != nil || !encrypted {
				t.Errorf("encrypted %v, %v", encrypted, err)
			}
			conn.Close(t.Context())
		}
		passage, err := pgtool.OpenPassage(t.Context(), way, named(t, name, root), conninfo.Server{}, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		err = tools.Dump(t.Context(), passage.Env,
			pgtool.Dump{Encoding: "UTF8", Path: filepath.Join(t.TempDir(), "schema")})
		if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "does not match host name") {
			t.Errorf("pg_dump to %s: %v", name, err)
		}
		if err := passage.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestPassage_LeadsToASocketBehindABastion(t *testing.T) {
	b := open(t, optionsFor(hosttest.Start(t)))
	u, err := url.Parse(pgtest.Server(t))
	if err != nil {
		t.Fatal(err)
	}
	text := "postgres:///postgres?" + url.Values{
		"host": {pgtest.SocketDir(t)}, "port": {u.Port()}, "user": {"postgres"}, "password": {pgtest.Password(t)},
	}.Encode()
	way := &conninfo.Way{Dial: b.Dial}
	folder := t.TempDir()
	passage, err := pgtool.OpenPassage(t.Context(), way, text, conninfo.Server{}, folder)
	if err != nil {
		t.Fatal(err)
	}
	tools, err := pgtool.Find(t.Context(), pgtest.Major(t))
	if err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "schema")
	if err := tools.Dump(t.Context(), passage.Env, pgtool.Dump{Encoding: "UTF8", Path: archive}); err != nil {
		t.Error(err)
	}
	if env := strings.Join(passage.Env, "\n"); !strings.Contains(env, "PGHOST="+folder) {
		t.Errorf("pg_dump did not go through: %s", env)
	}
	if err := passage.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*", ".s*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}
