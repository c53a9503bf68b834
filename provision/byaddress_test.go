package provision_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// nobody is an authority that does not answer.
func nobody() gateway.ACME {
	return gateway.ACME{Authority: gateway.Authority{
		Directory: "https://127.0.0.1:1/directory", KeyID: "customer-1",
		Key: "a2V5LW9mLWFuLWFjY291bnQ",
	}}
}

// freePorts are n ports in a row.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for range 50 {
		first, taken := freePort(t), false
		for i := range n {
			listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+i))
			if taken = taken || err != nil; err == nil {
				_ = listener.Close()
			}
		}
		if !taken {
			return first
		}
	}
	t.Fatal("no ports in a row")
	return 0
}

const addressFile = `
services:
  db: {image: PROGRAM, command: [sleep]}
  web: {image: PROGRAM, command: [web, ":8000"], environment: {GREETING: "web at ${OFFSHOOT_URL_API}"}, ports: ["8000"]}
  api: {image: PROGRAM, command: [web, ":8001"], environment: {GREETING: api}, ports: ["8001"]}
`

func TestUp_WithoutADomainTellsServicesByThePortOfTheAddress(t *testing.T) {
	f := newLight(t, 41).alone()
	f.write("compose.yaml", addressFile)
	local := netip.MustParseAddr("127.0.0.1")
	f.engine.Front = provision.Front{
		Address: local, Bind: local, ByAddress: true, HTTP: freePort(t), HTTPS: freePort(t), Further: freePorts(t, 2),
		ACME: nobody(),
	}
	result := f.up()
	front := f.engine.Front
	want := []string{
		fmt.Sprintf("https://127.0.0.1:%d/", front.HTTPS),
		fmt.Sprintf("https://127.0.0.1:%d/", front.Further),
	}
	if len(result.Links) != 2 || result.Links[0].URL != want[0] || result.Links[1].URL != want[1] {
		t.Fatalf("links %v, want %q", result.Links, want)
	}
	for i, link := range result.Links {
		if got := straight(t, link.URL, result.Access.Token); !strings.HasPrefix(got, link.Service) {
			t.Errorf("%s shows %q", want[i], got)
		} else if link.Service == "web" && i == 0 && got != "web at "+strings.TrimSuffix(want[1], "/") {
			t.Errorf("it was told %q", got)
		}
	}
	if len(result.Certificates) != 1 || result.Certificates[0].Host != "127.0.0.1" || result.Certificates[0].Ready ||
		result.Certificates[0].Problem == "" {
		t.Errorf("certificates: %+v", result.Certificates)
	}
	inspected, err := f.engine.Docker.Client().ContainerInspect(t.Context(), f.engine.Gateway)
	if err != nil ||
		strings.Contains(fmt.Sprintf("%+v %+v", *inspected.Config, *inspected.HostConfig), front.ACME.Key) {
		t.Errorf("the key of the account can be seen on the engine, %v", err)
	}
	other := f.options
	other.Preview, err = provision.Identify(f.options.Preview.Repository, "", 42, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.engine.Up(t.Context(), other, nil); err == nil ||
		!strings.Contains(err.Error(), "has none for another preview") {
		t.Errorf("another preview: %v", err)
	}
}

// straight opens a link without asking any DNS.
func straight(t *testing.T, link, token string) string {
	t.Helper()
	parsed, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(parsed.Host)
	number := 0
	_, _ = fmt.Sscan(port, &number)
	response, body := visit(t, provision.Front{HTTPS: number}, link, http.Header{"Offshoot-Token": {token}})
	if response.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", link, response.Status)
	}
	return body
}

// wildcardFor is a certificate for all names below a domain.
func wildcardFor(t *testing.T, domain string) gateway.Given {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), DNSNames: []string{"*." + domain},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return gateway.Given{
		Chain: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made})),
		Key:   string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}
}

const thievesFile = `
services:
  db: {image: PROGRAM, command: [sleep]}
  web: {image: PROGRAM, command: [web, ":8000"], ports: ["8000"]}
  thief:
    image: postgres:15
    entrypoint: [sleep, infinity]
    volumes: ["kept:/kept", "gateway:/run/offshoot"]
    stop_signal: SIGKILL
volumes:
  kept: {external: true, name: "%[1]s-kept"}
  gateway: {name: "%[1]s-kept"}
`

// A service of a pull request looks for the key where it lies: in the gateway's
// volume, in its own surroundings, and at the gateway, which is in its network.
func TestHostile_AContainerWantsTheKeyOfTheWildcard(t *testing.T) {
	f := newLight(t, 43).alone()
	f.write("compose.yaml", fmt.Sprintf(thievesFile, f.engine.Gateway))
	local := netip.MustParseAddr("127.0.0.1")
	given := wildcardFor(t, "previews.example.com")
	f.engine.Front = provision.Front{
		Domain: "previews.example.com", OneLabel: true, Bind: local, HTTP: freePort(t), HTTPS: freePort(t),
		ACME: nobody(), Given: given,
	}
	result := f.up()
	host := f.options.Preview.ID + ".previews.example.com"
	if len(result.Certificates) != 1 || !result.Certificates[0].Ready || result.Certificates[0].Host != host {
		t.Errorf("certificates: %+v", result.Certificates)
	}
	f.assertShown(host, given)
	inner := strings.Fields(given.Key)[3] // a line of it
	found := f.in("thief", `
		ls -AR /kept /run/offshoot
		env
		cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\0' '\n'
		grep -rls -e 'PRIVATE KEY' --include='*.json' / --exclude-dir=proc --exclude-dir=sys 2>/dev/null
		for address in $(getent ahosts `+f.engine.Gateway+` | cut -d' ' -f1 | sort -u); do
			for port in 80 443 8443 8480; do
				for path in /given /certificates /routes; do
					timeout 3 bash -c "exec 3<>/dev/tcp/$address/$port; printf 'GET $path HTTP/1.0\r\nHost: gateway\r\n\r\n' >&3; cat <&3" 2>/dev/null
				done
			done
		done
		true`)
	for _, secret := range []string{inner, "given.json", "acme.json", f.engine.Front.ACME.Key} {
		if strings.Contains(found, secret) {
			t.Errorf("it found %q:\n%s", secret, found)
		}
	}
	renewed := wildcardFor(t, "previews.example.com")
	before, err := f.engine.Docker.Client().ContainerInspect(t.Context(), f.engine.Gateway)
	if err != nil {
		t.Fatal(err)
	}
	f.engine.Front.Given = renewed
	f.up()
	f.assertShown(host, renewed)
	after, err := f.engine.Docker.Client().ContainerInspect(t.Context(), f.engine.Gateway)
	if err != nil || after.ID != before.ID {
		t.Errorf("a certificate that was renewed makes another gateway, %v", err)
	}
	for name, text := range map[string]string{
		"the engine": fmt.Sprintf("%+v %+v", *after.Config, *after.HostConfig),
		"the result": fmt.Sprintf("%+v %+v", result, f.events),
	} {
		if strings.Contains(text, inner) || strings.Contains(text, "PRIVATE KEY") {
			t.Errorf("%s has the key", name)
		}
	}
}

// assertShown checks which certificate a browser is shown.
func (f *fixture) assertShown(host string, want gateway.Given) {
	f.t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(want.Chain))
	ctx, cancel := context.WithTimeout(f.t.Context(), 10*time.Second)
	defer cancel()
	conn, err := (&tls.Dialer{Config: &tls.Config{ServerName: host, RootCAs: pool}}).DialContext(ctx, "tcp",
		fmt.Sprintf("127.0.0.1:%d", f.engine.Front.HTTPS))
	if err != nil {
		f.t.Errorf("%s: %v", host, err)
		return
	}
	_ = conn.Close()
}
