package dedicated

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/guard"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/machine"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// The steps around those of package remote.
const (
	StepFiles   provision.Step = "check files"
	StepMachine provision.Step = "machine of its own"
	StepConnect provision.Step = "connect"
	StepWipe    provision.Step = "remove what is the machine's own"
)

// run is one up, or bake, under way.
type run struct {
	Previews
	stepper
	options provision.Options
	expires time.Time
	bake    bool
	labels  map[string]string // further ones of the machine

	machine machine.Machine
	fresh   bool // there was no machine before
}

func (p Previews) run(o provision.Options, observe func(provision.Event)) *run {
	r := &run{Previews: p, options: o, stepper: observe}
	if o.Expires > 0 {
		r.expires = time.Now().Add(o.Expires).UTC().Truncate(time.Second)
	}
	return r
}

// Up brings a preview up on a machine of its own, which is made where there is
// none. One that was made for a preview which never served is removed again.
func (p Previews) Up(
	ctx context.Context, o provision.Options, observe func(provision.Event),
) (*provision.Result, error) {
	r := p.run(o, observe)
	result, err := r.guarded(ctx)
	if err != nil {
		return nil, titled("up "+o.Preview.Name+": ", errors.Join(err, r.undo(ctx, err)))
	}
	return result, nil
}

// titled puts a title ahead of an error that does not have it already: the run on
// the machine is an up too, and says so.
func titled(title string, err error) error {
	if strings.HasPrefix(err.Error(), title) {
		return err
	}
	return fmt.Errorf("%s%w", title, err)
}

// Bake brings a machine to where an image can be made of it. It bears the labels
// beside those of an up's, and is its caller's to remove, also after an error.
func (p Previews) Bake(
	ctx context.Context, o provision.Options, labels map[string]string, observe func(provision.Event),
) (machine.Machine, *provision.Result, error) {
	r := p.run(o, observe)
	r.bake, r.labels = true, labels
	result, err := r.perform(ctx)
	return r.machine, result, err
}

// guarded is perform between the questions of a run that others have to be
// ordered with. The lock is the machine's, which lets the newer commit win by
// itself. So it is asked again before anything begins there, see remote.Delivery,
// and when all is done, before it is said how that ended.
func (r *run) guarded(ctx context.Context) (*provision.Result, error) {
	g := r.options.Guard
	if g.Wanted == nil {
		return r.perform(ctx)
	}
	if err := g.Ask(ctx); err != nil {
		return nil, err
	}
	result, err := r.perform(ctx)
	if late := r.late(ctx, err); late != nil {
		result, err = nil, late
	}
	g.Tell(ctx, result, err)
	return result, err
}

// late says that a run which ended is not wanted any more. Its preview, or its
// machine, is that of the run which is.
func (r *run) late(ctx context.Context, err error) error {
	var newer *remote.NewerError
	if errors.As(err, &newer) {
		return fmt.Errorf("%w: %w", guard.ErrUnwanted, err)
	}
	return r.options.Guard.Late(ctx)
}

// perform is in the order of what it costs: what is wrong with the files is found
// before there is a machine, and the machine boots while a subset is made.
func (r *run) perform(ctx context.Context) (*provision.Result, error) {
	var delivery remote.Delivery
	err := r.step(StepFiles, func() (_ string, err error) {
		delivery, err = r.Files(ctx, r.options)
		return "", err
	})
	if err == nil && r.Prepare != nil && !r.bake {
		err = r.Prepare(ctx)
	}
	if err == nil {
		err = r.step(StepMachine, func() (string, error) { return r.ensure(ctx) })
	}
	if err == nil {
		err = r.archives(ctx, &delivery)
	}
	if err != nil {
		return nil, err
	}
	delivery.Request.Bake, delivery.Wanted = r.bake, r.options.Guard.Wanted
	return r.deliver(ctx, delivery)
}

// archives adds those to load: what the machine can fetch is not brought here.
func (r *run) archives(ctx context.Context, d *remote.Delivery) (err error) {
	if r.Elsewhere != nil {
		if d.Elsewhere, err = r.Elsewhere(ctx); err != nil {
			return err
		}
	}
	if r.options.Load != nil {
		if err := r.options.Load(ctx, &r.options); err != nil {
			return err
		}
	}
	d.Archive, d.Archives, d.Request.Options.Code = r.options.Archive, r.options.Archives, r.options.Code
	return nil
}

func (r *run) deliver(ctx context.Context, d remote.Delivery) (result *provision.Result, err error) {
	s := remote.Site{Folder: remote.DefaultFolder, Notice: r.Warn}
	err = r.step(StepConnect, func() (_ string, err error) {
		s.Host, err = r.Provider.Connect(ctx, r.machine)
		return "", err
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Host.Close()) }()
	if err := r.step(remote.StepProgram, func() (string, error) { return "", r.install(ctx, s) }); err != nil {
		return nil, err
	}
	if !r.bake {
		if d.Request.Front, err = r.Front(r.machine); err != nil {
			return nil, err
		}
	}
	if result, err = s.Up(ctx, d, r.stepper); err != nil {
		return nil, err
	}
	if r.bake {
		return result, r.step(StepWipe, func() (string, error) { return "", wipe(ctx, s, result) })
	}
	return result, r.note(ctx, result)
}

// wipe takes away what must not be in an image.
func wipe(ctx context.Context, s remote.Site, result *provision.Result) error {
	archive := ""
	if result.Loaded != nil {
		archive = result.Loaded.SHA256
	}
	if err := s.Wipe(ctx, archive); err != nil {
		return fmt.Errorf("%s: %w", StepWipe, err)
	}
	return nil
}

// ensure makes the machine run, and writes down what it is for.
func (r *run) ensure(ctx context.Context) (string, error) {
	before, err := Of(ctx, r.Provider, r.options.Preview)
	if err != nil {
		return "", err
	}
	r.fresh = len(before) == 0
	if r.machine, err = r.Provider.Ensure(ctx, r.spec("")); err != nil {
		return "", err
	}
	if text := onlyInside(r.machine.Address); text != "" && !r.bake && r.Warn != nil {
		r.Warn(text)
	}
	return fmt.Sprintf("%s, %s in %s", r.machine.ID, r.machine.Type, r.machine.Zone), nil
}

// onlyInside says of a private address who can follow the link; empty: everybody.
func onlyInside(address string) string {
	if parsed, err := netip.ParseAddr(address); err != nil || !parsed.IsPrivate() {
		return ""
	}
	return "the machine has no address on the internet: its link, at " + address +
		", is for those who reach the VPC, over a VPN for example"
}

// spec is the machine that is wanted, with all that its labels tell.
func (r *run) spec(link string) machine.Spec {
	o := r.options
	labels := o.Preview.Labels()
	labels[provision.LabelCommit], labels[provision.LabelVersion] = o.Commit, o.Version
	if link != "" {
		labels[provision.LabelLink] = link
	}
	if o.Stranger {
		labels[provision.LabelStranger] = "true"
	}
	maps.Copy(labels, r.labels)
	return machine.Spec{Preview: o.Preview.ID, Repository: o.Preview.Repository, Expires: r.expires, Labels: labels}
}

// note writes what serves on the machine, and the link, where list and open read
// it.
func (r *run) note(ctx context.Context, result *provision.Result) error {
	link := ""
	if len(result.Links) > 0 {
		link = result.Links[0].URL
	}
	spec := r.spec(link)
	spec.Labels[provision.LabelServes] = r.options.Commit
	_, err := r.Provider.Ensure(ctx, spec)
	return err
}

func (r *run) install(ctx context.Context, s remote.Site) error {
	system, architecture, err := s.Platform(ctx)
	if err != nil {
		return err
	}
	program, err := r.Program(system, architecture)
	if err != nil {
		return err
	}
	return s.Install(ctx, program)
}

// undo removes a machine that was made for a preview which never served. One
// whose run goes on, since only we were interrupted, is left to it, and so is
// one that the run for a newer commit may have found by now.
func (r *run) undo(ctx context.Context, cause error) error {
	var newer *remote.NewerError
	var failed *remote.RunError
	gaveWay := errors.As(cause, &failed) && failed.Outcome.Exit == remote.ExitLocked
	id := r.machine.ID
	switch {
	case !r.fresh || id == "" || gaveWay || errors.As(cause, &newer) || errors.Is(cause, guard.ErrUnwanted):
		return nil
	case ctx.Err() != nil:
		r.say("the run on " + id + " continues: offshoot up reattaches, offshoot down terminates the instance")
		return nil
	case r.options.Keep:
		r.say("machine " + id + " is left as it is, on request: offshoot down removes it")
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
	defer cancel()
	return r.step(provision.StepCleanup, func() (string, error) {
		return "machine " + id + " is gone", r.Provider.Destroy(ctx, id)
	})
}

func (r *run) say(text string) {
	if r.Info != nil {
		r.Info(text)
	}
}

// A stepper tells of steps as a run on an engine does.
type stepper func(provision.Event)

func (s stepper) tell(name provision.Step, kind provision.Kind, text string) {
	if s != nil {
		s(provision.Event{Step: name, Kind: kind, Text: text})
	}
}

func (s stepper) step(name provision.Step, do func() (string, error)) error {
	s.tell(name, provision.Began, "")
	text, err := do()
	if err != nil {
		s.tell(name, provision.Failed, "")
		return err
	}
	s.tell(name, provision.Done, text)
	return nil
}

// AddressOf reads the address of a machine that runs.
func AddressOf(m machine.Machine) (netip.Addr, error) {
	address, err := netip.ParseAddr(m.Address)
	if err != nil {
		return address, fmt.Errorf("address of %s: %w", m.ID, err)
	}
	return address, nil
}
