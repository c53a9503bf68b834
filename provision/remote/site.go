package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/stall"
)

// DefaultFolder is where offshoot is on a machine of its own.
const DefaultFolder = "/home/offshoot/offshoot"

// A Site is offshoot's folder on a machine, seen from here.
type Site struct {
	Host   host.Host
	Folder string // absolute, on the machine
	// Patience is how long the machine may not be reached, or nothing may
	// arrive there, before that is believed; 0: five minutes.
	Patience time.Duration
	// Pause is the first of the pauses between two tries, which grow; 0: a
	// second.
	Pause time.Duration
	// Stall is how long the machine may take no byte of what is sent; 0: that of
	// package stall.
	Stall time.Duration
	// Notice is told of connections that were lost; nil: nobody.
	Notice func(text string)
}

// current leads to the program that was last put on the machine.
func (s Site) current() string { return path.Join(s.Folder, "bin", "current", "offshoot") }

// agent is the command line of the agent on the machine.
func (s Site) agent(verb string, args ...string) []string {
	return append([]string{s.current(), "agent", verb}, args...)
}

// inFolder is that of a verb which is part of a run.
func (s Site) inFolder(verb string, args ...string) []string {
	return s.agent(verb, append([]string{s.Folder}, args...)...)
}

// Environment is what commands on a machine get.
func Environment() []string {
	return []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
}

// run runs a command on the machine, and again when the connection was lost.
// The command has to be one that may be repeated; input makes what it reads.
func (s Site) run(ctx context.Context, args []string, input func() (io.Reader, error), output *bytes.Buffer) error {
	return s.insist(ctx, func() error {
		c := host.Command{Args: args, Env: Environment()}
		if input != nil {
			in, err := input()
			if err != nil {
				return &settled{err}
			}
			c.Stdin = in
		}
		if output != nil {
			output.Reset()
			c.Stdout = output
		}
		return s.runMoving(ctx, c)
	})
}

// runMoving runs a command that is given something to read. Where the machine
// takes nothing of it for the term, though it answers, that is as good as a
// connection that is lost. What the command prints meanwhile counts as life.
func (s Site) runMoving(ctx context.Context, c host.Command) error {
	if c.Stdin == nil {
		return s.Host.Run(ctx, c)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sent := &stall.Reader{
		From: c.Stdin, After: s.Stall,
		Stalled: func(err error) { cancel(fmt.Errorf("%w: the machine took %w", host.ErrLost, err)) },
	}
	defer sent.Stop()
	c.Stdin = sent
	if c.Stdout == nil {
		c.Stdout = io.Discard
	}
	c.Stdout = io.MultiWriter(c.Stdout, sent)
	return s.Host.Run(ctx, c)
}

// settled is an error that another try would only repeat.
type settled struct{ error }

func (s *settled) Unwrap() error { return s.error }

// insist tries again while the connection is what fails.
func (s Site) insist(ctx context.Context, try func() error) error {
	t := s.tries()
	for {
		err := try()
		if err == nil || ctx.Err() != nil || final(err) {
			return err
		}
		if err := t.again(ctx, err); err != nil {
			return err
		}
	}
}

// final tells an error that is not the connection's.
func final(err error) bool {
	return errors.As(err, new(*settled)) || errors.As(err, new(*host.ExitError)) ||
		errors.As(err, new(*host.HostKeyError)) || errors.Is(err, host.ErrLogin)
}

// tries counts the time without a connection.
type tries struct {
	site   Site
	since  time.Time
	pauses *backoff.ExponentialBackOff
	lost   bool
}

func (s Site) tries() *tries {
	if s.Patience == 0 {
		s.Patience = 5 * time.Minute
	}
	if s.Pause == 0 {
		s.Pause = time.Second
	}
	return &tries{site: s, since: time.Now(), pauses: &backoff.ExponentialBackOff{
		InitialInterval: s.Pause, Multiplier: 2, MaxInterval: 15 * time.Second, RandomizationFactor: 0.25,
	}}
}

// progress says that something has arrived.
func (t *tries) progress() {
	t.since, t.lost = time.Now(), false
	t.pauses.Reset()
}

// again waits before the next try, or gives up with the last error.
func (t *tries) again(ctx context.Context, last error) error {
	if silent := time.Since(t.since); silent > t.site.Patience {
		return fmt.Errorf("no connection to the instance for %v: %w", silent.Round(time.Second), last)
	}
	if !t.lost && t.site.Notice != nil {
		t.site.Notice("lost the connection to the machine, retrying: " + last.Error())
	}
	t.lost = true
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(t.pauses.NextBackOff()):
	}
	return nil
}

// ask runs a verb of the agent with a value on its standard input, and reads
// the one that it prints.
func (s Site) ask(ctx context.Context, verb string, question, answer any) error {
	content, err := json.Marshal(question)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	input := func() (io.Reader, error) { return bytes.NewReader(content), nil }
	if err := s.run(ctx, s.inFolder(verb), input, &out); err != nil {
		return explainAgent(err)
	}
	if err := json.Unmarshal(out.Bytes(), answer); err != nil {
		return fmt.Errorf("agent %s: %w", verb, err)
	}
	return nil
}

// explainAgent finds the error of the agent in what it printed.
func explainAgent(err error) error {
	var exit *host.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	var failure Failure
	lines := tailLines(exit.Stderr, 1)
	if len(lines) == 1 && json.Unmarshal([]byte(lines[0]), &failure) == nil && failure.Text != "" {
		return failure.err()
	}
	return fmt.Errorf("on the machine: %s", strings.TrimPrefix(err.Error(), "offshoot: "))
}
