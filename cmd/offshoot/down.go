package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

const downLong = `Down removes every container, network, volume and image that up made for the
preview, also what a killed run left, and nothing else. Where the preview has a
machine of its own, that is removed. It is harmless when repeated.`

func (a *app) downCommand() *cobra.Command {
	w, all := which{}, false
	c := &cobra.Command{
		Use:     "down",
		Short:   "remove a preview with everything in it",
		Long:    downLong,
		Example: "  offshoot down --pr 12\n  offshoot down --all",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if all && (w.pull != 0 || w.branch != "") {
				return hint.Usage(errors.New("down: --all and one preview"), "give one of them")
			}
			return a.down(c.Context(), w, all)
		},
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	c.Flags().BoolVar(&all, "all", false, "remove every preview of this repository")
	a.jsonFlag(c)
	return c
}

func (a *app) down(ctx context.Context, w which, all bool) (err error) {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if all {
		w = which{branch: "all"} // only the repository matters
	}
	preview, git, err := a.preview(ctx, cfg, w)
	if err != nil {
		return err
	}
	if preview, err = a.recognise(ctx, cfg, git, preview); err != nil {
		return fmt.Errorf("down: %w", err)
	}
	return a.downPreview(ctx, cfg, preview, all)
}

// recognise looks, where there is a token for the forge, whether the preview was
// made when the repository had another name. That the forge does not answer is
// no reason to leave the preview where it is: its name has to do then.
func (a *app) recognise(ctx context.Context, cfg *config.Config, git checkout, preview provision.Preview) (provision.Preview, error) {
	opened, err := a.forgeOf(a.unaliased(ctx, git))
	if errors.Is(err, hint.ErrUsage) {
		return preview, nil
	}
	if err != nil {
		return preview, err
	}
	k := &acquaintance{app: a, forge: opened}
	if _, err := k.number(ctx); err != nil {
		u := a.newUI()
		u.Warn(fmt.Sprintf("%v: the repository is known by its present name only", err))
		u.Close()
		return preview, nil
	}
	return k.preview(ctx, cfg, preview, cfg.ProjectIn(git.Root) != "")
}

func (a *app) downPreview(ctx context.Context, cfg *config.Config, preview provision.Preview, all bool) (err error) {
	if cfg.Provider == config.ProviderEC2 {
		return a.downFar(ctx, cfg, preview, all)
	}
	engine, err := a.machine(ctx, cfg)
	if err != nil {
		return fmt.Errorf("down: %w", err)
	}
	defer closing(engine.Docker, &err)
	u := a.newUI()
	defer u.Close()
	removed, err := a.remove(ctx, u, engine, preview, all)
	a.result = newDownResult(removed)
	nothing := errors.Is(err, provision.ErrNoPreview)
	if err != nil && !nothing {
		return err
	}
	if nothing {
		u.Info("nothing to remove")
		return nil
	}
	u.Info("removed " + describeRemoved(removed))
	return nil
}

func (a *app) remove(ctx context.Context, u *ui.UI, engine provision.Engine, preview provision.Preview, all bool) (compose.Removed, error) {
	observe := newSteps(u).observe
	if all {
		previews, err := engine.List(ctx, provision.Filter{Repository: preview.Repository, RepositoryID: preview.RepositoryID})
		if err != nil {
			return compose.Removed{}, err
		}
		removed, err := engine.DownAll(ctx, preview, observe)
		if err == nil {
			for _, p := range previews {
				err = errors.Join(err, a.forgetArchives(p.Preview))
			}
		}
		return removed, err
	}
	removed, err := engine.DownGuarded(ctx, preview, provision.Guard{}, observe)
	if err == nil || errors.Is(err, provision.ErrNoPreview) {
		return removed, errors.Join(err, a.forgetArchives(preview))
	}
	return removed, err
}

// forgetArchives removes what a killed up left of its subset.
func (a *app) forgetArchives(preview provision.Preview) error {
	folder, err := a.archiveFolder(preview)
	if err != nil {
		return nil // no home, no cache: up could not have made one either
	}
	return os.RemoveAll(folder)
}

func describeRemoved(r compose.Removed) string {
	return fmt.Sprintf("%s, %s, %s and %s",
		ui.Plural(int64(len(r.Containers)), "container"), ui.Plural(int64(len(r.Networks)), "network"),
		ui.Plural(int64(len(r.Volumes)), "volume"), ui.Plural(int64(len(r.Images)), "image"))
}
