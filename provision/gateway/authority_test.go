package gateway

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
)

// certmagic tries again at an authority for trials, and gives up for good where
// that one gives what the real one does not.
func TestIssuer_IsAskedAgainWhereTheAuthorityForTrialsGaveOne(t *testing.T) {
	t.Setenv("PEBBLE_VA_ALWAYS_VALID", "1")
	http, https := freePort(t), freePort(t)
	first, trials := newAuthority(t, http, https), newAuthority(t, http, https)
	first.broken.Store(true)
	c := newCertificates(ACME{Authority: first.Authority}, keptFolder(t), http, https)
	defer c.stop()
	asked := c.magic.Issuers[0].(issuer)
	asked.names.TestCA = trials.Directory
	asked.names.TrustedRoots.AppendCertsFromPEM([]byte(trials.Roots))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{DNSNames: []string{"pr-1.shop.example"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	request, err := x509.ParseCertificateRequest(made)
	if err != nil {
		t.Fatal(err)
	}
	attempts := 1
	_, err = asked.Issue(context.WithValue(t.Context(), certmagic.AttemptsCtxKey, &attempts), request)
	var last certmagic.ErrNoRetry
	if err == nil || errors.As(err, &last) || trials.orders.Load() != 1 {
		t.Errorf("after %d orders for trial: %v", trials.orders.Load(), err)
	}
}

// What Let's Encrypt says of the names of sslip.io.
const quota = `too many certificates (250000) already issued for "sslip.io" in the last 168h0m0s, ` +
	`retry after 2031-05-07 08:07:02 UTC: see https://letsencrypt.org/docs/rate-limits/#new-certificates-per-registered-domain`

func TestCertificates_TheNextAuthorityIsAskedWhereALimitIsReached(t *testing.T) {
	t.Parallel()
	http, https := freePort(t), freePort(t)
	first, second := newAuthority(t, http, https), newAuthorityFor(t, http, https, true)
	first.limit.Store(quota)
	acme := ACME{Authority: first.Authority, Second: second.Authority}
	acme.Second.KeyID, acme.Second.Key = accountID, accountKey
	e := startWith(t, keptFolder(t), acme, first, http, https, publicRoutes(first.host))
	e.await(t, "the certificate", ready)
	response, err := e.open(t, "/", second.issued, "")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if first.orders.Load() == 0 || second.orders.Load() == 0 {
		t.Errorf("%d orders at the first, %d at the second", first.orders.Load(), second.orders.Load())
	}
	if status := e.status(t); status.Problem != "" || !status.Until.IsZero() {
		t.Errorf("%+v", status)
	}
}

func TestCertificates_SayWhatEachAuthorityHasAndUntilWhen(t *testing.T) {
	t.Parallel()
	http, https := freePort(t), freePort(t)
	first, second := newAuthority(t, http, https), newAuthorityFor(t, http, https, true)
	first.limit.Store(quota)
	e := startWith(t, keptFolder(t), ACME{Authority: first.Authority, Second: second.Authority}, first, http, https,
		publicRoutes(first.host))
	status := e.await(t, "the authorities' answers", func(s CertificateStatus) bool { return s.Problem != "" })
	for _, want := range []string{
		"127.0.0.1: rate limited until 2031-05-07 08:07 UTC: too many certificates",
		"(externalAccountRequired)",
	} {
		if !strings.Contains(status.Problem, want) {
			t.Errorf("%q is not in %q", want, status.Problem)
		}
	}
	if !status.Until.IsZero() {
		t.Errorf("it is not only for the limit: %s", status.Until)
	}
	only := startWith(t, keptFolder(t), ACME{Authority: first.Authority}, first, freePort(t), freePort(t),
		publicRoutes(first.host))
	status = only.await(t, "the authority's answer", func(s CertificateStatus) bool { return s.Problem != "" })
	if want := time.Date(2031, 5, 7, 8, 7, 2, 0, time.UTC); !status.Until.Equal(want) || status.Ready {
		t.Errorf("%+v, want until %s", status, want)
	}
}

func TestCertificates_ANonceThatIsNotGoodAnyMoreIsNoFailure(t *testing.T) {
	t.Parallel()
	http, https := freePort(t), freePort(t)
	a := newAuthority(t, http, https)
	a.nonces.Store(3)
	startEncrypted(t, keptFolder(t), a, http, https).await(t, "the certificate", ready)
	if got := a.orders.Load(); got < 4 {
		t.Errorf("%d orders", got)
	}
}

func TestCertificates_SayThatTheAuthorityDoesNotReachTheMachine(t *testing.T) {
	t.Parallel()
	http, https := freePort(t), freePort(t)
	a := newAuthority(t, freePort(t), freePort(t)) // where nobody listens
	e := startEncrypted(t, keptFolder(t), a, http, https)
	status := e.await(t, "the authority's answer", func(s CertificateStatus) bool { return s.Problem != "" })
	if status.Ready ||
		!strings.Contains(status.Problem, "Failed to connect to 127.0.0.1") &&
			!strings.Contains(status.Problem, "connection refused") {
		t.Errorf("%+v", status)
	}
}

// addressRoutes are those of a preview of two services on a machine without a
// domain, told apart by port.
func addressRoutes(port int) string {
	route := `{"host":"127.0.0.1","port":%d,"project":"shop","preview":"pr-1","service":"%s","id":"shop-pr-1","site":"127.0.0.1","sign_in":true,"state":"starting"}`
	return `{"routes":[` + fmt.Sprintf(route, 0, "web") + "," + fmt.Sprintf(route, port, "api") + `]}`
}

func TestCertificates_AnAddressHasOneOfTheProfileForAddresses(t *testing.T) {
	t.Parallel()
	http, https := freePort(t), freePort(t)
	first, second := newAuthority(t, http, https), newAuthorityFor(t, http, https, true)
	acme := ACME{Authority: first.Authority, Second: second.Authority}
	acme.Profile, acme.Second.Profile = lasting, lasting // which the first does not have
	acme.Second.KeyID, acme.Second.Key = accountID, accountKey
	e := startWith(t, keptFolder(t), acme, first, http, https, addressRoutes(8443))
	e.awaitHost(t, "127.0.0.1", ready)
	// a browser that opens an address names no host
	conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", https), &tls.Config{RootCAs: second.issued})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	leaf := conn.ConnectionState().PeerCertificates[0]
	if got := leaf.NotAfter.Sub(leaf.NotBefore).Round(time.Hour); got != shortly || len(leaf.DNSNames) > 0 {
		t.Errorf("it is good for %s, and for %q", got, leaf.DNSNames)
	}
	for host, want := range map[string]string{"127.0.0.1": "308 https://127.0.0.1:%d/x", "127.0.0.2": "404 "} {
		response, _ := do(t, request(t, "GET", e.address, host, "/x", nil))
		if want = strings.Replace(want, "%d", fmt.Sprint(https), 1); fmt.Sprint(response.StatusCode, " ",
			response.Header.Get("Location")) != want {
			t.Errorf("port 80 answers %s with %s, want %s", host, response.Status, want)
		}
	}
}

func TestTable_TellsServicesOfAnAddressByThePort(t *testing.T) {
	table, err := readTable(strings.NewReader(addressRoutes(8443)))
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"127.0.0.1": "web", "127.0.0.1:443": "web", "127.0.0.1:8443": "api",
		"127.0.0.1:x": "web",
	} {
		if route, known := table.lookup(host); !known || route.Service != want {
			t.Errorf("%s leads to %q", host, route.Service)
		}
	}
	if _, err := readTable(strings.NewReader(addressRoutes(0))); err == nil {
		t.Error("two routes of one host and port are taken")
	}
}

// wildcard is a certificate for all names of the previews, as others got it.
func wildcard(t *testing.T, lasts time.Duration) (Given, *x509.CertPool) {
	t.Helper()
	pair, err := signOwn("*.previews.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if lasts != ownTime {
		pair.Leaf.NotAfter = time.Now().Add(lasts)
		signed, err := x509.CreateCertificate(nil, pair.Leaf, pair.Leaf, pair.Leaf.PublicKey, pair.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		pair.Certificate = [][]byte{signed}
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(chain)
	return Given{Chain: string(chain), Key: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))},
		pool
}

func (e encrypted) give(t *testing.T, g Given) error {
	t.Helper()
	content, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	return Command(t.Context(), []string{"give", "-socket", e.socket}, strings.NewReader(string(content)), nil)
}

func TestCertificates_NobodyIsAskedWhereOneWasGiven(t *testing.T) {
	t.Parallel()
	kept, http, https := keptFolder(t), freePort(t), freePort(t)
	a := newAuthority(t, http, https)
	made, pool := wildcard(t, ownTime)
	content, _ := json.Marshal(made)
	if err := os.WriteFile(filepath.Join(kept, GivenFile), content, 0o600); err != nil {
		t.Fatal(err)
	}
	e := startEncrypted(t, kept, a, http, https)
	e.await(t, "the certificate", ready)
	another, anothers := wildcard(t, ownTime)
	for _, roots := range []*x509.CertPool{pool, anothers} {
		response, err := e.open(t, "/", roots, "")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if err := e.give(t, another); err != nil { // renewed
			t.Fatal(err)
		}
	}
	if err := e.give(t, Given{Chain: another.Chain, Key: made.Key}); err == nil ||
		strings.Contains(err.Error(), "PRIVATE KEY") {
		t.Errorf("another's key is taken: %v", err)
	}
	if got := a.orders.Load(); got != 0 {
		t.Errorf("%d orders", got)
	}
	if info, err := os.Stat(filepath.Join(kept, GivenFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key lies in a file of mode %v, %v", info.Mode(), err)
	}
	conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", https),
		&tls.Config{ServerName: "other.previews.example.com", InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := conn.ConnectionState().PeerCertificates[0].DNSNames[0]; got != "unknown.invalid" {
		t.Errorf("a host that is none has a certificate for %q", got)
	}
}

func TestCertificates_HostsGetTheirOwnWhenWhatWasGivenEnds(t *testing.T) {
	t.Parallel()
	http, https := freePort(t), freePort(t)
	a := newAuthority(t, http, https)
	made, _ := wildcard(t, enough+2*time.Second)
	kept := keptFolder(t)
	content, _ := json.Marshal(made)
	if err := os.WriteFile(filepath.Join(kept, GivenFile), content, 0o600); err != nil {
		t.Fatal(err)
	}
	e := startEncrypted(t, kept, a, http, https)
	e.await(t, "an order", func(CertificateStatus) bool { return a.orders.Load() > 0 })
	e.await(t, "the certificate", ready)
}

// awaitHost waits for what is said of one of several hosts.
func (e encrypted) awaitHost(t *testing.T, host string, wanted func(CertificateStatus) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var out strings.Builder
		if err := Command(ctx, []string{"certificates", "-socket", e.socket}, nil, &out); err != nil {
			t.Fatal(err)
		}
		var list []CertificateStatus
		if err := json.Unmarshal([]byte(out.String()), &list); err != nil {
			t.Fatal(err)
		}
		for _, status := range list {
			if status.Host == host && wanted(status) {
				return
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("never comes for %s: %s", host, out.String())
		case <-tick.C:
		}
	}
}

func TestSelfSigned_NamesAnAddressAsOne(t *testing.T) {
	made, err := signOwn("2001:db8::7")
	if err != nil || len(made.Leaf.DNSNames) > 0 || !made.Leaf.IPAddresses[0].Equal(net.ParseIP("2001:db8::7")) {
		t.Errorf("%+v, %v", made.Leaf, err)
	}
}
