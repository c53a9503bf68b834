package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// farDownResult is the document of a down of machines.
type farDownResult struct {
	Machines []string `json:"machines"`
}

// downFar removes the machine of a preview, or those of a repository, with all
// that is on them. A run that is under way there ends with its machine.
func (a *app) downFar(ctx context.Context, cfg *config.Config, p provision.Preview, all bool) error {
	u := a.newUI()
	defer u.Close()
	provider, err := ec2.New(ctx, a.ec2Options(cfg))
	if err != nil {
		return fmt.Errorf("down: %w", err)
	}
	var found []machine.Machine
	if all {
		found, err = machine.OfRepository(ctx, provider, p.Repository, p.RepositoryID)
	} else {
		found, err = machinesOf(ctx, provider, p)
	}
	if err != nil {
		return fmt.Errorf("down: %w", err)
	}
	removed, err := a.destroyAll(ctx, u, provider, found)
	a.result = farDownResult{Machines: notNull(removed)}
	switch {
	case err != nil:
		return fmt.Errorf("down: %w", err)
	case len(removed) == 0:
		u.Info("nothing to remove")
	default:
		u.Info("removed " + ui.Plural(int64(len(removed)), "machine"))
	}
	return nil
}

// destroyAll goes on after a machine that cannot be removed.
func (a *app) destroyAll(ctx context.Context, u *ui.UI, provider machine.Provider, found []machine.Machine) (removed []string, err error) {
	for _, m := range found {
		step := u.Start("remove " + m.Preview)
		if failed := provider.Destroy(ctx, m.ID); failed != nil {
			step.Fail("")
			err = errors.Join(err, failed)
			continue
		}
		step.Done(m.ID)
		removed = append(removed, m.ID)
		err = errors.Join(err, a.forgetArchives(provision.PreviewOf(m.Labels)))
	}
	return removed, err
}
