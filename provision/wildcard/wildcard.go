// Package wildcard gets one certificate for all previews of a domain, and keeps
// it where every job finds it.
//
//	job ── read ──► bucket: <domain>.certificate, sealed with a key that jobs have
//	 │                 ▲ good for long: done
//	 └─ lock ─► authority ─► TXT record of the domain ─► authority ─► seal, write
//
// Authorities give few certificates for the same names (Let's Encrypt five a
// week), and previews come and go: so it is asked for once, and anew when less
// than a third of its time is left. Machines are handed it and need no rights.
package wildcard

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// Options say whose certificate is wanted, who gives it, and where it is kept.
type Options struct {
	Domain string
	ACME   gateway.ACME
	DNS    certmagic.DNSProvider
	// Resolvers are DNS servers, with ports, that are asked where the domain's
	// zone begins and whether the record is there; none: those of this computer,
	// and the zone's own.
	Resolvers []string
	Bucket    Bucket
	At        store.Location
	Secret    string // that the certificate's key is sealed with
	// Warn is told what went wrong where there is a good certificate all the
	// same; it may be nil.
	Warn func(text string)
	Now  func() time.Time // nil: the clock's

	beat time.Duration // between two signs of life of a lock, in tests
}

// A Bucket keeps small objects, as store.Store does.
type Bucket interface {
	Read(ctx context.Context, at store.Location) ([]byte, store.Tag, error)
	Write(ctx context.Context, at store.Location, content []byte, seen store.Tag) error
	Remove(ctx context.Context, at store.Location) error
}

// A Certificate is good for all names right below the domain.
type Certificate struct {
	gateway.Given
	Made, Expires time.Time
}

// ErrNone says that none is kept yet.
var ErrNone = errors.New("there is none yet")

// Times that matter: how long a run waits for another that orders one, and how
// long that one has.
const (
	patience  = orderTime + lockTime
	orderTime = 6 * time.Minute
	look      = 2 * time.Second
)

// Look reads the certificate that is kept, and orders none.
func Look(ctx context.Context, o Options) (Certificate, error) {
	kept, err := o.read(ctx)
	if err != nil {
		return Certificate{}, fmt.Errorf("certificate of *.%s: %w", o.Domain, err)
	}
	made, ok := kept.certificate()
	if !ok {
		return made, fmt.Errorf("certificate of *.%s: %w", o.Domain, ErrNone)
	}
	return made, nil
}

// Get reads the certificate that is kept, and orders one where there is none or
// its time runs out. Of several runs one orders.
func Get(ctx context.Context, o Options) (Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	made, err := o.get(ctx)
	if err != nil {
		return made, fmt.Errorf("certificate of *.%s: %w", o.Domain, err)
	}
	return made, nil
}

func (o Options) get(ctx context.Context) (Certificate, error) {
	for {
		kept, err := o.read(ctx)
		if err != nil {
			return Certificate{}, err
		}
		made, _ := kept.certificate()
		if made.fresh(o.now()) {
			return made, nil
		}
		release, err := o.lock(ctx)
		if err == nil {
			made, err = o.orderAlone(ctx, release)
		}
		switch {
		case err == nil:
			return made, nil
		case made.good(o.now()):
			if !errors.Is(err, errLocked) && o.Warn != nil {
				o.Warn(fmt.Sprintf("the certificate of *.%s, good until %s, is not renewed: %v", o.Domain,
					made.Expires.Format(time.DateOnly), err))
			}
			return made, nil
		case !errors.Is(err, errLocked):
			return Certificate{}, err
		}
		select {
		case <-ctx.Done():
			return Certificate{}, fmt.Errorf("another run still orders it: %w", context.Cause(ctx))
		case <-time.After(look):
		}
	}
}

func (o Options) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

// fresh tells whether more than a third of its time is left.
func (c Certificate) fresh(now time.Time) bool {
	return c.Expires.Sub(now) > c.Expires.Sub(c.Made)/3
}

// good tells whether a preview can use it for a day.
func (c Certificate) good(now time.Time) bool { return c.Expires.Sub(now) > 24*time.Hour }

// read opens what is kept; the zero value where nothing is.
func (o Options) read(ctx context.Context) (kept contents, err error) {
	sealed, _, err := o.Bucket.Read(ctx, o.At)
	if errors.Is(err, store.ErrNoBucket) || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return kept, err
	}
	if err != nil {
		return kept, nil
	}
	if kept, err = open(sealed, o.Secret, o.Domain); err != nil {
		return kept,
			hint.Wrap(fmt.Errorf("%s: %w", o.At, err),
				"give the key that it was sealed with, or remove that object to order another certificate")
	}
	return kept, nil
}

// orderAlone orders one while no other run does. What is there goes along with
// an error.
func (o Options) orderAlone(ctx context.Context, release func(failed error)) (made Certificate, err error) {
	var failed error // of the order itself
	defer func() { release(failed) }()
	kept, err := o.read(ctx) // another run may have ordered since
	if err != nil {
		return made, err
	}
	if made, _ = kept.certificate(); made.fresh(o.now()) {
		return made, nil
	}
	limited, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	if err := o.order(limited, &kept); err != nil {
		if ctx.Err() == nil { // or it is only us who were interrupted
			failed = err
		}
		return made, errors.Join(err, o.keepAccounts(ctx, kept.Accounts))
	}
	ordered, ok := kept.certificate()
	if !ok {
		return made, errors.New("what the authority gave is no certificate for it")
	}
	return ordered, o.keep(ctx, kept)
}

func (o Options) keep(ctx context.Context, kept contents) error {
	sealed, err := seal(kept, o.Secret, o.Domain)
	if err != nil {
		return err
	}
	return o.Bucket.Write(ctx, o.At, sealed, store.Anything)
}

// keepAccounts keeps those that were made for an order that failed: the next one
// would need others, and a computer may make few. Else what is there stays.
func (o Options) keepAccounts(ctx context.Context, accounts map[string][]byte) error {
	if len(accounts) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	kept, err := o.read(ctx)
	if err != nil || maps.EqualFunc(kept.Accounts, accounts, bytes.Equal) {
		return err
	}
	kept.Accounts = accounts
	return o.keep(ctx, kept)
}

// order asks one authority after the other.
func (o Options) order(ctx context.Context, kept *contents) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	names := []string{"*." + o.Domain}
	request, err := newRequest(key, names)
	if err != nil {
		return err
	}
	kept.Domain = o.Domain
	if kept.Accounts == nil {
		kept.Accounts = map[string][]byte{}
	}
	accounts := &memory{files: kept.Accounts}
	var config *certmagic.Config
	cache := certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return config, nil },
		Logger:           zap.NewNop(),
	})
	defer cache.Stop()
	config = certmagic.New(cache, certmagic.Config{Storage: accounts, Logger: zap.NewNop()})
	solver := &certmagic.DNS01Solver{DNSManager: certmagic.DNSManager{
		DNSProvider: o.DNS, Resolvers: o.Resolvers,
		Logger: zap.NewNop(),
	}}
	var errs []error
	for place, issuer := range o.ACME.ByDNS(config, solver) {
		err := issuer.PreCheck(ctx, names, false)
		if err == nil {
			var issued *certmagic.IssuedCertificate
			if issued, err = issuer.Issue(ctx, request); err == nil {
				return kept.take(issued.Certificate, key)
			}
		}
		errs = append(errs, errors.New(o.ACME.Explain(place, err)))
	}
	return errors.Join(errs...)
}

func newRequest(key crypto.Signer, names []string) (*x509.CertificateRequest, error) {
	made, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: names}, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificateRequest(made)
}

// contents are what is sealed: the certificate, and the accounts at authorities,
// of which a computer may not make many.
type contents struct {
	Domain   string            `json:"domain"`
	Chain    string            `json:"chain"`
	Key      string            `json:"key"`
	Accounts map[string][]byte `json:"accounts"`
}

func (c *contents) take(chain []byte, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	c.Chain, c.Key = string(chain), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return nil
}

// certificate is the one in there, if it is the domain's.
func (c contents) certificate() (made Certificate, ok bool) {
	pair, err := tls.X509KeyPair([]byte(c.Chain), []byte(c.Key))
	if err != nil || c.Domain == "" || pair.Leaf.VerifyHostname("any."+strings.ToLower(c.Domain)) != nil {
		return made, false
	}
	return Certificate{
		Given: gateway.Given{Chain: c.Chain, Key: c.Key}, Made: pair.Leaf.NotBefore,
		Expires: pair.Leaf.NotAfter,
	}, true
}
