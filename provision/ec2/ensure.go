package ec2

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/offshoot-dev/offshoot/provision/machine"
)

// rounds bounds how often an ensure begins anew since another run was faster.
const rounds = 5

// Ensure returns the running machine of a preview and renews its labels.
func (p *Provider) Ensure(ctx context.Context, spec machine.Spec) (machine.Machine, error) {
	if err := spec.Check(); err != nil {
		return machine.Machine{}, err
	}
	var err error
	for range rounds {
		var i instance
		i, err = p.ensure(ctx, spec)
		if err == nil {
			return i.Machine, nil
		}
		var boot *BootError
		if errors.Is(err, errTaken) || p.lostGroup(err) || errors.As(err, &boot) && p.another(ctx, spec, boot.ID) {
			if err := p.clock.Sleep(ctx, propagation/10); err != nil {
				return machine.Machine{}, err
			}
			continue
		}
		break
	}
	return machine.Machine{}, fmt.Errorf("machine of %s: %w", spec.Preview, err)
}

// lostGroup tells whether the shared security group was removed by somebody who
// found it unused, between our finding it and our making a machine in it.
func (p *Provider) lostGroup(err error) bool {
	return p.options.SecurityGroup == "" && isCode(err, "InvalidGroup.NotFound")
}

// another tells whether an instance ended because another run's was kept.
func (p *Provider) another(ctx context.Context, spec machine.Spec, id string) bool {
	standing, _, err := p.standing(ctx, spec)
	return err == nil && len(standing) > 0 && standing[0].ID != id
}

func (p *Provider) ensure(ctx context.Context, spec machine.Spec) (instance, error) {
	standing, generation, err := p.standing(ctx, spec)
	if err != nil {
		return instance{}, err
	}
	var i instance
	if len(standing) > 0 {
		i = standing[0]
	} else if i, err = p.launch(ctx, spec, max(generation+1, p.earliest())); err != nil {
		return instance{}, err
	}
	if i, err = p.makeRun(ctx, i); err != nil {
		return instance{}, err
	}
	if i, err = p.settle(ctx, spec, i); err != nil {
		return instance{}, err
	}
	return p.renew(ctx, spec, i)
}

// standing finds the machines that the preview has, the one to keep first, and
// the number of its latest.
func (p *Provider) standing(ctx context.Context, spec machine.Spec) (alive []instance, generation int, err error) {
	found, err := p.find(ctx, machine.Filter{Preview: spec.Preview})
	if err != nil {
		return nil, 0, err
	}
	for _, i := range found {
		if i.alive() {
			if err := spec.SameOwner(i.Machine); err != nil {
				return nil, 0, err
			}
			alive = append(alive, i)
		}
		if i.Repository == spec.Repository {
			generation = max(generation, i.generation)
		}
	}
	return alive, generation, nil
}

// earliest is the least number of a new machine. AWS shows a machine that has
// ended for about an hour, and remembers its token for a day: numbers that
// began at one again would meet the tokens of machines that nobody sees any
// more. These go up with time, and are the same for runs of the same moment.
func (p *Provider) earliest() int { return int(p.clock.Now().Unix() / 600) }

// launch makes the machine of a generation. A token that is taken belongs to
// another run, whose machine is waited for, or to a machine that has ended and
// is no longer listed, so that the next generation is due.
func (p *Provider) launch(ctx context.Context, spec machine.Spec, generation int) (instance, error) {
	for ; ; generation++ {
		l, err := p.planLaunch(ctx, spec, generation)
		if err != nil {
			return instance{}, err
		}
		i, err := p.run(ctx, l)
		if !errors.Is(err, errTaken) {
			return i, err
		}
		i, found, err := p.awaitOther(ctx, spec)
		if found || err != nil {
			return i, err
		}
	}
}

// awaitOther waits until AWS shows what another run has made.
func (p *Provider) awaitOther(ctx context.Context, spec machine.Spec) (i instance, found bool, err error) {
	deadline := p.clock.Now().Add(propagation)
	for {
		alive, _, err := p.standing(ctx, spec)
		if err != nil || len(alive) > 0 {
			return first(alive), len(alive) > 0, err
		}
		if p.clock.Now().After(deadline) {
			return instance{}, false, nil
		}
		if err := p.clock.Sleep(ctx, propagation/10); err != nil {
			return instance{}, false, err
		}
	}
}

func first(all []instance) instance {
	if len(all) == 0 {
		return instance{}
	}
	return all[0]
}

// makeRun starts an instance that was stopped and waits until it runs.
func (p *Provider) makeRun(ctx context.Context, i instance) (instance, error) {
	if i.State == machine.Stopping {
		var err error
		if i, err = p.await(ctx, i, machine.Stopped); err != nil {
			return i, err
		}
	}
	if i.State == machine.Stopped {
		_, err := p.api.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: []string{i.ID}})
		if err != nil {
			return i, explain("StartInstances", err)
		}
	}
	if i.State == machine.Running && i.Address != "" {
		return i, nil
	}
	return p.await(ctx, i, machine.Running)
}

// await waits until an instance is in a state. One that ends meanwhile is a
// BootError.
func (p *Provider) await(ctx context.Context, i instance, want machine.State) (instance, error) {
	begun := p.clock.Now()
	err := p.poll(ctx, p.options.Patience, fmt.Sprintf("wait until %s is %s", i.ID, want),
		func() (string, bool, error) {
			found, exists, err := p.get(ctx, i.ID)
			if err != nil {
				return "", false, err
			}
			if !exists {
				if p.clock.Now().Sub(begun) > propagation {
					return "", false, &BootError{ID: i.ID, Reason: "AWS no longer knows it"}
				}
				return "AWS does not show it yet", false, nil
			}
			i = found
			if !i.alive() {
				return "", false,
					adviseOnEnd(i.cause, &BootError{ID: i.ID, Reason: i.reason, Console: p.console(ctx, i.ID)})
			}
			return "it is " + string(i.raw), i.State == want && (want != machine.Running || i.Address != ""), nil
		})
	return i, err
}

// A BootError says that a machine ended, or never answered, while it was
// waited for.
type BootError struct {
	ID      string
	Reason  string   // in AWS's words, if it says
	Err     error    // how the wait ended, if not by the end of the machine
	Console []string // the last lines of its console, if AWS has them
}

func (e *BootError) Error() string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Reason != "":
		return "the machine ended: " + e.Reason
	}
	return "the machine ended by itself"
}

func (e *BootError) Unwrap() error { return e.Err }

// consoleLines is how much of a console is shown.
const consoleLines = 20

// console fetches what the machine said while it booted. It is for the error
// that is under way already, so that its own failure is of no interest.
func (p *Provider) console(ctx context.Context, id string) []string {
	output, err := p.api.GetConsoleOutput(ctx, &ec2.GetConsoleOutputInput{InstanceId: &id})
	if err != nil {
		return nil
	}
	return consoleTail(aws.ToString(output.Output))
}

// settle keeps one machine where runs that did not see each other made
// several: the oldest, as each of them would choose.
func (p *Provider) settle(ctx context.Context, spec machine.Spec, mine instance) (instance, error) {
	standing, _, err := p.standing(ctx, spec)
	if err != nil || len(standing) == 0 { // not shown yet
		return mine, err
	}
	for _, extra := range standing[1:] {
		if err := p.terminate(ctx, extra.ID); err != nil {
			return mine, err
		}
	}
	if standing[0].ID == mine.ID {
		return mine, nil
	}
	return p.makeRun(ctx, standing[0])
}

// renew brings the labels up to date: when it expires, above all.
func (p *Provider) renew(ctx context.Context, spec machine.Spec, i instance) (instance, error) {
	changed := map[string]string{}
	for key, value := range spec.AllLabels() {
		if i.Labels[key] != value {
			changed[key] = value
		}
	}
	if spec.Expires.IsZero() && i.Labels[machine.LabelExpires] != "" {
		changed[machine.LabelExpires] = "" // no time: never
	}
	if err := checkLabels(changed); err != nil || len(changed) == 0 {
		return i, err
	}
	_, err := p.api.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{i.ID}, Tags: tagsOf(changed)})
	if err != nil {
		return i, explain("CreateTags", err)
	}
	labels := maps.Clone(i.Labels)
	maps.Copy(labels, changed)
	i.SetLabels(labels)
	return i, nil
}

// consoleTail decodes the end of a console.
func consoleTail(encoded string) []string {
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	return tailLines(string(text))
}

func tailLines(text string) []string {
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r", "")), "\n")
	return lines[max(0, len(lines)-consoleLines):]
}
