package gateway

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/offshoot-dev/offshoot/internal/whole"
)

// A Given is a certificate that others got, for all hosts of a domain, and its
// key, both in PEM. The key is a secret.
type Given struct {
	Chain string `json:"chain,omitempty"`
	Key   string `json:"key,omitempty"`
}

// GivenFile is where a gateway in its container keeps what it was given.
const (
	GivenFile = givenFile
	givenFile = "given.json" // in Kept
)

// enough is how long a certificate has to be good still to be used: whoever
// gave it brings another one before, or each host gets its own.
const enough = 24 * time.Hour

// Check refuses a key that is not the certificate's.
func (g Given) Check() error {
	_, err := g.pair()
	return err
}

func (g Given) pair() (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair([]byte(g.Chain), []byte(g.Key))
	if err != nil {
		return nil, errors.New("what was given is no certificate with its key") // the error may quote them
	}
	return &pair, nil
}

// given is the certificate in use. The zero value is none.
type given struct {
	path  string
	mutex sync.Mutex
	pair  *tls.Certificate
}

// restore reads what was kept. What cannot be read is as if it were not there:
// each host then gets its own.
func (g *given) restore() {
	content, err := os.ReadFile(g.path)
	if err != nil {
		return
	}
	var kept Given
	if json.Unmarshal(content, &kept) != nil {
		return
	}
	if pair, err := kept.pair(); err == nil {
		g.set(pair)
	}
}

func (g *given) set(pair *tls.Certificate) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.pair = pair
}

// certificate is that which was given, where it is good for a host.
func (g *given) certificate(host string) *tls.Certificate {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.pair == nil || g.pair.Leaf.VerifyHostname(host) != nil || time.Now().After(g.pair.Leaf.NotAfter) {
		return nil
	}
	return g.pair
}

// covers tells whether no other certificate is needed for a host.
func (g *given) covers(host string) bool {
	found := g.certificate(host)
	return found != nil && time.Until(found.Leaf.NotAfter) > enough
}

// ends is in how long hosts need certificates of their own; 0: they do already.
func (g *given) ends() time.Duration {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.pair == nil {
		return 0
	}
	return max(0, time.Until(g.pair.Leaf.NotAfter)-enough)
}

// take keeps a certificate, and uses it from now on.
func (g *given) take(content []byte) error {
	var made Given
	if err := json.Unmarshal(content, &made); err != nil {
		return errors.New("a certificate and its key are wanted") // the error may quote them
	}
	pair, err := made.pair()
	if err != nil {
		return err
	}
	if err := whole.WriteBytes(g.path, 0o600, content); err != nil {
		return err
	}
	g.set(pair)
	return nil
}

// maxGiven bounds what is taken for a certificate.
const maxGiven = 256 << 10

// takeGiven is the socket's side of commandGive.
func (g *Gateway) takeGiven(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxGiven))
	if err == nil && g.certificates == nil {
		err = errors.New("this gateway has no use for a certificate")
	}
	if err == nil {
		err = g.certificates.given.take(content)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	g.certificates.use(g.renewing, *g.table.Load())
}

// commandGive hands the gateway a certificate, which it uses at once.
func commandGive(ctx context.Context, args []string, stdin io.Reader) error {
	var options Options
	if err := newFlags(&options.Socket).Parse(args); err != nil {
		return fmt.Errorf("gateway give: %w", err)
	}
	content, err := io.ReadAll(io.LimitReader(stdin, maxGiven))
	if err != nil {
		return fmt.Errorf("gateway give: %w", err)
	}
	return put(ctx, "gateway give", options.withDefaults().Socket, "/given", content)
}
