package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision/gateway"
	"github.com/offshoot-dev/offshoot/provision/wildcard"
)

// certificateVariable names the variable with the secret that the certificate is
// sealed with in its bucket. It is none of those for other things, which other
// people may have.
const certificateVariable = "OFFSHOOT_CERTIFICATE_KEY"

// wildcardCertificate gets the certificate; the zero value where none is wanted,
// or none can be had: names then get their own, one by one.
func (a placing) wildcardCertificate(
	ctx context.Context, u *ui.UI, cfg *config.Config,
) (given gateway.Given, err error) {
	if cfg.Preview.Wildcard == (config.Wildcard{}) || cfg.Stranger { // a job for a fork neither orders nor reads it
		return given, nil
	}
	o, err := a.wildcardOptions(ctx, cfg)
	if err != nil {
		return given, err
	}
	o.Warn = u.Warn
	made, err := wildcard.Get(ctx, o)
	if ctx.Err() != nil {
		return given, context.Cause(ctx)
	}
	if err != nil {
		u.Warn(err.Error() + "; each name gets its own")
		for _, advice := range hint.Of(err) {
			u.Warn("hint: " + advice)
		}
		return given, nil
	}
	a.hideGiven(made.Given)
	return made.Given, nil
}

// hideGiven makes a secret of a certificate's key, and of each of its lines: in
// JSON they are apart.
func (a placing) hideGiven(given gateway.Given) {
	for line := range strings.Lines(given.Key) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "-----") {
			a.secrets.Add(line)
		}
	}
}

// wildcardOptions refuses a part of the configuration that cannot work, or a
// secret that is missing.
func (a placing) wildcardOptions(ctx context.Context, cfg *config.Config) (o wildcard.Options, err error) {
	w, domain := cfg.Preview.Wildcard, strings.ToLower(cfg.Preview.Domain)
	secret := a.getenv(certificateVariable)
	switch {
	case domain == "" || strings.Contains(domain, "{ip}"):
		return o,
			hint.Usage(errors.New("one certificate for all names needs a domain of yours"),
				"set preview.domain in %s, without {ip}, or remove preview.acme.dns", config.Name)
	case w.DNS == "" || w.Store == "":
		return o,
			hint.Usage(errors.New("one certificate for all names needs preview.acme.dns and preview.acme.store"),
				"set both in %s, or none of them", config.Name)
	case len(secret) < wildcard.LeastSecret:
		return o, noCertificateKey()
	}
	a.secrets.Add(secret)
	provider, err := wildcard.Provider(w.DNS, w.Update)
	if err != nil {
		return o, hint.Usage(err, "see preview.acme.update")
	}
	at, err := store.Parse(strings.TrimSuffix(w.Store, "/") + "/" + domain + ".certificate")
	if err != nil {
		return o, err
	}
	bucket, err := store.Open(ctx)
	if err != nil {
		return o, err
	}
	return wildcard.Options{
		Domain: domain, ACME: cfg.Preview.ACME, DNS: provider, Bucket: bucket, At: at,
		Secret: secret,
	}, nil
}

func noCertificateKey() error {
	return hint.Usage(fmt.Errorf("%s is not set, or has less than %d characters", certificateVariable,
		wildcard.LeastSecret),
		"make one with openssl rand -hex 32, and give the same to all jobs")
}
