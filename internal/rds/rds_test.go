package rds_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/internal/rds"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	region      = "eu-west-1"
	user        = "reader"
	key, secret = "AKIDTEST", "hunter2hunter2"
)

// database answers in place of one at RDS: by TLS, to whoever shows a token that is
// signed for it, and then the cluster does.
type database struct {
	*testing.T
	host, port string
	root       string // file of the authority of its certificate
	certified  tls.Certificate

	mutex  sync.Mutex // guards what follows
	tokens []string
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_REGION": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	pgtest.Exec(t, pgtest.Server(t), "DROP ROLE IF EXISTS "+user)
	pgtest.Role(t, pgtest.Server(t), user, "")
	d := &database{T: t, host: "localhost"}
	d.certify()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_, d.port, _ = net.SplitHostPort(l.Addr().String())
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				d.answer(conn)
			}()
		}
	}()
	return d
}

func (d *database) certify() {
	d.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		d.Fatal(err)
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{d.host}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, of, of, private.Public(), private)
	if err != nil {
		d.Fatal(err)
	}
	d.root = filepath.Join(d.TempDir(), "bundle.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(d.root, text, 0o600); err != nil {
		d.Fatal(err)
	}
	d.certified = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
}

// message is what follows a length that counts itself.
func message(r io.Reader) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head)
	if n < 4 || n > 1<<16 {
		return nil, errors.New("no message")
	}
	rest := make([]byte, n-4)
	_, err := io.ReadFull(r, rest)
	return append(head, rest...), err
}

// answer speaks PostgreSQL's protocol up to the password.
// https://www.postgresql.org/docs/current/protocol-message-formats.html
func (d *database) answer(conn net.Conn) {
	first, err := message(conn)
	if err != nil || len(first) != 8 || binary.BigEndian.Uint32(first[4:]) != 80877103 { // SSLRequest
		return
	}
	_, _ = conn.Write([]byte("S"))
	secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{d.certified}})
	begin, err := message(secure)
	if err != nil {
		return
	}
	_, _ = secure.Write([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 3}) // AuthenticationCleartextPassword
	kind := make([]byte, 1)
	if _, err := io.ReadFull(secure, kind); err != nil || kind[0] != 'p' {
		return
	}
	given, err := message(secure)
	if err != nil {
		return
	}
	token := strings.TrimRight(string(given[4:]), "\x00")
	d.mutex.Lock()
	d.tokens = append(d.tokens, token)
	d.mutex.Unlock()
	if !signed(token, net.JoinHostPort(d.host, d.port)) {
		text := "SFATAL\x00C28P01\x00MPAM authentication failed\x00\x00"
		_, _ = secure.Write(append([]byte{'E', 0, 0, 0, byte(4 + len(text))}, text...))
		return
	}
	u, _ := url.Parse(pgtest.Server(d))
	far, err := net.Dial("unix", filepath.Join(pgtest.SocketDir(d), ".s.PGSQL."+u.Port()))
	if err != nil {
		return
	}
	defer far.Close()
	_, _ = far.Write(begin)
	go func() { _, _ = io.Copy(far, secure); far.Close() }()
	_, _ = io.Copy(secure, far)
}

// signed works the signature out from AWS's description, and not by its SDK.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func signed(token, at string) bool {
	u, err := url.Parse("https://" + token)
	if err != nil || u.Host != at {
		return false
	}
	query := u.Query()
	given, date := query.Get("X-Amz-Signature"), query.Get("X-Amz-Date")
	query.Del("X-Amz-Signature")
	made, err := time.Parse("20060102T150405Z", date)
	if err != nil || time.Since(made).Abs() > time.Minute || query.Get("X-Amz-Expires") != "900" ||
		query.Get("Action") != "connect" || query.Get("DBUser") != user {
		return false
	}
	scope := []string{date[:8], region, "rds-db", "aws4_request"}
	if query.Get("X-Amz-Credential") != key+"/"+strings.Join(scope, "/") {
		return false
	}
	request := strings.Join([]string{
		"GET", "/", strings.ReplaceAll(query.Encode(), "+", "%20"), "host:" + u.Host, "", "host", sum(""),
	}, "\n")
	mac := []byte("AWS4" + secret)
	for _, part := range append(scope,
		strings.Join([]string{"AWS4-HMAC-SHA256", date, strings.Join(scope, "/"), sum(request)}, "\n")) {
		h := hmac.New(sha256.New, mac)
		h.Write([]byte(part))
		mac = h.Sum(nil)
	}
	return hex.EncodeToString(mac) == given
}

func sum(text string) string {
	hash := sha256.Sum256([]byte(text))
	return hex.EncodeToString(hash[:])
}

func (d *database) url(parameters string) string {
	return "postgres://" + user + "@" + net.JoinHostPort(d.host, d.port) + "/postgres?" + parameters
}

func (d *database) verified() string {
	return d.url("sslmode=verify-full&sslrootcert=" + url.QueryEscape(d.root))
}

func TestSignIn_MakesATokenForEachConnectionOfPgxAndOfPrograms(t *testing.T) {
	d := newDatabase(t)
	var seen []string
	way := &conninfo.Way{
		Password: (&rds.SignIn{Region: region, Seen: func(s string) { seen = append(seen, s) }}).Password,
	}
	config, err := way.Parse(d.verified())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		var who string
		if err := conn.QueryRow(t.Context(), "SELECT current_user").Scan(&who); err != nil || who != user {
			t.Errorf("%q, %v", who, err)
		}
		conn.Close(t.Context())
	}
	if config.Password != "" {
		t.Error("a token is kept for the next connection")
	}
	passage, err := pgtool.OpenPassage(t.Context(), way, d.verified(), conninfo.Server{}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer passage.Close()
	tools, err := pgtool.Find(t.Context(), pgtest.Major(t))
	if err != nil {
		t.Fatal(err)
	}
	dump := pgtool.Dump{Encoding: "UTF8", Path: filepath.Join(t.TempDir(), "schema")}
	if err := tools.Dump(t.Context(), passage.Env, dump); err != nil {
		t.Error(err)
	}
	if strings.Contains(strings.Join(dump.Args(), " "), "X-Amz") {
		t.Error("the token is an argument")
	}
	if len(d.tokens) != 3 || len(seen) != 3 || d.tokens[2] != seen[2] {
		t.Errorf("%d tokens were made, %d given", len(seen), len(d.tokens))
	}
}

func TestSignIn_ShowsNoTokenToWhoeverHasNoCertificate(t *testing.T) {
	d := newDatabase(t)
	way := &conninfo.Way{Password: (&rds.SignIn{Region: region}).Password}
	for _, parameters := range []string{"sslmode=disable", "sslmode=prefer", "sslmode=require", "sslmode=allow"} {
		if _, err := way.Parse(d.url(parameters)); !errors.Is(err, hint.ErrUsage) ||
			!strings.Contains(err.Error(), "sslmode") {
			t.Errorf("%s: %v", parameters, err)
		}
	}
	other := &database{T: t, host: d.host}
	other.certify()
	config, err := way.Parse(d.url("sslmode=verify-full&sslrootcert=" + url.QueryEscape(other.root)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.ConnectConfig(t.Context(), config); err == nil || len(d.tokens) > 0 {
		t.Errorf("%v, %d tokens", err, len(d.tokens))
	}
}

func TestSignIn_SaysWhatIsMissing(t *testing.T) {
	d := newDatabase(t)
	server := conninfo.Server{Host: d.host, Port: 5432}
	if _, err := new(rds.SignIn).Password(t.Context(), server, user); err == nil ||
		!strings.Contains(err.Error(), "no region") {
		t.Errorf("%v", err)
	}
	server.Host = "shop.cluster-abcdef.eu-west-1.rds.amazonaws.com"
	token, err := new(rds.SignIn).Password(t.Context(), server, user)
	if err != nil || !strings.Contains(token, "%2Feu-west-1%2Frds-db%2F") {
		t.Errorf("the region of the name: %v", err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong secret")
	way := &conninfo.Way{Password: (&rds.SignIn{Region: region}).Password}
	config, err := way.Parse(d.verified())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.ConnectConfig(t.Context(), config); err == nil || strings.Contains(err.Error(), "X-Amz") {
		t.Errorf("%v", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	if _, err := new(rds.SignIn).Password(t.Context(), server, user); len(hint.Of(err)) != 1 {
		t.Errorf("no credentials: %v", err)
	}
}
