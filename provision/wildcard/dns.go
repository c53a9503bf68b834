package wildcard

import (
	"errors"
	"fmt"
	"strings"

	"github.com/caddyserver/certmagic"
	"github.com/libdns/rfc2136"
	"github.com/libdns/route53"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// The providers of DNS that are known by name.
const (
	Route53 = "route53" // with AWS's own configuration
	Update  = "rfc2136" // a server that takes dynamic updates
)

// An UpdateServer is a DNS server that takes signed updates (RFC 2136, TSIG).
type UpdateServer struct {
	Server    string // with its port
	KeyName   string
	Key       string // in base64: a secret
	Algorithm string // empty: hmac-sha256
}

// Provider is the one of that name.
func Provider(name string, at UpdateServer) (certmagic.DNSProvider, error) {
	switch name {
	case Route53:
		return &route53.Provider{WaitForRoute53Sync: true}, nil
	case Update:
		if at.Server == "" || at.KeyName == "" || at.Key == "" {
			return nil, errors.New("a DNS server that takes updates needs server, key_name and key")
		}
		algorithm := at.Algorithm
		if algorithm == "" {
			algorithm = "hmac-sha256"
		}
		server := at.Server
		if !strings.Contains(server, ":") {
			server += ":53"
		}
		return &rfc2136.Provider{Server: server, KeyName: at.KeyName, Key: at.Key, KeyAlg: algorithm}, nil
	}
	return nil, hint.Usage(fmt.Errorf("unknown provider of DNS %q", name), "use %s or %s", Route53, Update)
}
