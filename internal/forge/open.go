package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Options say how to talk to a forge.
type Options struct {
	Token   string
	Version string // of offshoot, for the forge's log
	// Writer may push, and Reader may not: the event of the job says so, by the
	// forge's own word. It is believed where the forge tells this token of nobody's
	// rights.
	Writer, Reader string

	// Patience is how long one call waits altogether when the forge is busy or
	// asks to wait; 0: 10 minutes.
	Patience time.Duration
	// Base carries the requests; nil: a transport of its own.
	Base http.RoundTripper
	// Sleep waits; nil: time.Sleep that ends with ctx.
	Sleep func(ctx context.Context, d time.Duration) error
	// Now is the time; nil: time.Now.
	Now func() time.Time
}

// Open returns the forge at a location. It sends nothing yet.
func Open(at Location, o Options) (Forge, error) {
	if o.Token == "" {
		return nil, hint.Usage(fmt.Errorf("no token for %s", at.Kind), "")
	}
	client := &http.Client{Transport: newPatience(o), CheckRedirect: sameHost}
	agent := "offshoot/" + o.Version
	switch at.Kind {
	case GitHub:
		return openGitHub(at, client, o.Token, agent)
	case GitLab:
		return openGitLab(at, client, o.Token, agent)
	case Gitea:
		return openGitea(at, client, o, agent)
	}
	return nil, hint.Usage(fmt.Errorf("%q is not a kind of forge", at.Kind), "")
}

// sameHost lets a token go nowhere else: the header that carries GitLab's would
// follow a redirect to any host.
func sameHost(req *http.Request, via []*http.Request) error {
	if len(via) >= 5 {
		return errors.New("redirected five times")
	}
	if req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
		return fmt.Errorf("redirected to another host, %s", req.URL.Host)
	}
	return nil
}

// asked adds what was asked for to an error, and what to do about the usual
// causes.
func asked(what string, status int, err error) error {
	if err == nil {
		return nil
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the address is in what was asked, its query need not be
	}
	switch status {
	case http.StatusNotFound:
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	case http.StatusUnauthorized:
		return hint.Wrap(fmt.Errorf("%s: %w", what, err), "the token is not accepted: it may have expired")
	case http.StatusForbidden:
		return hint.Wrap(fmt.Errorf("%s: %w", what, err),
			"the token lacks a right: docs/pull-requests.md lists those that it needs")
	}
	return fmt.Errorf("%s: %w", what, err)
}
