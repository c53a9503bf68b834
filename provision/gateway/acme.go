package gateway

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/caddyserver/certmagic"
)

// ACME says which authority certificates come from. The zero value is Let's
// Encrypt, and nobody whom it could write to.
type ACME struct {
	// Directory is the address of the authority's directory.
	Directory string `json:"directory,omitempty"`
	// Email is where the authority writes about what it has issued.
	Email string `json:"email,omitempty"`
	// Roots are the certificates, in PEM, that the authority's own server is
	// checked by; empty: those that everybody knows.
	Roots string `json:"roots,omitempty"`
	// Resolver is the DNS server, with its port, that is asked for the
	// authority's name; empty: as the host does.
	Resolver string `json:"-"`
}

// RootsFile is where a gateway in its container looks for the Roots.
const RootsFile = "authority.pem" // in Folder

// Arguments say the same to `offshoot gateway serve`.
func (a ACME) Arguments() []string {
	var argv []string
	if a.Directory != "" {
		argv = append(argv, "-acme-directory", a.Directory)
	}
	if a.Email != "" {
		argv = append(argv, "-acme-email", a.Email)
	}
	if a.Roots != "" {
		argv = append(argv, "-acme-roots", Folder+"/"+RootsFile)
	}
	return argv
}

// Check refuses roots that are none.
func (a ACME) Check() error {
	if a.Roots != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(a.Roots)) {
		return errors.New("the authority's roots are no certificates in PEM")
	}
	return nil
}

// readRoots reads the file that -acme-roots names.
func (a *ACME) readRoots(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	a.Roots = string(content)
	if err := a.Check(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// issuer is the account at the authority, as certmagic wants it described.
func (a ACME) issuer() certmagic.ACMEIssuer {
	template := certmagic.ACMEIssuer{CA: a.Directory, Email: a.Email, Agreed: true, Resolver: a.Resolver, Logger: silent()}
	if template.CA == "" {
		template.CA = certmagic.LetsEncryptProductionCA
	}
	if a.Roots != "" {
		template.TrustedRoots = x509.NewCertPool()
		template.TrustedRoots.AppendCertsFromPEM([]byte(a.Roots))
	}
	return template
}
