package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Look asks the authorities that somebody has named for their directories, and
// says what would keep them from giving certificates. It changes nothing. What
// Let's Encrypt wants is known.
func (a ACME) Look(ctx context.Context, addresses bool) error {
	var errs []error
	for i, authority := range a.Authorities() {
		if i == 0 && a.Directory == "" {
			continue
		}
		if err := authority.look(ctx, addresses); err != nil {
			errs = append(errs, fmt.Errorf("authority %s: %w", authority.Name(), err))
		}
	}
	return errors.Join(errs...)
}

// lookFor bounds the question for a directory.
const lookFor = 10 * time.Second

func (a Authority) look(ctx context.Context, addresses bool) error {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.Directory, nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	if a.Roots != "" {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(a.Roots))
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return hint.Wrap(err,
			"the machine asks it, and may reach it where this computer does not; else check preview.acme")
	}
	defer response.Body.Close()
	var directory struct {
		NewOrder string `json:"newOrder"`
		Meta     struct {
			Profiles        map[string]string `json:"profiles"`
			AccountRequired bool              `json:"externalAccountRequired"`
		} `json:"meta"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&directory); err != nil ||
		directory.NewOrder == "" {
		return hint.Wrap(fmt.Errorf("its directory cannot be read (%s)", response.Status),
			"preview.acme wants the address of an ACME directory")
	}
	if directory.Meta.AccountRequired && a.Key == "" {
		return hint.Wrap(errors.New("it wants an account"),
			"set key_id and key, which it gives its customers, beside directory in preview.acme")
	}
	if _, has := directory.Meta.Profiles[a.Profile]; addresses && a.Profile != "" && !has {
		names := []string{}
		for name := range directory.Meta.Profiles {
			names = append(names, name)
		}
		slices.Sort(names)
		return hint.Wrap(fmt.Errorf("it has no profile %s", a.Profile),
			"it has %q: set preview.acme.profile to the one with addresses, or remove it", names)
	}
	return nil
}
