package config

import (
	"net/netip"
	"testing"

	"github.com/offshoot-dev/offshoot/provision/gateway"
)

var elsewhere = gateway.Authority{Directory: "https://ca.example.com/directory"}

func TestFront_IsTheAddressWhereTheAuthorityCertifiesAddresses(t *testing.T) {
	withProfile := elsewhere
	withProfile.Profile = "short"
	for name, c := range map[string]struct {
		address   string
		domain    string
		authority gateway.Authority
		byAddress bool
	}{
		"Let's Encrypt":                 {"203.0.113.7", "", gateway.Authority{}, true},
		"an address of the newer kind":  {"2001:db8::7", "", gateway.Authority{}, true},
		"a private address":             {"10.1.2.3", "", gateway.Authority{}, false},
		"an address of a carrier's net": {"100.64.1.2", "", gateway.Authority{}, false},
		"a domain":                      {"203.0.113.7", "previews.example.com", gateway.Authority{}, false},
		"names made of the address":     {"203.0.113.7", "{ip}.sslip.io", gateway.Authority{}, false},
		"another authority":             {"203.0.113.7", "", elsewhere, false},
		"another one with a profile":    {"203.0.113.7", "", withProfile, true},
	} {
		cfg := &Config{Preview: Preview{Domain: c.domain, ACME: gateway.ACME{Authority: c.authority}}}
		front := cfg.Front(netip.MustParseAddr(c.address))
		if front.ByAddress != c.byAddress || front.Check() != nil {
			t.Errorf("%s: %+v, %v", name, front, front.Check())
		}
	}
}

// A fork's machine is the fork's.
func TestHostile_AMachineOfAForkWantsOurAccountAtAnAuthority(t *testing.T) {
	account := gateway.Authority{Directory: "https://other.example.com/directory", KeyID: "a", Key: "c2VjcmV0"}
	cfg := &Config{Stranger: true, Preview: Preview{Domain: "{ip}.sslip.io", ACME: gateway.ACME{
		Authority: elsewhere,
		Second:    account,
	}}}
	if got := cfg.Front(netip.MustParseAddr("203.0.113.7")).ACME; got.Second.Key != "" ||
		got.Directory != elsewhere.Directory {
		t.Errorf("%+v", got)
	}
	cfg.Preview.ACME = gateway.ACME{Authority: account, Second: elsewhere}
	if got := cfg.Front(netip.MustParseAddr("203.0.113.7")).ACME; got.Key != "" ||
		got.Directory != elsewhere.Directory {
		t.Errorf("%+v", got)
	}
	if cfg.Stranger = false; cfg.Front(netip.MustParseAddr("203.0.113.7")).ACME.Key == "" {
		t.Error("our own machine has no account")
	}
}
