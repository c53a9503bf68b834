package dedicated

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/machine"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// An Errand is one run on a machine that is made for it and is gone afterwards, however the
// run ends. Where we are killed, the machine ends itself at its limit, or soon after the run
// has ended, and a sweep finds it by its labels.
type Errand struct {
	Provider machine.Provider
	For      provision.Preview // names the machine; no other has its id
	Version  string
	Limit    time.Duration
	// Program finds the executable of offshoot for a platform, in the words of uname.
	Program func(system, architecture string) (string, error)
	Notice  func(text string)
}

// destroyPatience bounds the removal of the machine, which goes on after an interruption.
const destroyPatience = 10 * time.Minute

// shownWithin is how long AWS may not show a machine that it has made.
const shownWithin = 20 * time.Second

// Run makes the machine, has it do what is asked for, and removes it. An error says what
// hindered that; how the run itself ended is in the outcome.
func (e Errand) Run(
	ctx context.Context, errand json.RawMessage, observe func(provision.Event), told func(json.RawMessage),
) (outcome remote.Outcome, err error) {
	steps := stepper(observe)
	var m machine.Machine
	defer func() { err = errors.Join(err, e.remove(ctx, steps, m)) }()
	err = steps.step(StepMachine, func() (string, error) {
		m, err = e.Provider.Ensure(ctx, e.spec())
		return fmt.Sprintf("%s, %s in %s", m.ID, m.Type, m.Zone), err
	})
	if err != nil {
		return outcome, err
	}
	site := remote.Site{Folder: remote.DefaultFolder, Notice: e.Notice}
	err = steps.step(StepConnect, func() (_ string, err error) {
		site.Host, err = e.Provider.Connect(ctx, m)
		return "", err
	})
	if err != nil {
		return outcome, err
	}
	defer func() { _ = site.Host.Close() }() // the machine is to go anyway
	r := run{Previews: Previews{Supply: Supply{Program: e.Program}}}
	if err := steps.step(remote.StepProgram, func() (string, error) { return "", r.install(ctx, site) }); err != nil {
		return outcome, err
	}
	return site.Send(ctx, errand, observe, told)
}

func (e Errand) spec() machine.Spec {
	labels := e.For.Labels()
	labels[provision.LabelVersion] = e.Version
	return machine.Spec{
		Preview: e.For.ID, Repository: e.For.Repository, Labels: labels,
		Expires: time.Now().Add(e.Limit).UTC().Truncate(time.Second),
	}
}

// remove removes all machines that bear the name: where the call that made one has failed,
// or we were interrupted in it, there may be one of which nobody told us.
func (e Errand) remove(ctx context.Context, steps stepper, m machine.Machine) error {
	interrupted := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), destroyPatience)
	defer cancel()
	return steps.step(provision.StepCleanup, func() (string, error) {
		found, err := e.made(ctx, interrupted && m.ID == "")
		if err != nil {
			return "", e.mayStay(err)
		}
		ids := make([]string, 0, len(found))
		for _, m := range found {
			ids = append(ids, m.ID)
		}
		if err := errors.Join(machine.DestroyAll(ctx, e.Provider, ids)...); err != nil {
			return "", e.mayStay(err)
		}
		if len(ids) == 0 {
			return "there is no machine", nil
		}
		return "the machine is gone", nil
	})
}

// made lists the machines of the name. What was asked for a moment ago may not be shown yet:
// then it looks again for a while.
func (e Errand) made(ctx context.Context, hidden bool) ([]machine.Machine, error) {
	for deadline := time.Now().Add(shownWithin); ; {
		found, err := Of(ctx, e.Provider, e.For)
		if err != nil || len(found) > 0 || !hidden || time.Now().After(deadline) {
			return found, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}

func (e Errand) mayStay(err error) error {
	return fmt.Errorf("remove the machine %s, which ends itself within %v: %w", e.For.ID, e.Limit, err)
}
