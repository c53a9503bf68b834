package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"path/filepath"
	"sort"
	"strconv"
	"sync"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
	_ "golang.org/x/crypto/x509roots/fallback" // the gateway's image has no file of roots
)

// certificates gets one for every host name from an authority, keeps them in
// a folder, and renews them. A host that has none yet, because the authority is
// slow, refuses or cannot be reached, is served with one of our own, and asked
// for again and again.
type certificates struct {
	magic  *certmagic.Config
	cache  *certmagic.Cache
	issuer *certmagic.ACMEIssuer
	own    selfSigned

	mutex  sync.Mutex
	hosts  map[string]CertificateStatus
	cancel map[string]context.CancelFunc
}

// CertificateStatus is how it stands about the certificate of a host.
type CertificateStatus struct {
	Host    string `json:"host"`
	Ready   bool   `json:"ready"`
	Problem string `json:"problem,omitempty"` // that the authority had last
}

// silent drops what certmagic logs: what went wrong is in the status.
func silent() *zap.Logger { return zap.NewNop() }

// newCertificates reads those that were kept. The ports are those listened on,
// where the authority's questions arrive.
func newCertificates(acme ACME, kept string, httpPort, httpsPort int) *certificates {
	c := &certificates{hosts: map[string]CertificateStatus{}, cancel: map[string]context.CancelFunc{}}
	c.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return c.magic, nil },
		Logger:           silent(),
	})
	c.magic = certmagic.New(c.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: filepath.Join(kept, certificatesFolder)},
		OnEvent: c.observe, Logger: silent(),
	})
	template := acme.issuer()
	template.AltHTTPPort, template.AltTLSALPNPort = httpPort, httpsPort
	c.issuer = certmagic.NewACMEIssuer(c.magic, template)
	c.magic.Issuers = []certmagic.Issuer{c.issuer}
	return c
}

// use begins to get certificates for new hosts, and no longer minds those that
// are gone.
func (c *certificates) use(ctx context.Context, table Table) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	wanted := map[string]bool{}
	for _, route := range table.Routes {
		wanted[route.Host] = true
		if c.cancel[route.Host] != nil {
			continue
		}
		ctx, cancel := context.WithCancel(ctx)
		c.cancel[route.Host] = cancel
		c.hosts[route.Host] = CertificateStatus{Host: route.Host}
		_ = c.magic.ManageAsync(ctx, []string{route.Host}) // tells its errors as events
	}
	var gone []certmagic.SubjectIssuer
	for host, cancel := range c.cancel {
		if !wanted[host] {
			cancel()
			delete(c.cancel, host)
			delete(c.hosts, host)
			gone = append(gone, certmagic.SubjectIssuer{Subject: host})
		}
	}
	c.cache.RemoveManaged(gone)
}

// observe is told by certmagic what becomes of a certificate.
func (c *certificates) observe(_ context.Context, event string, data map[string]any) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch event {
	case "cached_managed_cert":
		names, _ := data["sans"].([]string)
		for _, name := range names {
			if status, known := c.hosts[name]; known {
				status.Ready, status.Problem = true, ""
				c.hosts[name] = status
			}
		}
	case "cert_failed":
		name, _ := data["identifier"].(string)
		status, known := c.hosts[name]
		if problem, _ := data["error"].(error); known && problem != nil && !errors.Is(problem, context.Canceled) {
			status.Problem = problem.Error()
			c.hosts[name] = status
		}
	}
	return nil
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

// config answers a browser with the authority's certificate, else with our
// own, and the authority's questions.
func (c *certificates) config() *tls.Config {
	config := c.magic.TLSConfig()
	config.NextProtos = append([]string{"h2", "http/1.1"}, config.NextProtos...)
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		found, err := c.magic.GetCertificate(hello)
		if err == nil {
			return found, nil
		}
		name := hostName(hello.ServerName)
		if c.statusOf(name).Host == "" {
			name = "unknown.invalid" // not one for each name that somebody thinks of
		}
		return c.own.certificate(name)
	}
	return config
}

// stop ends what is under way.
func (c *certificates) stop() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, cancel := range c.cancel {
		cancel()
	}
	c.cache.Stop()
}

// portNumber is that of an address which is listened on.
func portNumber(address net.Addr) int {
	_, text, _ := net.SplitHostPort(address.String())
	number, _ := strconv.Atoi(text)
	return number
}
