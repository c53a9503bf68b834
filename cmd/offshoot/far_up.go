package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/internal/worktree"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/docker"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/gateway"
	"github.com/offshoot-dev/offshoot/provision/machine"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// farUp is an up on a machine of the preview's own.
type farUp struct {
	*app
	cfg      *config.Config
	options  upOptions
	preview  provision.Preview
	commit   string
	ui       *ui.UI
	steps    *steps
	provider *ec2.Provider
	expires  time.Time

	machine machine.Machine
	fresh   bool // there was no machine before

	given gateway.Given // the certificate of all names below the domain

	bake bool   // the machine is to become an image
	base string // what it is made from, then
}

// The steps ahead of those of package remote.
const (
	stepFind    provision.Step = "check files"
	stepMachine provision.Step = "machine of its own"
	stepConnect provision.Step = "connect"
)

func (a *app) upFar(ctx context.Context, cfg *config.Config, o upOptions, preview provision.Preview, commit string) error {
	u := a.newUI()
	defer u.Close()
	early := &earlyAnswer{app: a, ui: u}
	up := &farUp{app: a, cfg: cfg, options: o, preview: preview, commit: commit, ui: u, steps: newSteps(u, o.observe, early.observe)}
	if cfg.Preview.Expires > 0 {
		up.expires = time.Now().Add(cfg.Preview.Expires).UTC().Truncate(time.Second)
	}
	result, err := up.guarded(ctx)
	if err != nil {
		explainFar(u, err)
		return fmt.Errorf("up %s: %w", preview.Name, errors.Join(err, up.undo(ctx, err)))
	}
	return early.end(result)
}

// run is in the order of what it costs: what is wrong with the files is found
// before there is a machine, and the machine boots while a subset is made.
func (f *farUp) run(ctx context.Context) (_ *provision.Result, err error) {
	var delivery remote.Delivery
	err = f.step(stepFind, func() (string, error) {
		delivery, err = f.delivery(ctx)
		return "", err
	})
	if err != nil {
		return nil, err
	}
	if !f.bake {
		foretell(ctx, f.cfg, f.ui)
		if f.given, err = f.wildcardCertificate(ctx, f.ui, f.cfg); err != nil {
			return nil, err
		}
	}
	if err := f.step(stepMachine, func() (string, error) { return f.ensure(ctx) }); err != nil {
		return nil, err
	}
	if delivery.Archives, err = f.otherArchives(ctx, f.ui, f.cfg, f.options); err != nil {
		return nil, err
	}
	if delivery.Elsewhere, err = f.elsewhere(ctx); err != nil {
		return nil, err
	}
	if delivery.Elsewhere != nil {
		return f.deliver(ctx, delivery)
	}
	archive, err := f.archive(ctx, f.ui, f.cfg, f.options, f.preview)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, archive.remove()) }()
	delivery.Archive, delivery.Wanted = archive.path, f.options.guard.Wanted
	return f.deliver(ctx, delivery)
}

func (f *farUp) deliver(ctx context.Context, d remote.Delivery) (_ *provision.Result, err error) {
	var h host.Host
	err = f.step(stepConnect, func() (string, error) {
		h, err = f.provider.Connect(ctx, f.machine)
		return "", err
	})
	if err != nil {
		return nil, err
	}
	defer closing(h, &err)
	site := remote.Site{Host: h, Folder: remote.DefaultFolder, Notice: f.ui.Warn}
	err = f.step(remote.StepProgram, func() (string, error) { return "", f.install(ctx, site) })
	if err != nil {
		return nil, err
	}
	address, err := netip.ParseAddr(f.machine.Address)
	if err != nil {
		return nil, fmt.Errorf("address of %s: %w", f.machine.ID, err)
	}
	if !f.bake {
		cfg := f.cfg.On(f.machine.Labels)
		d.Request.Front = cfg.Front(address)
		if !cfg.Stranger {
			d.Request.Front.Given = f.given
		}
	}
	result, err := site.Up(ctx, d, f.steps.observe)
	if err != nil {
		return nil, err
	}
	if f.bake {
		return result, f.step(stepWipe, func() (string, error) { return "", wipe(ctx, site, result) })
	}
	return result, f.note(ctx, result)
}

// step shows a step of ours as those of a run are shown.
func (f *farUp) step(name provision.Step, do func() (string, error)) error {
	f.steps.observe(provision.Event{Step: name, Kind: provision.Began})
	text, err := do()
	if err != nil {
		f.steps.observe(provision.Event{Step: name, Kind: provision.Failed})
		return err
	}
	f.steps.observe(provision.Event{Step: name, Kind: provision.Done, Text: text})
	return nil
}

// delivery is what goes to the machine, but for the archive.
func (f *farUp) delivery(ctx context.Context) (remote.Delivery, error) {
	git, err := f.app.checkout(ctx, f.cfg.Dir)
	if err != nil {
		return remote.Delivery{}, err
	}
	if err := checkCompose(ctx, f.cfg); err != nil {
		return remote.Delivery{}, err
	}
	if err := f.cfg.Preview.ACME.Check(); err != nil {
		return remote.Delivery{}, hint.Usage(err, "correct preview.acme in %s", config.Name)
	}
	source := f.cfg.ComposeSource()
	below, err := filepath.Rel(git.Root, source.Dir)
	if err != nil || !filepath.IsLocal(below) {
		return remote.Delivery{}, fmt.Errorf("the compose project in %s is not in the checkout %s", source.Dir, git.Root)
	}
	paths, err := worktree.List(ctx, git.Root)
	if err != nil {
		return remote.Delivery{}, err
	}
	needed, err := compose.Files(ctx, source)
	if err != nil {
		return remote.Delivery{}, err
	}
	if paths, err = worktree.AddNeeded(git.Root, paths, needed); err != nil {
		return remote.Delivery{}, err
	}
	options := provisionOptions(f.cfg, f.options, f.preview, f.commit, "")
	if !f.cfg.Stranger {
		if options.Logins, err = compose.Logins(ctx, source); err != nil {
			return remote.Delivery{}, err
		}
	}
	return remote.Delivery{
		Checkout: git.Root, Paths: paths, Dir: below,
		Request: remote.Request{
			Options:   options,
			Committed: git.Made, Bake: f.bake,
		},
	}, nil
}

// ensure makes the machine run, and writes down what it is for.
func (f *farUp) ensure(ctx context.Context) (string, error) {
	var err error
	if f.provider, err = ec2.New(ctx, f.ec2Options(f.cfg)); err != nil {
		return "", err
	}
	before, err := machinesOf(ctx, f.provider, f.preview)
	if err != nil {
		return "", err
	}
	f.fresh = len(before) == 0
	if f.machine, err = f.provider.Ensure(ctx, f.spec("")); err != nil {
		return "", err
	}
	if text := onlyInside(f.machine.Address); text != "" && !f.bake {
		f.ui.Warn(text)
	}
	return fmt.Sprintf("%s, %s in %s", f.machine.ID, f.machine.Type, f.machine.Zone), nil
}

// onlyInside says of a private address who can follow the link; empty: everybody.
func onlyInside(address string) string {
	if parsed, err := netip.ParseAddr(address); err != nil || !parsed.IsPrivate() {
		return ""
	}
	return "the machine has no address on the internet: its link, at " + address + ", is for those who reach the VPC, over a VPN for example"
}

func (f *farUp) spec(link string) machine.Spec {
	labels := f.preview.Labels()
	labels[provision.LabelCommit], labels[provision.LabelVersion] = f.commit, buildVersion().Version
	if link != "" {
		labels[provision.LabelLink] = link
	}
	if f.bake {
		labels[ec2.LabelBase] = f.base
	}
	if f.cfg.Stranger {
		labels[provision.LabelStranger] = "true"
	}
	return machine.Spec{Preview: f.preview.ID, Repository: f.preview.Repository, Expires: f.expires, Labels: labels}
}

// note writes what serves on the machine, and the link, where list and open read
// it.
func (f *farUp) note(ctx context.Context, result *provision.Result) error {
	link := ""
	if len(result.Links) > 0 {
		link = result.Links[0].URL
	}
	spec := f.spec(link)
	spec.Labels[provision.LabelServes] = f.commit
	_, err := f.provider.Ensure(ctx, spec)
	return err
}

func (f *farUp) install(ctx context.Context, site remote.Site) error {
	system, architecture, err := site.Platform(ctx)
	if err != nil {
		return err
	}
	own, err := f.ownProgram()
	if err != nil {
		return err
	}
	program, err := docker.BinaryFor(own, system, architecture)
	if err != nil {
		return err
	}
	return site.Install(ctx, program)
}

// ownProgram is the one to copy where it fits the machine: as told, or this.
func (f *farUp) ownProgram() (string, error) {
	configured := f.cfg.EC2.Binary
	switch {
	case f.options.binary != "":
		return f.options.binary, nil
	case configured == "":
		return os.Executable()
	case filepath.IsAbs(configured):
		return configured, nil
	}
	return filepath.Join(f.cfg.Dir, configured), nil
}

// undo removes a machine that was made for a preview which never served. One
// whose run goes on, since only we were interrupted, is left to it, and so is
// one that the run for a newer commit may have found by now.
func (f *farUp) undo(ctx context.Context, cause error) error {
	var newer *remote.NewerError
	var run *remote.RunError
	gaveWay := errors.As(cause, &run) && run.Outcome.Exit == exitLocked
	switch {
	case !f.fresh || f.machine.ID == "" || gaveWay || errors.As(cause, &newer) || errors.Is(cause, ci.ErrUnwanted):
		return nil
	case ctx.Err() != nil:
		f.ui.Info("what has begun on " + f.machine.ID + " goes on: offshoot up joins it, offshoot down removes the machine")
		return nil
	case f.options.keep:
		f.ui.Info("machine " + f.machine.ID + " is left as it is, on request: offshoot down removes it")
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
	defer cancel()
	return f.step(provision.StepCleanup, func() (string, error) {
		return "machine " + f.machine.ID + " is gone", f.provider.Destroy(ctx, f.machine.ID)
	})
}

// explainFar shows what the part that failed printed last.
func explainFar(u *ui.UI, err error) {
	var run *remote.RunError
	if errors.As(err, &run) && len(run.Outcome.Tail) > 0 {
		u.Info("last lines of " + firstOf(run.Outcome.Part, "the run") + ":")
		u.Block(joinLines(run.Outcome.Tail))
	}
	var boot *ec2.BootError
	if errors.As(err, &boot) && len(boot.Console) > 0 {
		u.Info("end of the machine's console:")
		u.Block(joinLines(boot.Console))
	}
}
