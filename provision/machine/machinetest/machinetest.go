// Package machinetest tests that a provider keeps the contract of package
// machine, and has one in memory that does.
//
//	Conformance ──▶ Provider under test: Memory, docker, ec2 on its stand-in or on an endpoint
package machinetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// A Subject is a provider under test.
type Subject struct {
	Provider machine.Provider
	// Fixed says that all previews share a machine that is always there.
	Fixed bool
	// Unreachable says that its machines are not real and cannot be connected
	// to.
	Unreachable bool
	// Prefix begins the names of the previews, so that runs against one
	// account do not meet.
	Prefix string
}

// Conformance runs the tests that fit the subject. Each destroys what it made.
func Conformance(t *testing.T, make func(t *testing.T) Subject) {
	tests := []struct {
		name  string
		fixed bool // also for machines that are always there
		test  func(*suite)
	}{
		{"CheckFindsNothingMissing", true, (*suite).check},
		{"EnsureIsIdempotent", true, (*suite).idempotent},
		{"EnsureRefusesAnImpossibleSpec", true, (*suite).impossible},
		{"ConnectRunsACommand", true, (*suite).connect},
		{"DestroyIsHarmlessTwice", true, (*suite).destroyTwice},
		{"ListOfNothingIsEmpty", true, (*suite).listNothing},
		{"EndedContextIsAnError", true, (*suite).ended},
		{"MachineBearsItsLabels", false, (*suite).labels},
		{"ListFilters", false, (*suite).filters},
		{"EnsureTwiceAtOnceMakesOne", false, (*suite).raced},
		{"EnsureRefusesAnotherRepository", false, (*suite).foreign},
		{"StopKeepsAndEnsureStarts", false, (*suite).stop},
		{"EnsureAfterDestroyMakesAnother", false, (*suite).again},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			s := &suite{T: t, Subject: make(t)}
			if s.Fixed && !c.fixed {
				return
			}
			t.Cleanup(s.clean)
			c.test(s)
		})
	}
}

type suite struct {
	*testing.T
	Subject
	made []string
}

const repository = "example.com/acme/shop"

func (s *suite) spec(name string) machine.Spec {
	return machine.Spec{
		Preview: s.Prefix + name, Repository: repository, Labels: map[string]string{"dev.offshoot.commit": "c0ffee"},
		Expires: time.Now().Add(time.Hour).UTC().Truncate(time.Second),
	}
}

func (s *suite) ensure(spec machine.Spec) machine.Machine {
	s.Helper()
	m, err := s.Provider.Ensure(s.Context(), spec)
	if err != nil {
		s.Fatalf("ensure %s: %v", spec.Preview, err)
	}
	s.made = append(s.made, m.ID)
	return m
}

func (s *suite) list(filter machine.Filter) []string {
	s.Helper()
	found, err := s.Provider.List(s.Context(), filter)
	if err != nil {
		s.Fatalf("list: %v", err)
	}
	var ids []string
	for _, m := range found {
		if m.State != machine.Ending && strings.HasPrefix(m.Preview, s.Prefix) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

func (s *suite) clean() {
	ctx := context.WithoutCancel(s.Context())
	for _, id := range s.made {
		if err := s.Provider.Destroy(ctx, id); err != nil {
			s.Errorf("clean up: destroy %s: %v", id, err)
		}
	}
}

func (s *suite) check() {
	if err := s.Provider.Check(s.Context()); err != nil {
		s.Errorf("check: %v, hints %q", err, hint.Of(err))
	}
}

func (s *suite) idempotent() {
	first, second := s.ensure(s.spec("twice")), s.ensure(s.spec("twice"))
	if first.ID == "" || first.ID != second.ID || second.State != machine.Running {
		s.Errorf("first %+v, second %+v", first, second)
	}
}

func (s *suite) impossible() {
	for _, spec := range []machine.Spec{
		{},
		{Preview: s.Prefix + "x"},
		{Repository: repository},
		{Preview: "Not A Label", Repository: repository},
		{Preview: strings.Repeat("x", 64), Repository: repository},
	} {
		if m, err := s.Provider.Ensure(s.Context(), spec); !errors.Is(err, hint.ErrUsage) {
			s.made = append(s.made, m.ID)
			s.Errorf("%+v: %v", spec, err)
		}
	}
}

func (s *suite) connect() {
	if s.Unreachable {
		s.Skip("no AWS and no machine: nothing to connect to")
	}
	h, err := s.Provider.Connect(s.Context(), s.ensure(s.spec("reached")))
	if err != nil {
		s.Fatal(err)
	}
	defer h.Close()
	var out bytes.Buffer
	err = h.Run(s.Context(),
		host.Command{
			Args: []string{"/bin/sh", "-c", `cat; echo "$1"`, "sh", "a 'b'"}, Stdin: strings.NewReader("in "),
			Stdout: &out,
		})
	if err != nil || out.String() != "in a 'b'\n" {
		s.Errorf("%q, %v", out.String(), err)
	}
	var exit *host.ExitError
	if err := h.Run(s.Context(), host.Command{Args: []string{"/bin/sh", "-c", "exit 7"}}); !errors.As(err, &exit) ||
		exit.Code != 7 {
		s.Errorf("of a command that fails: %v", err)
	}
}

func (s *suite) destroyTwice() {
	m := s.ensure(s.spec("gone"))
	for range 2 {
		if err := s.Provider.Destroy(s.Context(), m.ID); err != nil {
			s.Errorf("destroy: %v", err)
		}
	}
	if left := s.list(machine.Filter{Preview: m.Preview}); len(left) != 0 && !s.Fixed {
		s.Errorf("left: %v", left)
	}
}

func (s *suite) listNothing() {
	found, err := s.Provider.List(s.Context(), machine.Filter{Preview: s.Prefix + "nobody"})
	if err != nil || len(found) != 0 {
		s.Errorf("%v, %v", found, err)
	}
}

func (s *suite) ended() {
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if m, err := s.Provider.Ensure(ctx, s.spec("ended")); !errors.Is(err, context.Canceled) {
		s.Errorf("ensure: %+v, %v", m, err)
	}
	if found, err := s.Provider.List(ctx, machine.Filter{}); !errors.Is(err, context.Canceled) || found != nil {
		s.Errorf("list: %v, %v", found, err)
	}
}

func (s *suite) labels() {
	spec := s.spec("labelled")
	made := s.ensure(spec)
	found, err := s.Provider.List(s.Context(), machine.Filter{Preview: spec.Preview})
	if err != nil || len(found) != 1 {
		s.Fatalf("list: %v, %v", found, err)
	}
	for _, m := range []machine.Machine{made, found[0]} {
		if m.Preview != spec.Preview || m.Repository != repository || !m.Expires.Equal(spec.Expires) ||
			m.Created.IsZero() {
			s.Errorf("read back %+v of %+v", m, spec)
		}
		for key, want := range spec.AllLabels() {
			if diff := cmp.Diff(want, m.Labels[key]); diff != "" {
				s.Errorf("label %s: %s", key, diff)
			}
		}
	}
}

func (s *suite) filters() {
	numbered := s.spec("b")
	numbered.Labels[machine.LabelNumber] = s.Prefix + "machinetest#1"
	a, b := s.ensure(s.spec("a")), s.ensure(numbered)
	for name, c := range map[string]struct {
		filter machine.Filter
		want   []string
	}{
		"all of the repository": {machine.Filter{Repository: repository}, []string{a.ID, b.ID}},
		"one":                   {machine.Filter{Preview: b.Preview}, []string{b.ID}},
		"both":                  {machine.Filter{Preview: a.Preview, Repository: repository}, []string{a.ID}},
		"by its number":         {machine.Filter{Number: b.Labels[machine.LabelNumber]}, []string{b.ID}},
		"of another number": {machine.Filter{
			Preview: b.Preview, Repository: repository,
			Number: s.Prefix + "machinetest#2",
		}, nil},
		"of another repository": {machine.Filter{Preview: a.Preview, Repository: "example.com/other"}, nil},
		"no wildcards":          {machine.Filter{Preview: s.Prefix + "*"}, nil},
	} {
		got := s.list(c.filter)
		slices.Sort(got)
		slices.Sort(c.want)
		if diff := cmp.Diff(c.want, got); diff != "" {
			s.Errorf("%s: %s", name, diff)
		}
	}
}

func (s *suite) raced() {
	const many = 4
	var wg sync.WaitGroup
	machines, errs := make([]machine.Machine, many), make([]error, many)
	for i := range many {
		wg.Go(func() { machines[i], errs[i] = s.Provider.Ensure(s.Context(), s.spec("raced")) })
	}
	wg.Wait()
	for i, m := range machines {
		if errs[i] != nil || m.ID != machines[0].ID {
			s.Errorf("%d: %s, %v; the first got %s", i, m.ID, errs[i], machines[0].ID)
		}
		if m.ID != "" {
			s.made = append(s.made, m.ID)
		}
	}
	if left := s.list(machine.Filter{Preview: s.Prefix + "raced"}); len(left) != 1 {
		s.Errorf("there are %v", left)
	}
}

func (s *suite) foreign() {
	spec := s.spec("owned")
	s.ensure(spec)
	spec.Repository = "example.com/somebody/else"
	if m, err := s.Provider.Ensure(s.Context(), spec); !errors.Is(err, hint.ErrUsage) || len(hint.Of(err)) == 0 {
		s.Errorf("%+v, %v", m, err)
	}
}

func (s *suite) stop() {
	m := s.ensure(s.spec("rests"))
	for range 2 {
		if err := s.Provider.Stop(s.Context(), m.ID); err != nil {
			s.Fatalf("stop: %v", err)
		}
	}
	found, err := s.Provider.List(s.Context(), machine.Filter{Preview: m.Preview})
	if err != nil || len(found) != 1 || found[0].State != machine.Stopped {
		s.Fatalf("stopped: %v, %v", found, err)
	}
	if again := s.ensure(s.spec("rests")); again.ID != m.ID || again.State != machine.Running {
		s.Errorf("started: %+v", again)
	}
	if err := s.Provider.Destroy(s.Context(), m.ID); err != nil {
		s.Fatal(err)
	}
	if err := s.Provider.Stop(s.Context(), m.ID); !errors.Is(err, machine.ErrGone) {
		s.Errorf("stop of a machine that is gone: %v", err)
	}
}

func (s *suite) again() {
	first := s.ensure(s.spec("again"))
	if err := s.Provider.Destroy(s.Context(), first.ID); err != nil {
		s.Fatal(err)
	}
	if second := s.ensure(s.spec("again")); second.ID == first.ID || second.State != machine.Running {
		s.Errorf("first %+v, second %+v", first, second)
	}
}
