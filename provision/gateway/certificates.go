package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
	_ "golang.org/x/crypto/x509roots/fallback" // the gateway's image has no file of roots
)

// certificates gets one for every host name or address from the authorities,
// keeps them in a folder, and renews them. A host that has none yet, because
// the authorities are slow, refuse or cannot be reached, is served with one of
// our own, and asked for again and again. None is asked for where the gateway
// was given one for the host.
type certificates struct {
	magic  *certmagic.Config
	cache  *certmagic.Cache
	issuer *certmagic.ACMEIssuer // that answers the authorities' questions
	own    selfSigned

	mutex   sync.Mutex
	hosts   map[string]CertificateStatus
	cancel  map[string]context.CancelFunc
	refused map[string][]refusedBy // what each authority said in the last round
	given   given
	address string      // the host that browsers do not name when they greet: an address
	again   *time.Timer // when what was given is good no longer
}

// CertificateStatus is how it stands about the certificate of a host.
type CertificateStatus struct {
	Host    string    `json:"host"`
	Ready   bool      `json:"ready"`
	Problem string    `json:"problem,omitempty"` // that the authorities had last
	Until   time.Time `json:"until,omitzero"`    // they give none before, since a limit is reached
}

// refusedBy is what one authority said.
type refusedBy struct {
	authority string
	problem   string
	until     time.Time
}

// silent drops what certmagic logs: what went wrong is in the status.
func silent() *zap.Logger { return zap.NewNop() }

// newCertificates reads those that were kept. The ports are those listened on,
// where the authorities' questions arrive.
func newCertificates(acme ACME, kept string, httpPort, httpsPort int) *certificates {
	c := &certificates{
		hosts: map[string]CertificateStatus{}, cancel: map[string]context.CancelFunc{},
		refused: map[string][]refusedBy{},
		given:   given{path: filepath.Join(kept, givenFile)},
	}
	c.given.restore()
	c.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return c.magic, nil },
		Logger:           silent(),
	})
	c.magic = certmagic.New(c.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: filepath.Join(kept, certificatesFolder)},
		OnEvent: c.observe, Logger: silent(),
	})
	var issuers []certmagic.Issuer
	for _, authority := range acme.Authorities() {
		made := issuer{authority: authority, refused: c.note}
		for into, addresses := range map[**certmagic.ACMEIssuer]bool{&made.names: false, &made.addresses: true} {
			template := acme.issuer(authority, addresses)
			template.AltHTTPPort, template.AltTLSALPNPort = httpPort, httpsPort
			*into = certmagic.NewACMEIssuer(c.magic, template)
		}
		issuers = append(issuers, made)
		if c.issuer == nil {
			c.issuer = made.names // whoever asks: the answers are found by the host
		}
	}
	c.magic.Issuers = issuers
	return c
}

// use begins to get certificates for new hosts, and no longer minds those that
// are gone.
func (c *certificates) use(ctx context.Context, table Table) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	wanted := map[string]bool{}
	var gone []certmagic.SubjectIssuer
	c.address = ""
	for _, route := range table.Routes {
		wanted[route.Host] = true
		if _, err := netip.ParseAddr(route.Host); err == nil {
			c.address = route.Host
		}
		if c.given.covers(route.Host) {
			gone = append(gone, c.leave(route.Host)...)
			c.hosts[route.Host] = CertificateStatus{Host: route.Host, Ready: true}
			continue
		}
		c.want(ctx, route.Host)
	}
	for host := range c.hosts {
		if !wanted[host] {
			gone = append(gone, c.leave(host)...)
			delete(c.hosts, host)
		}
	}
	c.cache.RemoveManaged(gone)
	if c.again != nil {
		c.again.Stop()
	}
	if ends := c.given.ends(); ends > 0 {
		c.again = time.AfterFunc(ends, func() { c.use(ctx, table) })
	}
}

// want begins to get a certificate for a host that has none.
func (c *certificates) want(ctx context.Context, host string) {
	if c.cancel[host] != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	c.cancel[host] = cancel
	c.hosts[host] = CertificateStatus{Host: host}
	_ = c.magic.ManageAsync(ctx, []string{host}) // tells its errors as events
}

// leave ends getting a certificate for a host.
func (c *certificates) leave(host string) []certmagic.SubjectIssuer {
	cancel := c.cancel[host]
	delete(c.cancel, host)
	delete(c.refused, host)
	if cancel == nil {
		return nil
	}
	cancel()
	return []certmagic.SubjectIssuer{{Subject: host}}
}

// note takes down what an authority said when it gave no certificate.
func (c *certificates) note(names []string, by Authority, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	said := refusedBy{authority: by.Directory}
	said.problem, said.until = explain(by, err)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, name := range names {
		list := slices.DeleteFunc(c.refused[name], func(r refusedBy) bool { return r.authority == said.authority })
		c.refused[name] = append(list, said)
	}
}

// observe is told by certmagic what becomes of a certificate.
func (c *certificates) observe(_ context.Context, event string, data map[string]any) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch event {
	case "cached_managed_cert":
		names, _ := data["sans"].([]string)
		for _, name := range names {
			if _, known := c.hosts[name]; known {
				c.hosts[name] = CertificateStatus{Host: name, Ready: true}
				delete(c.refused, name)
			}
		}
	case "cert_failed":
		name, _ := data["identifier"].(string)
		status, known := c.hosts[name]
		if problem, _ := data["error"].(error); known && problem != nil && !errors.Is(problem, context.Canceled) {
			status.Problem, status.Until = summary(c.refused[name], problem)
			c.hosts[name] = status
		}
	}
	return nil
}

// summary is what all authorities said, and when the first of them may give a
// certificate again.
func summary(refused []refusedBy, last error) (problem string, until time.Time) {
	if len(refused) == 0 {
		return last.Error(), until
	}
	var lines []string
	limited := true
	for _, r := range refused {
		lines = append(lines, r.problem)
		limited = limited && !r.until.IsZero()
		if until.IsZero() || r.until.Before(until) {
			until = r.until
		}
	}
	if !limited {
		until = time.Time{}
	}
	return strings.Join(lines, "; "), until
}

func (c *certificates) status() []CertificateStatus {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	list := []CertificateStatus{}
	for _, status := range c.hosts {
		list = append(list, status)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Host < list[j].Host })
	return list
}

func (c *certificates) statusOf(host string) CertificateStatus {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.hosts[host]
}

// config answers a browser with the certificate that was given or that of an
// authority, else with our own, and the authorities' questions.
func (c *certificates) config() *tls.Config {
	config := c.magic.TLSConfig()
	config.NextProtos = append([]string{"h2", "http/1.1"}, config.NextProtos...)
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		name := c.greeted(hello)
		if found := c.given.certificate(name); found != nil && c.statusOf(name).Host != "" {
			return found, nil
		}
		if hello.ServerName == "" {
			if found := c.ofAddress(name); found != nil {
				return found, nil
			}
		} else if found, err := c.magic.GetCertificate(hello); err == nil {
			return found, nil
		}
		if c.statusOf(name).Host == "" {
			name = "unknown.invalid" // not one for each name that somebody thinks of
		}
		return c.own.certificate(name)
	}
	return config
}

// greeted is the host that a browser means. It names no address when it greets:
// https://www.rfc-editor.org/rfc/rfc6066#section-3
func (c *certificates) greeted(hello *tls.ClientHelloInfo) string {
	if hello.ServerName != "" {
		return hostName(hello.ServerName)
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.address
}

// ofAddress finds the authority's certificate for an address. What certmagic
// takes for the address that was asked is one of the gateway's container.
func (c *certificates) ofAddress(address string) *tls.Certificate {
	for _, found := range c.cache.AllMatchingCertificates(address) {
		if !found.Expired() {
			return &found.Certificate
		}
	}
	return nil
}

// stop ends what is under way.
func (c *certificates) stop() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, cancel := range c.cancel {
		cancel()
	}
	if c.again != nil {
		c.again.Stop()
	}
	c.cache.Stop()
}

// portNumber is that of an address which is listened on.
func portNumber(address net.Addr) int {
	_, text, _ := net.SplitHostPort(address.String())
	number, _ := strconv.Atoi(text)
	return number
}
