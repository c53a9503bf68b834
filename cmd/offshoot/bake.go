package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/dedicated"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

const bakeLong = `Bake builds an AMI for the instances of previews. On it are the engine, the
images of this checkout's compose file and a database with the archive, so that
an up there installs, pulls and loads nothing. It prints the id of the AMI: set
ec2.image in offshoot.yaml to it.

The AMI holds the rows of the archive. It is private to the account, encrypted,
and kept until somebody removes it.`

// The steps of a bake behind those of an up.
const (
	stepImage provision.Step = "make the image"
	stepPrune provision.Step = "remove older images"
)

// bakeLife is how long the machine may live of which an image is made.
const bakeLife = 3 * time.Hour

type bakeOptions struct {
	up    upOptions
	prune bool
}

// bakeResult is the document of a bake.
type bakeResult struct {
	Image   ec2.Image          `json:"image"`
	Seeded  bool               `json:"seeded"` // a database with the archive is in it
	Removed []ec2.Image        `json:"removed"`
	Timings []provision.Timing `json:"timings"` // of what was done on the machine
}

func (a jobs) bakeCommand() *cobra.Command {
	o := bakeOptions{}
	c := &cobra.Command{
		Use:   "bake",
		Short: "build an AMI so that preview instances boot faster",
		Long:  bakeLong,
		Example: "  offshoot bake --archive s3://acme-previews/shop.sql.zst\n  offshoot bake --archive " +
			"shop.sql.zst --prune",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.bake(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.up.archive, "archive", "",
		"store a database with this `FILE` of offshoot subset or pg_dump, also at s3:// (default: a subset of source)")
	f.BoolVar(&o.prune, "prune", false, "remove the repository's older AMIs afterwards")
	f.DurationVar(&o.up.timeout, "timeout", defaultTimeout, "how long to wait for the database")
	f.StringVar(&o.up.binary, "binary", "",
		"`FILE` of offshoot for machines of another platform (default: this one, or offshoot-linux-ARCH beside it)")
	a.providerFlag(c)
	a.jsonFlag(c)
	return c
}

func (a jobs) bake(ctx context.Context, o bakeOptions) error {
	o.up.archive = a.archiveOf(o.up)
	if err := o.up.check(); err != nil {
		return fmt.Errorf("bake: %w", err)
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if !a.backend(cfg).dedicated() {
		return hint.Usage(errors.New("bake: images are for machines on EC2"),
			"add --provider ec2, or provider: ec2 to offshoot.yaml")
	}
	git, err := a.checkout(ctx, cfg.Dir)
	if err != nil {
		return err
	}
	preview, err := provision.IdentifyBake(git.repository(), cfg.ProjectIn(git.Root))
	if err != nil {
		return fmt.Errorf("bake: %w", err)
	}
	newest, err := a.newestArchive(ctx, o.up.archive)
	if err != nil {
		return fmt.Errorf("bake: %w", err)
	}
	u := a.newUI()
	defer u.Close()
	newest.tell(u)
	o.up.archive = newest.name
	b := &baking{jobs: a, cfg: cfg, options: o, preview: preview, commit: git.Commit, steps: newSteps(u)}
	result, err := b.run(ctx)
	if err != nil {
		explain(u, err)
		return fmt.Errorf("bake: %w", errors.Join(err, b.clear(ctx)))
	}
	return a.answerBake(u, result)
}

func (a jobs) answerBake(u *ui.UI, result bakeResult) error {
	if !result.Seeded {
		u.Warn("there is no database in the image: an up there loads its archive")
	}
	u.Info("to use it, in offshoot.yaml:")
	u.Block("ec2: {image: " + result.Image.ID + "}")
	u.Close()
	if a.json {
		a.result = result
		return nil
	}
	return a.println(result.Image.ID)
}

// baking is a bake under way.
type baking struct {
	jobs
	options bakeOptions
	cfg     *config.Config
	preview provision.Preview
	commit  string
	steps   *steps

	provider *ec2.Provider
	base     string // what the machine is made from
	machine  machine.Machine
}

func (b *baking) run(ctx context.Context) (result bakeResult, err error) {
	if err := b.fromBase(ctx); err != nil {
		return result, err
	}
	up, err := b.fill(ctx)
	if err != nil {
		return result, err
	}
	result.Seeded, result.Timings, result.Removed = up.Seeded, up.Timings, []ec2.Image{}
	err = b.step(stepImage, func() (string, error) {
		result.Image, err = b.provider.Bake(ctx, b.machine)
		return result.Image.ID, err
	})
	if err != nil {
		return result, err
	}
	if err := b.clear(ctx); err != nil || !b.options.prune {
		return result, err
	}
	return result, b.step(stepPrune, func() (string, error) {
		removed, err := b.provider.Prune(ctx, b.preview.Repository, result.Image)
		result.Removed = slices.Concat(result.Removed, removed)
		return ui.Plural(int64(len(removed)), "image"), err
	})
}

// fill makes the machine, and brings it to where an image can be made of it.
func (b *baking) fill(ctx context.Context) (up *provision.Result, err error) {
	archives := &archives{archiving: b.archiving, ui: b.steps.ui, cfg: b.cfg, options: b.options.up, preview: b.preview}
	defer func() { err = errors.Join(err, archives.remove()) }()
	given := supply{ui: b.steps.ui, archives: archives, program: b.options.up.binary}
	previews := ec2Backend{b.placing, b.cfg}.on(b.provider, given)
	options := provisionOptions(b.cfg, b.options.up, b.preview, b.commit, "")
	options.Expires, options.Load = bakeLife, archives.load
	b.machine, up, err = previews.Bake(ctx, options, map[string]string{ec2.LabelBase: b.base}, b.steps.observe)
	return up, err
}

// step shows a step of ours as those of a run are shown.
func (b *baking) step(name provision.Step, do func() (string, error)) error {
	b.steps.observe(provision.Event{Step: name, Kind: provision.Began})
	text, err := do()
	if err != nil {
		b.steps.observe(provision.Event{Step: name, Kind: provision.Failed})
		return err
	}
	b.steps.observe(provision.Event{Step: name, Kind: provision.Done, Text: text})
	return nil
}

// fromBase lets the machine begin with what images of this configuration began
// with, on capacity that can be stopped.
func (b *baking) fromBase(ctx context.Context) error {
	cfg := *b.cfg
	cfg.EC2.Spot = false
	provider, err := ec2.New(ctx, b.ec2Options(&cfg))
	if err != nil {
		return err
	}
	if b.base, err = provider.Base(ctx, cfg.EC2.Image); err != nil {
		return err
	}
	cfg.EC2.Image, b.cfg = b.base, &cfg
	b.provider, err = ec2.New(ctx, b.ec2Options(&cfg))
	return err
}

// clear removes the machine, whatever became of the image: nobody else has a
// use for it.
func (b *baking) clear(ctx context.Context) error {
	if b.provider == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
	defer cancel()
	found, err := dedicated.Of(ctx, b.provider, b.preview)
	if err != nil {
		return err
	}
	ids := []string{b.machine.ID} // which AWS may not show yet
	for _, m := range found {
		ids = append(ids, m.ID)
	}
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
	if len(ids) == 0 {
		return nil
	}
	return b.step(provision.StepCleanup, func() (string, error) {
		var errs []error
		for _, id := range ids {
			errs = append(errs, b.provider.Destroy(ctx, id))
		}
		return "machine " + ids[0] + " is gone", errors.Join(errs...)
	})
}
