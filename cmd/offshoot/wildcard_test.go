package main

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/gateway"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

func wildcardConfig() *config.Config {
	return &config.Config{Preview: config.Preview{
		Domain:   "previews.example.com",
		Wildcard: config.Wildcard{DNS: "route53", Store: "s3://acme-previews/certificates/"},
	}}
}

func TestWildcard_IsKeptByTheNameOfTheDomain(t *testing.T) {
	t.Setenv(certificateVariable, strings.Repeat("k", 32))
	a := here()
	cfg := wildcardConfig()
	o, err := a.wildcardOptions(t.Context(), cfg)
	if err != nil || o.At.String() != "s3://acme-previews/certificates/previews.example.com.certificate" {
		t.Errorf("%s, %v", o.At, err)
	}
	if got := a.secrets.Redact(strings.Repeat("k", 32)); strings.Contains(got, "kkk") {
		t.Errorf("its secret is printed as %s", got)
	}
	if !cfg.Front(netip.Addr{}).OneLabel {
		t.Error("names of services are not one label")
	}
	for name, change := range map[string]func(*config.Config){
		"no domain":     func(c *config.Config) { c.Preview.Domain = "" },
		"{ip}":          func(c *config.Config) { c.Preview.Domain = "{ip}.example.com" },
		"no bucket":     func(c *config.Config) { c.Preview.Wildcard.Store = "" },
		"no provider":   func(c *config.Config) { c.Preview.Wildcard.DNS = "" },
		"no DNS server": func(c *config.Config) { c.Preview.Wildcard.DNS = "rfc2136" },
	} {
		wrong := wildcardConfig()
		change(wrong)
		if _, err := a.wildcardOptions(t.Context(), wrong); err == nil || exitCode(t.Context(), err) != exitUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Setenv(certificateVariable, "") // as a secret that the job lacks
	if _, err := a.wildcardOptions(t.Context(), cfg); err == nil ||
		!strings.Contains(err.Error(), certificateVariable+" is not set") {
		t.Errorf("%v", err)
	}
}

func TestHostile_ALogWantsTheKeysOfZoneAndWildcard(t *testing.T) {
	a, cfg := here(), wildcardConfig()
	cfg.Preview.Wildcard.Update.Key = "c2VjcmV0LW9mLXRoZS16b25l"
	a.hide(cfg)
	a.hideGiven(gateway.Given{Key: "-----BEGIN PRIVATE KEY-----\nTUlHSEFnRUFNQk1H\nQnlxR1NNNDlBZ0VH\n-----END " +
		"PRIVATE KEY-----\n"})
	if got := a.secrets.Redact(`{"key":"-----BEGIN PRIVATE KEY-----\nTUlHSEFnRUFNQk1H\nQnlxR1NNNDlBZ0VH\n"}`); strings.Contains(got, "TUlH") || strings.Contains(got, "Qnlx") {
		t.Errorf("printed as %s", got)
	}
	if got := a.secrets.Redact("x " + cfg.Preview.Wildcard.Update.Key); strings.Contains(got, "c2Vj") {
		t.Errorf("printed as %s", got)
	}
}

// The key is good for the names of all previews: on a machine that a stranger's
// containers could break out to, it would be theirs.
func TestHostile_AMachineOfAForkWantsTheKeyOfTheWildcard(t *testing.T) {
	t.Setenv(certificateVariable, strings.Repeat("k", 32))
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1") // nobody may be asked
	a := here()
	cfg := wildcardConfig()
	cfg.Stranger = true
	given, err := a.wildcardCertificate(t.Context(), a.newUI(), cfg)
	if err != nil || given.Key != "" || given.Chain != "" {
		t.Errorf("it is handed a certificate, %v", err)
	}
	if cfg.Front(netip.MustParseAddr("203.0.113.7")).OneLabel {
		t.Error("its names are those of the certificate, which it does not have")
	}
}

func TestHostile_AMachineOfAForkWantsTheKeysOfAMaintainerWhoStartsIt(t *testing.T) {
	cfg, address := wildcardConfig(), netip.MustParseAddr("203.0.113.7")
	cfg.Preview.ACME.KeyID, cfg.Preview.ACME.Key = "customer-1", "a2V5LW9mLWFuLWFjY291bnQ"
	forks := *cfg
	forks.Stranger = true
	of := func(c *config.Config) machine.Machine {
		labels := map[string]string{}
		if c.Stranger { // as package dedicated labels it
			labels[provision.LabelStranger] = "true"
		}
		return machine.Machine{Labels: labels}
	}
	if made := cfg.On(of(&forks).Labels); !made.Stranger || made.Front(address).ACME.Key != "" ||
		made.Front(address).OneLabel {
		t.Errorf("it is handed %+v", made.Front(address).ACME.Shown())
	}
	if made := cfg.On(of(cfg).Labels); made.Stranger || made.Front(address).ACME.Key == "" ||
		!made.Front(address).OneLabel {
		t.Error("one of the repository's own is a stranger's")
	}
}
