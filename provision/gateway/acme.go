package gateway

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
)

// ACME says which authorities certificates come from. The zero value is Let's
// Encrypt, and nobody whom it could write to.
type ACME struct {
	Authority
	// Email is where the authorities write about what they have issued.
	Email string `json:"email,omitempty"`
	// Second is asked where the first gives no certificate, as when its limits
	// are reached. The zero value: nobody is.
	Second Authority `json:"second,omitzero"`
	// Resolver is the DNS server, with its port, that is asked for the
	// authorities' names; empty: as the host does.
	Resolver string `json:"-"`
}

// An Authority gives certificates by ACME.
type Authority struct {
	// Directory is the address of the authority's directory.
	Directory string `json:"directory,omitempty"`
	// Roots are the certificates, in PEM, that the authority's own server is
	// checked by; empty: those that everybody knows.
	Roots string `json:"roots,omitempty"`
	// Profile is the one of its profiles that certificates for addresses have.
	Profile string `json:"profile,omitempty"`
	// KeyID and Key, in base64url, bind our account to one that somebody has
	// there. The key is a secret.
	KeyID string `json:"key_id,omitempty"`
	Key   string `json:"key,omitempty"`
}

// ACMEFile is where a gateway in its container looks for its ACME.
const ACMEFile = "acme.json" // in Kept, where the key of an account may lie

// letsEncrypt gives certificates for addresses of its short-lived profile
// alone: https://letsencrypt.org/docs/profiles/#shortlived
const (
	letsEncrypt        = "letsencrypt.org"
	letsEncryptProfile = "shortlived"
)

// withDefaults names Let's Encrypt where nobody is named, and its profile.
func (a Authority) withDefaults() Authority {
	if a.Directory == "" {
		a.Directory = certmagic.LetsEncryptProductionCA
	}
	if name := a.Name(); a.Profile == "" && (name == letsEncrypt || strings.HasSuffix(name, "."+letsEncrypt)) {
		a.Profile = letsEncryptProfile
	}
	return a
}

// Name is the authority's in messages: the host of its directory.
func (a Authority) Name() string {
	parsed, err := url.Parse(a.Directory)
	if a.Directory == "" || err != nil {
		return "acme-v02.api." + letsEncrypt
	}
	return parsed.Hostname()
}

// Addresses tells whether the first authority is known to give certificates for
// addresses.
func (a ACME) Addresses() bool { return a.Authority.withDefaults().Profile != "" }

// Authorities are those that are asked, in that order.
func (a ACME) Authorities() []Authority {
	all := []Authority{a.Authority.withDefaults()}
	if a.Second != (Authority{}) {
		all = append(all, a.Second.withDefaults())
	}
	return all
}

// Check refuses what no authority could be asked by.
func (a ACME) Check() error {
	for _, authority := range a.Authorities() {
		if authority.Roots != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(authority.Roots)) {
			return errors.New("the authority's roots are no certificates in PEM")
		}
		if (authority.KeyID == "") != (authority.Key == "") {
			return fmt.Errorf("an account at %s needs key_id and key", authority.Name())
		}
		if _, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(authority.Key, "=")); err != nil {
			return fmt.Errorf("the key of the account at %s is not in base64url", authority.Name())
		}
	}
	if all := a.Authorities(); len(all) == 2 && all[0].Directory == all[1].Directory {
		return fmt.Errorf("the second authority is the first, %s", all[0].Name())
	}
	return nil
}

// Shown is what everybody may see: of each key a digest, by which another one
// is told from it.
func (a ACME) Shown() ACME {
	a.Key, a.Second.Key = digest(a.Key), digest(a.Second.Key)
	return a
}

// WithoutAccounts leaves out who is asked by an account of ours.
func (a ACME) WithoutAccounts() ACME {
	if a.Second.Key != "" {
		a.Second = Authority{}
	}
	if a.Key != "" {
		a.Authority = a.Second
		a.Second = Authority{}
	}
	return a
}

func digest(secret string) string {
	if secret == "" || strings.HasPrefix(secret, digestMark) {
		return secret
	}
	sum := sha256.Sum256([]byte("account\x00" + secret))
	return digestMark + hex.EncodeToString(sum[:16])
}

// digestMark is in no key, which is in base64url.
const digestMark = "digest:"

// read takes it from a file.
func (a *ACME) read(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, a); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := a.Check(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// ByDNS are the accounts at the authorities, for certificates of names that a
// DNS server proves: those of wildcards.
func (a ACME) ByDNS(config *certmagic.Config, solver acmez.Solver) []*certmagic.ACMEIssuer {
	var issuers []*certmagic.ACMEIssuer
	for _, authority := range a.Authorities() {
		template := a.issuer(authority, false)
		template.DNS01Solver = solver
		issuers = append(issuers, certmagic.NewACMEIssuer(config, template))
	}
	return issuers
}

// issuer is the account at one authority, as certmagic wants it described.
func (a ACME) issuer(authority Authority, addresses bool) certmagic.ACMEIssuer {
	template := certmagic.ACMEIssuer{
		CA: authority.Directory, Email: a.Email, Agreed: true, Resolver: a.Resolver,
		Logger: silent(),
	}
	if addresses {
		template.Profile = authority.Profile
	}
	if authority.Key != "" {
		template.ExternalAccount = &acme.EAB{KeyID: authority.KeyID, MACKey: strings.TrimRight(authority.Key, "=")}
	}
	if authority.Roots != "" {
		template.TrustedRoots = x509.NewCertPool()
		template.TrustedRoots.AppendCertsFromPEM([]byte(authority.Roots))
	}
	return template
}
