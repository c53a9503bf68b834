package remote_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/soak"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// A faulty host does something else at one of its calls.
type faulty struct {
	host.Host
	calls int
	at    int // counts from 0; below: at none
	fault func(run func() error) error
}

func (h *faulty) Run(ctx context.Context, c host.Command) error {
	run := func() error { return h.Host.Run(ctx, c) }
	h.calls++
	if h.calls-1 == h.at {
		return h.fault(run)
	}
	return run()
}

// deploy is all that a caller does with a machine.
func deploy(ctx context.Context, t *testing.T, site remote.Site, d remote.Delivery) error {
	t.Helper()
	if _, _, err := site.Platform(ctx); err != nil {
		return err
	}
	if err := site.Install(ctx, program(t)); err != nil {
		return err
	}
	result, err := site.Up(ctx, d, nil)
	if err == nil && result.Migrated.Output[0] != "hello" {
		err = fmt.Errorf("it shows %q", result.Migrated.Output[0])
	}
	return err
}

// faultyRig is a machine with nothing on it.
func faultyRig(t *testing.T, h *faulty) (*rig, remote.Delivery) {
	h.Host = host.Local{}
	r := newRig(t, host.Local{})
	r.site.Host = h
	r.site.Folder = filepath.Join(t.TempDir(), "other")
	r.write("page", "hello", 0o644)
	return r, r.delivery(map[string]string{"STEPS": "1", "SHOW": "page"})
}

func countRuns(t *testing.T) int {
	t.Helper()
	h := &faulty{at: -1}
	r, d := faultyRig(t, h)
	if err := deploy(t.Context(), t, r.site, d); err != nil {
		t.Fatal(err)
	}
	return h.calls
}

// tidy checks that one run is on the machine, whole, and nothing half-way.
func (r *rig) tidy() {
	r.Helper()
	with := 0
	for _, run := range r.runs() {
		if exists(filepath.Join(run, "checkout")) {
			with++
		}
		if exists(filepath.Join(run, "order")) {
			r.Errorf("%s keeps what it was told", run)
		}
	}
	parts, err := filepath.Glob(filepath.Join(r.site.Folder, "objects", "*.part"))
	halves, other := filepath.Glob(filepath.Join(r.site.Folder, "bin", "*.*"))
	if with != 1 || len(parts)+len(halves) > 0 || err != nil || other != nil {
		r.Errorf("%d checkouts, parts %v, programs %v", with, parts, halves)
	}
}

// The connection breaks ahead of each command, or after its effect.
func TestFaults_EveryCommandLostOnceEndsRight(t *testing.T) {
	t.Parallel()
	calls := countRuns(t)
	for name, fault := range map[string]func(func() error) error{
		"ahead": func(func() error) error { return fmt.Errorf("sh: %w", host.ErrLost) },
		"after": func(run func() error) error { return errors.Join(host.ErrLost, run()) },
	} {
		for _, at := range soak.Steps(t, calls, 4) {
			r, d := faultyRig(t, &faulty{at: at, fault: fault})
			if err := deploy(t.Context(), t, r.site, d); err != nil {
				t.Errorf("%s of call %d: %v", name, at, err)
			}
			if n := len(r.runs()); n != 1 {
				t.Errorf("%s of call %d: %d runs", name, at, n)
			}
			r.tidy()
		}
	}
}

// The caller is killed after each command; the next one finishes the work.
func TestFaults_EveryKillOfTheCallerIsMadeGoodByTheNext(t *testing.T) {
	t.Parallel()
	calls := countRuns(t)
	for _, at := range soak.Steps(t, calls, 4) {
		ctx, kill := context.WithCancel(t.Context())
		h := &faulty{at: at}
		h.fault = func(run func() error) error {
			defer kill()
			return errors.Join(context.Canceled, run())
		}
		r, d := faultyRig(t, h)
		if err := deploy(ctx, t, r.site, d); at < calls-1 && err == nil {
			t.Errorf("call %d: it was killed and did not notice", at)
		}
		kill()
		r.site.Host = host.Local{}
		if err := deploy(t.Context(), t, r.site, d); err != nil {
			t.Errorf("after the kill at call %d: %v", at, err)
		}
		r.tidy()
	}
}

func TestFaults_TheMachineIsGivenUpWhenItStaysAway(t *testing.T) {
	t.Parallel()
	h := &faulty{at: -1}
	r, d := faultyRig(t, h)
	h.Host = away{}
	r.site.Patience = 1
	notices := 0
	r.site.Notice = func(string) { notices++ }
	err := deploy(t.Context(), t, r.site, d)
	if err == nil || !errors.Is(err, host.ErrLost) ||
		!strings.Contains(err.Error(), "no connection to the instance for") {
		t.Errorf("%v", err)
	}
}

// away is a machine that cannot be reached.
type away struct{ host.Host }

func (away) Run(context.Context, host.Command) error { return host.ErrLost }

func TestFaults_AStrangerEndsItAtOnce(t *testing.T) {
	t.Parallel()
	stranger := &host.HostKeyError{Address: "203.0.113.7:2222", Want: "SHA256:a", Shown: "SHA256:b"}
	h := &faulty{at: 2, fault: func(func() error) error { return stranger }}
	r, d := faultyRig(t, h)
	if err := deploy(t.Context(), t, r.site, d); !errors.As(err, new(*host.HostKeyError)) || h.calls != 3 {
		t.Errorf("%v after %d calls", err, h.calls)
	}
}

func TestFaults_AFullDiskIsNamed(t *testing.T) {
	t.Parallel()
	h := &faulty{at: 1, fault: func(func() error) error {
		return &host.ExitError{Program: "sh", Code: 1, Stderr: "cat: write error: No space left on device"}
	}}
	r, d := faultyRig(t, h)
	err := deploy(t.Context(), t, r.site, d)
	if err == nil || len(hints(err)) != 1 || !strings.Contains(hints(err)[0], "ec2.disk") {
		t.Errorf("%v, %q", err, hints(err))
	}
}
