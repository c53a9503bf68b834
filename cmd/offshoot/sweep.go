package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/sweep"
)

const sweepLong = `Sweep removes previews of this repository whose pull request is closed, expired
previews and machines, and leftovers of interrupted runs. Nothing without
offshoot's labels is touched.

Each candidate and its pull request are checked once more right before removal:
a list that fails, is empty or is short removes nothing. Without a token for the
forge, only expired previews and leftovers are removed.

--keep-cache also bounds what builds left on this computer's engine: images that
offshoot built for previews now gone, the oldest first, then the build cache,
which all builds there share.`

// sweepOptions is the command line of sweep.
type sweepOptions struct {
	dryRun    bool
	keepCache sizeFlag
	number    string // of the repository, see package repository; empty: not known
}

func (a jobs) sweepCommand() *cobra.Command {
	o := sweepOptions{}
	c := &cobra.Command{
		Use:     "sweep",
		Short:   "remove closed, expired and interrupted previews",
		Long:    sweepLong,
		Example: "  offshoot sweep --dry-run\n  GITHUB_TOKEN=TOKEN offshoot sweep --keep-cache 20GB",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.sweep(c.Context(), o) },
	}
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "print what would be removed, and why; remove nothing")
	c.Flags().Var(&o.keepCache, "keep-cache",
		"leave builds at most `SIZE` on the engine, such as 20GB (default: as configured, or no bound)")
	a.jsonFlag(c)
	return c
}

func (a jobs) sweep(ctx context.Context, o sweepOptions) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if o.keepCache.bytes != nil {
		cfg.Sweep.KeepCache = o.keepCache.bytes
	}
	if o.keepCache.bytes != nil && a.backend(cfg).dedicated() {
		return hint.Usage(errors.New("sweep: --keep-cache where each preview has a machine of its own"),
			"leave it out: the cache goes with the machine")
	}
	preview, git, err := a.preview(ctx, cfg, which{branch: "all"}) // only the repository matters
	if err != nil {
		return err
	}
	u := a.newUI()
	defer u.Close()
	s := sweep.Sweep{Repository: preview.Repository}
	opened, err := a.forgeOf(a.unaliased(ctx, git))
	switch {
	case errors.Is(err, hint.ErrUsage):
		u.Warn(fmt.Sprintf("%v: pull requests are not asked for, only what has expired goes", err))
	case err != nil:
		return fmt.Errorf("sweep: %w", err)
	default:
		s.Pulls = pullsOf{opened}
		o.number = a.numberOf(ctx, u, opened)
	}
	return a.sweepRepository(ctx, u, cfg, o, s)
}

// numberOf is the forge's number of the repository. Without it, what was made
// under another name is not found; the rest can be swept.
func (a jobs) numberOf(ctx context.Context, u *ui.UI, f forge.Forge) string {
	number, err := (&acquaintance{placing: a.placing, forge: f}).number(ctx)
	if err != nil {
		u.Warn(fmt.Sprintf("%v: the repository is known by its present name only", err))
	}
	return number
}

// sweepRepository runs a sweep over the places of the configuration. A
// scheduled job runs it too.
func (a jobs) sweepRepository(
	ctx context.Context, u *ui.UI, cfg *config.Config, o sweepOptions, s sweep.Sweep,
) (err error) {
	places, closePlaces, err := a.backend(cfg).places(ctx, s.Repository, o.number)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	defer func() { err = errors.Join(err, closePlaces()) }()
	s.Places = places
	told := s.After
	s.After = func(ctx context.Context, r sweep.Removal) error {
		u.Info(fmt.Sprintf("removed %s %s: %s", r.Kind, r.ID, r.Text))
		if r.Kind == sweep.Preview || r.Kind == sweep.Machine {
			if err := a.forgetArchives(provision.Preview{ID: r.Preview}); err != nil {
				return err
			}
		}
		if told == nil {
			return nil
		}
		return told(ctx, r)
	}
	plan, err := s.Plan(ctx)
	result := sweep.Result{Plan: plan, Removed: []sweep.Removal{}, Spared: []sweep.Spared{}}
	if !o.dryRun {
		var failed error
		result, failed = s.Run(ctx, plan)
		err = errors.Join(err, failed)
	}
	u.Close()
	if err != nil {
		err = fmt.Errorf("sweep: %w", err)
	}
	return errors.Join(err, a.answerSweep(o, result))
}

// pullsOf are the pull requests of a forge, as a sweep asks for them.
type pullsOf struct{ forge forge.Forge }

func (p pullsOf) Open(ctx context.Context) ([]int, error) {
	pulls, err := p.forge.OpenPulls(ctx)
	var numbers []int
	for _, pull := range pulls {
		numbers = append(numbers, pull.Number)
	}
	return numbers, err
}

// IsOpen is an error where the forge knows no such pull request: to a token
// without rights it knows none.
func (p pullsOf) IsOpen(ctx context.Context, number int) (bool, error) {
	pull, err := p.forge.Pull(ctx, number)
	if errors.Is(err, forge.ErrNotFound) {
		err = hint.Wrap(err, "the token may not see it; offshoot down --pr %d removes the preview by hand", number)
	}
	return pull.Open, err
}
