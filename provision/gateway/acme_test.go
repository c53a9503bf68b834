package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

func TestMain(m *testing.M) {
	// Pebble otherwise waits for seconds before it asks.
	_ = os.Setenv("PEBBLE_VA_NOSLEEP", "1")
	_ = os.Setenv("PEBBLE_AUTHZREUSE", "0")
	// And refuses one nonce in twenty, which some day is too many for one request.
	_ = os.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	os.Exit(m.Run())
}

// authority is a real ACME server, Let's Encrypt's own for tests, that
// validates hosts on the ports of one gateway.
type authority struct {
	Authority
	issued   *x509.CertPool
	orders   atomic.Int32 // that it was asked for
	broken   atomic.Bool
	limit    atomic.Value // a string: what it says of a limit that is reached
	nonces   atomic.Int32 // how many good ones it calls bad
	resolver string       // that knows its name; empty: it is an address
	// host is that of the preview which it gives a certificate to, and no other
	// authority: all gateways of one program share the questions about a host.
	host string
}

var authorities atomic.Int32

// Profiles and keys of accounts of the authorities of the tests.
const (
	lasting, accountID, accountKey = "shortlived", "account-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	shortly                        = 160 * time.Hour
)

func newAuthority(t *testing.T, httpPort, httpsPort int) *authority {
	t.Helper()
	return newAuthorityFor(t, httpPort, httpsPort, false)
}

func newAuthorityFor(t *testing.T, httpPort, httpsPort int, accountsOnly bool) *authority {
	t.Helper()
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	if err := store.AddExternalAccountKeyByID(accountID, accountKey); err != nil {
		t.Fatal(err)
	}
	// One of those whose profile is not asked for is picked by chance.
	profiles := map[string]ca.Profile{"default": {}}
	if accountsOnly {
		profiles = map[string]ca.Profile{lasting: {ValidityPeriod: uint64(shortly / time.Second)}}
	}
	signer := ca.New(quiet, store, "", "ecdsa", 0, 1, profiles)
	judge := va.New(quiet, httpPort, httpsPort, false, nameServer(t), store)
	front := wfe.New(quiet, store, judge, signer, []string{"pebble"}, false, accountsOnly, 1, 1)
	a := &authority{
		issued: x509.NewCertPool(),
		host:   fmt.Sprintf("shop-pr-%d.previews.example.com", authorities.Add(1)),
	}
	handler := front.Handler()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.broken.Load() {
			http.Error(w, `{"type":"urn:ietf:params:acme:error:serverInternal","detail":"out of order"}`,
				http.StatusInternalServerError)
			return
		}
		if strings.Contains(r.URL.Path, "order-plz") {
			a.orders.Add(1)
			if a.refuses(w, handler) {
				return
			}
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	a.Directory = server.URL + wfe.DirectoryPath
	a.Roots = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	a.issued.AddCert(signer.GetRootCert(0).Cert)
	return a
}

// refuses answers an order as an authority does whose limit is reached, or
// which does not know the nonce any more.
func (a *authority) refuses(w http.ResponseWriter, handler http.Handler) bool {
	fresh := httptest.NewRecorder()
	handler.ServeHTTP(fresh, httptest.NewRequest(http.MethodHead, "/nonce-plz", nil))
	say := func(status int, kind, detail string) bool {
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Replay-Nonce", fresh.Header().Get("Replay-Nonce"))
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"type": "urn:ietf:params:acme:error:" + kind, "detail": detail,
			"status": status,
		})
		return true
	}
	if a.nonces.Add(-1) >= 0 {
		return say(http.StatusBadRequest, "badNonce", "JWS has an invalid anti-replay nonce")
	}
	if detail, _ := a.limit.Load().(string); detail != "" {
		w.Header().Set("Retry-After", "7200")
		return say(http.StatusTooManyRequests, "rateLimited", detail)
	}
	return false
}

// nameServer leads every name to this computer.
func nameServer(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // Pebble asks by TCP
	if err != nil {
		t.Fatal(err)
	}
	packets, err := net.ListenPacket("udp", listener.Addr().String()) // and the gateway by UDP
	if err != nil {
		t.Fatal(err)
	}
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg).SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			answer.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1},
				A:   net.IPv4(127, 0, 0, 1),
			}}
		}
		_ = w.WriteMsg(answer)
	})
	for _, server := range []*dns.Server{
		{Listener: listener, Handler: handler},
		{PacketConn: packets, Handler: handler},
	} {
		go func() { _ = server.ActivateAndServe() }()
		t.Cleanup(func() { _ = server.Shutdown() })
	}
	return listener.Addr().String()
}

func freePort(t *testing.T) int {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	return free.Addr().(*net.TCPAddr).Port
}

// keptFolder is one that is written to for a moment after the gateway's end:
// certmagic waits for nobody.
func keptFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "offshoot-kept-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		deadline := time.Now().Add(20 * time.Second)
		for err := os.RemoveAll(folder); err != nil; err = os.RemoveAll(folder) {
			if time.Now().After(deadline) {
				t.Error(err)
				return
			}
		}
	})
	return folder
}

// encrypted is a gateway with TLS and one private preview.
type encrypted struct {
	started
	https int
	host  string
}

func publicRoutes(host string) string {
	return strings.ReplaceAll(`{"routes":[{"host":"HOST","project":"shop","preview":"pr-1","service":"web",
		"id":"shop-pr-1","site":"HOST","sign_in":true,"state":"starting"}]}`, "HOST", host)
}

func startEncrypted(t *testing.T, folder string, a *authority, http, https int) encrypted {
	t.Helper()
	return startWith(t, folder, ACME{Authority: a.Authority, Email: "ops@example.com"}, a, http, https,
		publicRoutes(a.host))
}

func startWith(t *testing.T, folder string, acme ACME, a *authority, http, https int, routes string) encrypted {
	t.Helper()
	content, err := json.Marshal(acme)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, ACMEFile)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"-listen", fmt.Sprintf("127.0.0.1:%d", http), "-https", fmt.Sprintf("127.0.0.1:%d", https), "-https-port",
		fmt.Sprint(https),
		"-acme", file,
	}
	if a.resolver != "" {
		args = append(args, "-resolver", a.resolver)
	}
	s := start(t, folder, args...)
	s.address = fmt.Sprintf("127.0.0.1:%d", http)
	e := encrypted{started: s, https: https, host: a.host}
	if err := e.load(t, routes); err != nil {
		t.Fatal(err)
	}
	return e
}

// status asks how it stands about certificates, as an up does.
func (e encrypted) status(t *testing.T) CertificateStatus {
	t.Helper()
	var out strings.Builder
	if err := Command(t.Context(), []string{"certificates", "-socket", e.socket}, nil, &out); err != nil {
		t.Fatal(err)
	}
	var list []CertificateStatus
	if err := json.Unmarshal([]byte(out.String()), &list); err != nil || len(list) != 1 || list[0].Host != e.host {
		t.Fatalf("%s, %v", out.String(), err)
	}
	return list[0]
}

func (e encrypted) await(t *testing.T, what string, wanted func(CertificateStatus) bool) CertificateStatus {
	t.Helper()
	deadline := time.NewTimer(60 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		status := e.status(t)
		if wanted(status) {
			return status
		}
		select {
		case <-deadline.C:
			t.Fatalf("%s never comes: %+v", what, status)
		case <-tick.C:
		}
	}
}

func ready(s CertificateStatus) bool { return s.Ready }

// open asks by HTTPS; a nil pool trusts everything.
func (e encrypted) open(t *testing.T, path string, trusted *x509.CertPool, accept string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+e.host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	transport := &http.Transport{
		DisableKeepAlives: true, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{RootCAs: trusted, InsecureSkipVerify: trusted == nil},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", e.https))
		},
	}
	return transport.RoundTrip(r)
}

func TestCertificates_ComeFromTheAuthorityAndOutliveTheGateway(t *testing.T) {
	t.Parallel()
	kept, http, https := keptFolder(t), freePort(t), freePort(t)
	a := newAuthority(t, http, https)
	first := startEncrypted(t, kept, a, http, https)
	first.await(t, "the certificate", ready)
	response, err := first.open(t, "/", a.issued, "text/html")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != 401 || response.ProtoMajor != 2 {
		t.Errorf("%s by HTTP/%d", response.Status, response.ProtoMajor)
	}
	redirected, _ := do(t, request(t, "GET", first.address, a.host, "/orders?a=1", nil))
	if got, want := redirected.Header.Get("Location"), fmt.Sprintf("https://%s:%d/orders?a=1", a.host,
		https); got != want || redirected.StatusCode != 308 {
		t.Errorf("port 80 leads to %q, %s", got, redirected.Status)
	}
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	orders := a.orders.Load()
	a.broken.Store(true)
	second := startEncrypted(t, kept, a, http, https)
	second.await(t, "the kept certificate", ready)
	if _, err := second.open(t, "/", a.issued, ""); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if a.orders.Load() != orders {
		t.Errorf("%d orders, and %d after a restart", orders, a.orders.Load())
	}
	if err := second.load(t, `{"routes":[]}`); err != nil {
		t.Fatal(err)
	}
	if err := second.stop(); err != nil {
		t.Fatal(err)
	}
}

func TestCertificates_AnAuthorityThatFailsTakesNoPreviewDown(t *testing.T) {
	t.Parallel()
	http, https := freePort(t), freePort(t)
	a := newAuthority(t, http, https)
	a.broken.Store(true)
	e := startEncrypted(t, keptFolder(t), a, http, https)
	status := e.await(t, "the authority's answer", func(s CertificateStatus) bool { return s.Problem != "" })
	if status.Ready || !strings.Contains(status.Problem, "out of order") {
		t.Errorf("%+v", status)
	}
	response, err := e.open(t, "/", nil, "text/html")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if got := response.TLS.PeerCertificates[0].DNSNames; response.StatusCode != 401 || len(got) != 1 ||
		got[0] != a.host {
		t.Errorf("%s with a certificate for %q", response.Status, got)
	}
	r := request(t, "GET", e.address, a.host, "/x", nil)
	r.Header.Set("Accept", "text/html")
	told, page := do(t, r)
	if told.StatusCode != 503 || !strings.Contains(page, "out of order") ||
		!strings.Contains(page, fmt.Sprintf(`href="https://%s:%d/x"`, a.host, https)) {
		t.Errorf("%s\n%s", told.Status, page)
	}
	if program, _ := do(t, request(t, "GET", e.address, a.host, "/x", nil)); program.StatusCode != 308 {
		t.Errorf("a program gets %s", program.Status)
	}
	if err := e.stop(); err != nil {
		t.Fatal(err)
	}
}

func TestGateway_ForTheWorldListsNothingAndKnowsOnlyItsHosts(t *testing.T) {
	t.Parallel()
	http, https := freePort(t), freePort(t)
	a := newAuthority(t, http, https)
	a.broken.Store(true)
	e := startEncrypted(t, keptFolder(t), a, http, https)
	for _, host := range []string{"localhost", "127.0.0.1", "evil.example", "x." + a.host} {
		if response, body := do(t, request(t, "GET", e.address, host, "/", nil)); response.StatusCode != 404 ||
			strings.Contains(body, a.host) {
			t.Errorf("%s: %s\n%s", host, response.Status, body)
		}
	}
	conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", https),
		&tls.Config{ServerName: "evil.example", InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := conn.ConnectionState().PeerCertificates[0].DNSNames; len(got) != 1 || got[0] != "unknown.invalid" {
		t.Errorf("a certificate for %q", got)
	}
	if err := e.stop(); err != nil {
		t.Fatal(err)
	}
}

func TestACME_IsReadFromItsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), ACMEFile)
	for text, want := range map[string]string{
		`{"directory":"https://ca.example/dir","key_id":"a","key":"YWJj","second":{"directory":"https://other.example/dir"}}`: "",
		`{"roots":"PEM"}`: "no certificates", `{"key_id":"a"}`: "needs key_id and key",
		`{"key_id":"a","key":"?"}`: "not in base64url",
		`{"second":{"directory":"https://acme-v02.api.letsencrypt.org/directory"}}`: "is the first",
		`{`: "unexpected end",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got := new(ACME).read(file)
		if (got == nil) != (want == "") || got != nil && !strings.Contains(got.Error(), want) {
			t.Errorf("%s: %v, want %q", text, got, want)
		}
	}
	if err := new(ACME).read("/missing"); err == nil {
		t.Error("a file that is not there: no error")
	}
}

// In a preview's network any container can be called as the authority is. A
// resolver outside of them is asked, and no other.
func TestHostile_ASiblingWantsNobodyToGetCertificates(t *testing.T) {
	t.Parallel()
	http, https := freePort(t), freePort(t)
	a := newAuthority(t, http, https)
	a.Directory = strings.Replace(a.Directory, "127.0.0.1", "example.com", 1)
	a.resolver = nameServer(t)
	startEncrypted(t, keptFolder(t), a, http, https).await(t, "the certificate", ready)
}

func TestFirstServer_IsOneThatIsNotTheEngine(t *testing.T) {
	for text, want := range map[string]string{
		"search example.com\nnameserver 127.0.0.11\noptions ndots:0\n":      "",
		"# nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n": "10.0.0.2:53",
		"nameserver ::1\nnameserver fd00::2\n":                              "[fd00::2]:53",
		"nameserver\nnameserver x\n":                                        "", "": "",
	} {
		if got, err := firstServer(strings.NewReader(text)); got != want || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
