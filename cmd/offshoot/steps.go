package main

import (
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

// steps shows the events of an up or a down.
type steps struct {
	ui      *ui.UI
	running map[provision.Step]*ui.Step
	also    []func(provision.Event) // to be told; nil ones are not
	warned  map[string]bool         // nobody is warned twice of the same
}

func newSteps(u *ui.UI, also ...func(provision.Event)) *steps {
	return &steps{ui: u, running: map[provision.Step]*ui.Step{}, also: also, warned: map[string]bool{}}
}

// observe is called by one goroutine at a time.
func (s *steps) observe(e provision.Event) {
	for _, tell := range s.also {
		if tell != nil {
			tell(e)
		}
	}
	step := s.running[e.Step]
	switch e.Kind {
	case provision.Began:
		s.running[e.Step] = s.ui.Start(string(e.Step))
	case provision.Notice:
		if text := named(e); !s.warned[text] {
			s.warned[text] = true
			s.ui.Warn(text)
		}
	case provision.Progress:
		if step != nil {
			step.Progress(0, 0, named(e))
		}
	case provision.Done, provision.Failed:
		if step == nil {
			return
		}
		delete(s.running, e.Step)
		if e.Kind == provision.Failed && e.Text == provision.GivenUp {
			step.Fail(e.Text)
			return
		}
		if e.Kind == provision.Failed {
			step.Fail("") // the error comes last, once
			return
		}
		step.Done(named(e))
	}
}

func named(e provision.Event) string {
	if e.Service == "" {
		return e.Text
	}
	return e.Service + ": " + e.Text
}
