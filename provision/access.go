package provision

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// Access is how somebody gets in to a preview that wants a sign-in. It is as
// secret as the preview, and ends with it.
type Access struct {
	Links    []Link    `json:"links"`    // that sign in by themselves, the one to open first
	Token    string    `json:"token"`    // for programs, in the header Offshoot-Token
	Password string    `json:"password"` // for the form, and for programs too
	Expires  time.Time `json:"expires,omitzero"`
}

// ErrOpen says that a preview wants no sign-in.
var ErrOpen = errors.New("is open to everybody who can reach it")

// AccessTo tells how to get in to a preview; ErrOpen where nothing is needed.
func (e Engine) AccessTo(ctx context.Context, p Preview) (*Access, error) {
	_, g, err := e.find(ctx, p)
	if err != nil {
		return nil, err
	}
	if !g.SignIn {
		return nil, fmt.Errorf("%s %w", p.ID, ErrOpen)
	}
	at, err := e.entrance(ctx)
	if err != nil {
		return nil, err
	}
	return e.access(ctx, g, at)
}

// RotateAccess ends all links, tokens, passwords and sign-ins of a preview, and
// tells how to get in from now on.
func (e Engine) RotateAccess(ctx context.Context, p Preview) (*Access, error) {
	err := e.alone(ctx, p, "access", func(engineID string, s survey, g generation) error {
		if !g.SignIn {
			return fmt.Errorf("%s %w", p.ID, ErrOpen)
		}
		k, _, kept := s.keeper(p.ID, g.Number)
		if !kept {
			return hint.Wrap(errors.New("it was made by an offshoot that did not know this"),
				"offshoot up%s makes it anew", g.Preview.Naming())
		}
		to := k
		to.pass = newPass()
		if err := e.rename(ctx, g, k, to); err != nil {
			return err
		}
		return e.underGatewayLock(ctx, engineID, func() error { return e.syncGateway(ctx) })
	})
	if err != nil {
		return nil, err
	}
	return e.AccessTo(ctx, p)
}

var passName = regexp.MustCompile(`^[0-9a-f]{16}$`)

// newPass tells the links of a preview from those before. It is no secret: what
// is made with it takes the gateway's key as well.
func newPass() string {
	random := make([]byte, 8)
	_, _ = rand.Read(random) // never fails
	return hex.EncodeToString(random)
}

// access asks the gateway, which has the key, for a pass. It never leaves the
// gateway's container, nor is a pass among the arguments of a process.
func (e Engine) access(ctx context.Context, g generation, at entrance) (*Access, error) {
	wish, err := json.Marshal(gateway.Wish{ID: g.Preview.ID, Pass: at.pass(g), Expires: g.Expires})
	if err != nil {
		return nil, fmt.Errorf("sign-in: %w", err)
	}
	var stdout bytes.Buffer
	if err := e.askGateway(ctx, bytes.NewReader(wish), &stdout, "sign"); err != nil {
		return nil, fmt.Errorf("sign-in: %w", err)
	}
	var pass gateway.Pass
	if err := json.Unmarshal(stdout.Bytes(), &pass); err != nil {
		return nil, errors.New("sign-in: the gateway's answer cannot be read")
	}
	access := &Access{Token: pass.Token, Password: pass.Password, Expires: g.Expires, Links: g.links(at)}
	for i, link := range access.Links {
		access.Links[i].URL = link.base() + pass.Path()
	}
	return access, nil
}

// askGateway runs a command of the gateway beside it, in its container.
func (e Engine) askGateway(ctx context.Context, stdin *bytes.Reader, stdout *bytes.Buffer, verb string) error {
	current, exists, err := e.findGateway(ctx)
	if err != nil {
		return err
	}
	if !exists {
		return hint.Wrap(errors.New("there is no gateway"), "offshoot up makes one")
	}
	var stderr bytes.Buffer
	code, err := runIn(ctx, e.Docker.Client(), current.ID, command{
		argv: []string{gatewayBinary, "gateway", verb}, stdin: stdin, stdout: stdout, stderr: &stderr,
	})
	if err == nil && code != 0 {
		err = fmt.Errorf("gateway %s: exit %d: %s", verb, code, printable(strings.TrimSpace(stderr.String())))
	}
	return err
}

// certificatePatience is how long an up waits for a certificate, which takes
// some seconds where everything is right.
const certificatePatience = 30 * time.Second

// tellCertificates says which of the preview's hosts have no certificate yet,
// and why. They are served all the same: nothing here fails an up.
func (o *opening) tellCertificates(ctx context.Context) {
	if !o.at.public() {
		return
	}
	for deadline := time.Now().Add(certificatePatience); ; {
		o.result.Certificates = o.certificates(ctx)
		settled := true
		for _, status := range o.result.Certificates {
			settled = settled && (status.Ready || status.Problem != "")
		}
		if settled || time.Now().After(deadline) || pause(ctx, 500*time.Millisecond) != nil {
			break
		}
	}
	for i, status := range o.result.Certificates {
		if status.Ready {
			continue
		}
		if status.Problem = printable(status.Problem); status.Problem == "" {
			status.Problem = "no authority has answered yet"
		}
		o.result.Certificates[i] = status
		o.notice("no certificate for %s: %s; until there is one, browsers warn", status.Host, status.Problem)
	}
}

// certificates is how it stands about those of the preview's hosts.
func (o *opening) certificates(ctx context.Context) []gateway.CertificateStatus {
	var stdout bytes.Buffer
	var all, ours []gateway.CertificateStatus
	if o.askGateway(ctx, bytes.NewReader(nil), &stdout, "certificates") != nil ||
		json.Unmarshal(stdout.Bytes(), &all) != nil {
		return nil
	}
	hosts := map[string]bool{}
	for i, link := range o.next.links(o.at) {
		hosts[link.host()] = true
		hosts[o.at.host(o.next.Preview, o.next.Expose[i].Service, false)] = true // the first may have two
	}
	for _, status := range all {
		if hosts[status.Host] {
			ours = append(ours, status)
		}
	}
	return ours
}
