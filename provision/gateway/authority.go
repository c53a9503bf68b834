package gateway

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
)

// An issuer is one authority, which is asked for names, or for addresses. It
// notes what it answers: certmagic goes on to the next authority, and tells
// what the last one said only.
type issuer struct {
	names     *certmagic.ACMEIssuer
	addresses *certmagic.ACMEIssuer // of the profile that has them
	authority Authority
	refused   func(names []string, by Authority, err error)
}

// IssuerKey names the place where its certificates are kept.
func (i issuer) IssuerKey() string { return i.names.IssuerKey() }

// PreCheck refuses what the authority is known not to give.
func (i issuer) PreCheck(ctx context.Context, names []string, interactive bool) error {
	err := i.names.PreCheck(ctx, names, interactive)
	if err != nil {
		i.refused(names, i.authority, err)
	}
	return err
}

// Issue asks for a certificate.
func (i issuer) Issue(ctx context.Context, csr *x509.CertificateRequest) (*certmagic.IssuedCertificate, error) {
	asked, names := i.names, csr.DNSNames
	if len(csr.IPAddresses) > 0 {
		asked = i.addresses
		for _, address := range csr.IPAddresses {
			names = append(names, address.String())
		}
	}
	issued, err := asked.Issue(ctx, csr)
	var last certmagic.ErrNoRetry
	if errors.As(err, &last) { // where Let's Encrypt's authority for trials gave one: certmagic would never ask again
		err = last.Err
	}
	if err != nil {
		i.refused(names, i.authority, err)
	}
	return issued, err
}

// retryAfter finds until when an authority's limit is reached in what it says.
// https://letsencrypt.org/docs/rate-limits/#retrying-after-hitting-rate-limits
var retryAfter = regexp.MustCompile(`(?i)retry after ([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})`)

// Explain says in one line why the authority of that place gave no certificate.
func (a ACME) Explain(place int, err error) string {
	problem, _ := explain(a.Authorities()[place], err)
	return problem
}

// explain says in one line why an authority gave no certificate, and until when
// that is so where it says that.
func explain(by Authority, err error) (problem string, until time.Time) {
	var said acme.Problem
	if !errors.As(err, &said) {
		return by.Name() + ": " + err.Error(), until
	}
	text := strings.TrimSpace(said.Detail)
	for _, sub := range said.Subproblems {
		text += ", " + sub.Detail
	}
	kind := strings.TrimPrefix(said.Type, "urn:ietf:params:acme:error:")
	if said.Type != acme.ProblemTypeRateLimited {
		return fmt.Sprintf("%s: %s (%s)", by.Name(), text, kind), until
	}
	if found := retryAfter.FindStringSubmatch(text); found != nil {
		until, _ = time.Parse(time.DateTime, found[1]+" "+found[2])
	}
	if until.IsZero() {
		return by.Name() + ": rate limited: " + text, until
	}
	return fmt.Sprintf("%s: rate limited until %s: %s", by.Name(), until.Format("2006-01-02 15:04 MST"), text), until
}
