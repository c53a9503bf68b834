package ec2

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// loginUser is the account that the bootstrap makes.
const loginUser = "offshoot"

// readyFolder is where the bootstrap leaves its marks.
const readyFolder = "/etc/offshoot"

// Connect logs in to a machine as soon as it answers, and returns when its
// bootstrap has ended and its timer knows when the machine expires. First it lets this computer in, whoever made the
// machine. The host key is the one that the machine's labels name; another one ends it at once. A machine that does not
// come up is a BootError.
func (p *Provider) Connect(ctx context.Context, m machine.Machine) (host.Host, error) {
	remote, err := p.remote(m)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", m.ID, err)
	}
	e := &entry{provider: p, machine: m}
	if p.options.Connect == ConnectEndpoint {
		remote.Dial = e.dial
	}
	handOver := remote.Admit
	remote.Admit = func(ctx context.Context) error {
		e.open(ctx)
		if handOver == nil || ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return handOver(ctx)
	}
	h, err := p.dial(ctx, remote, e)
	if err == nil {
		if err = p.awaitReady(ctx, h); err == nil {
			err = p.setTimer(ctx, h, m.Expires)
		}
		if err == nil {
			return visit{h, func() { e.leave(ctx) }}, nil
		}
		err = errors.Join(err, h.Close())
	} else {
		err = p.unreached(ctx, m, e, err)
	}
	e.leave(ctx)
	return nil, fmt.Errorf("connect to %s: %w", m.ID, err)
}

// dial tries until the machine answers, or it is known that it will not.
func (p *Provider) dial(ctx context.Context, remote host.Remote, e *entry) (h *host.SSH, err error) {
	begun := p.clock.Now()
	err = p.poll(ctx, p.options.Patience, "wait for SSH", func() (string, bool, error) {
		h, err = host.Dial(ctx, remote)
		if err == nil {
			return "", true, nil
		}
		if lasting(err) || ctx.Err() != nil {
			return "", false, err
		}
		return err.Error(), false, e.shutOut(ctx, err, p.clock.Now().Sub(begun))
	})
	return h, err
}

// unreached adds to the error about a machine that was not reached what can be
// said of it.
func (p *Provider) unreached(ctx context.Context, m machine.Machine, e *entry, err error) error {
	switch {
	case ctx.Err() != nil:
		return err
	case errors.As(err, new(*host.HostKeyError)):
		return hint.Wrap(err, "nothing was sent: something else answers at its address; look there, or offshoot down")
	case errors.Is(err, host.ErrLogin):
		err = hint.Wrap(err,
			"the instance accepts only the SSH key it was created with: set OFFSHOOT_SSH_KEY as for that up, or "+
				"run offshoot down and up")
	case !lasting(err):
		err = e.explain(err)
	}
	return p.afterBoot(ctx, m.ID, err)
}

// lasting tells an error that waiting does not mend.
func lasting(err error) bool {
	return errors.As(err, new(*host.HostKeyError)) || errors.Is(err, host.ErrLogin) || errors.Is(err, hint.ErrUsage) ||
		code(err) != ""
}

func (p *Provider) remote(m machine.Machine) (host.Remote, error) {
	key := m.Labels[labelHostKey]
	switch {
	case key == "":
		return host.Remote{}, hint.Wrap(errors.New("its labels name no host key"), "remove it: offshoot down")
	case m.Address == "" || m.State != machine.Running:
		return host.Remote{}, fmt.Errorf("it is %s and has the address %q", m.State, m.Address)
	case len(p.options.LoginKey) == 0 && !p.options.InstanceConnect:
		return host.Remote{},
			hint.Usage(errors.New("no key to log in with"), "set OFFSHOOT_SSH_KEY to the private key that up was given")
	}
	port := p.options.SSHPort
	if p.options.Connect == ConnectEndpoint {
		port = endpointPort
	}
	remote := host.Remote{
		Address: net.JoinHostPort(m.Address, strconv.Itoa(port)), User: p.options.User, Key: p.options.LoginKey,
		HostKey: key,
		Timeout: cmp.Or(p.options.Answer, 10*time.Second),
	}
	if !p.options.InstanceConnect {
		return remote, nil
	}
	var err error
	remote.Key, remote.Admit, err = p.instanceConnect(m)
	return remote, err
}

// afterBoot adds the console to the error about a machine that did not answer.
func (p *Provider) afterBoot(ctx context.Context, id string, err error) error {
	lines := p.console(ctx, id)
	if len(lines) == 0 {
		return err
	}
	return &BootError{ID: id, Err: err, Console: lines}
}

// readyCommand prints nothing until the bootstrap has ended, and then how.
const readyCommand = `cd "$1" || exit 0
if [ -e failed ]; then echo failed; cat failed; tail -n 20 /var/log/cloud-init-output.log 2>/dev/null || true
elif [ -e ready ]; then echo ready; fi`

func (p *Provider) awaitReady(ctx context.Context, h host.Host) error {
	return p.poll(ctx, p.options.Patience, "wait for the machine's bootstrap", func() (string, bool, error) {
		var out bytes.Buffer
		err := h.Run(ctx,
			host.Command{
				Args: []string{"/bin/sh", "-c", readyCommand, "sh", p.options.Ready},
				Env:  []string{"PATH=/usr/bin:/bin"}, Stdout: &out,
			})
		if ctx.Err() != nil {
			return "", false, context.Cause(ctx)
		}
		if err != nil {
			return err.Error(), false, nil // it may lose the connection while it installs
		}
		how, text, _ := strings.Cut(strings.TrimSpace(out.String()), "\n")
		if how == "failed" {
			at, log, _ := strings.Cut(text, "\n")
			return "", false, &BootError{Err: errors.New("its bootstrap failed at: " + at), Console: tailLines(log)}
		}
		return "it still installs", how == "ready", nil
	})
}

// timerCommand lets the machine end itself in so many seconds by its own
// clock, which may differ from ours; 0: never.
const timerCommand = `[ "$2" = 0 ] || set -- "$1" $(($(date +%s) + $2))
echo "$2" >"$1/expires"`

// setTimer brings the machine's own timer in line with its label, which is what
// an up and an extend change.
func (p *Provider) setTimer(ctx context.Context, h host.Host, expires time.Time) error {
	left := int64(0)
	if !expires.IsZero() {
		left = max(1, int64(expires.Sub(p.clock.Now())/time.Second))
	}
	err := h.Run(ctx, host.Command{
		Args: []string{"/bin/sh", "-c", timerCommand, "sh", p.options.Ready, strconv.FormatInt(left, 10)},
		Env:  []string{"PATH=/usr/bin:/bin"},
	})
	if err != nil {
		return fmt.Errorf("set the machine's timer: %w", err)
	}
	return nil
}
