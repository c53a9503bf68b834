package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

const downLong = `Down removes every container, network, volume and image that up made for the
preview, also what a killed run left, and nothing else. Where the preview has a
machine of its own, that is removed. It is harmless when repeated.`

func (a viewing) downCommand() *cobra.Command {
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

func (a viewing) down(ctx context.Context, w which, all bool) (err error) {
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
func (a placing) recognise(
	ctx context.Context, cfg *config.Config, git checkout, preview provision.Preview,
) (provision.Preview, error) {
	opened, err := a.forgeOf(a.unaliased(ctx, git))
	if errors.Is(err, hint.ErrUsage) {
		return preview, nil
	}
	if err != nil {
		return preview, err
	}
	k := &acquaintance{placing: a, forge: opened}
	if _, err := k.number(ctx); err != nil {
		u := a.newUI()
		u.Warn(fmt.Sprintf("%v: the repository is known by its present name only", err))
		u.Close()
		return preview, nil
	}
	return k.preview(ctx, cfg, preview, cfg.ProjectIn(git.Root) != "")
}

func (a viewing) downPreview(ctx context.Context, cfg *config.Config, preview provision.Preview, all bool) (err error) {
	previews, err := a.previews(ctx, cfg)
	if err != nil {
		return fmt.Errorf("down: %w", err)
	}
	defer closing(previews, &err)
	u := a.newUI()
	defer u.Close()
	if all {
		removed, err := previews.DownAll(ctx, preview, newSteps(u).observe)
		a.result = downDocument(removed)
		return a.removed(u, removed, err)
	}
	removed, err := previews.Down(ctx, preview, provision.Guard{}, newSteps(u).observe)
	a.result = downDocument(removed)
	if errors.Is(err, provision.ErrNoPreview) {
		removed.Previews = append(removed.Previews, preview)
	}
	return a.removed(u, removed, err)
}

// removed says what a down removed, and removes what killed runs left of its
// subsets.
func (a placing) removed(u *ui.UI, removed provision.Removed, err error) error {
	nothing := errors.Is(err, provision.ErrNoPreview)
	if nothing {
		err = nil
	}
	for _, p := range removed.Previews {
		err = errors.Join(err, a.forgetArchives(p))
	}
	switch {
	case nothing:
		u.Info("nothing to remove")
	case err == nil:
		u.Info("removed " + describeRemoved(removed))
	}
	return err
}

// forgetArchives removes what a killed up left of its subset.
func (a archiving) forgetArchives(preview provision.Preview) error {
	folder, err := a.archiveFolder(preview)
	if err != nil {
		return nil // no home, no cache: up could not have made one either
	}
	return os.RemoveAll(folder)
}

func describeRemoved(r provision.Removed) string {
	if r.Machines != nil {
		return ui.Plural(int64(len(r.Machines)), "machine")
	}
	return fmt.Sprintf("%s, %s, %s and %s",
		ui.Plural(int64(len(r.Containers)), "container"), ui.Plural(int64(len(r.Networks)), "network"),
		ui.Plural(int64(len(r.Volumes)), "volume"), ui.Plural(int64(len(r.Images)), "image"))
}
