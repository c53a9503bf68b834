package main

import (
	"context"
	"errors"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// An acquaintance knows a repository by the number that its forge gave it, and
// so the previews that were made while it had another name.
type acquaintance struct {
	*app
	forge forge.Forge
	id    string // of the repository; empty: not asked yet, or the forge does not say
}

// number asks the forge for the repository's number, once.
func (k *acquaintance) number(ctx context.Context) (string, error) {
	if k.id != "" {
		return k.id, nil
	}
	own, err := k.forge.Repository(ctx, "")
	if errors.Is(err, forge.ErrNotFound) { // a token that may not see it: the name has to do
		return "", nil
	}
	k.id = own.ID
	return k.id, err
}

// preview is the one that is there for the wanted preview's pull request, under
// whatever name it was made, or the wanted one itself. Named tells that the
// project has a name of its own.
func (k *acquaintance) preview(ctx context.Context, cfg *config.Config, wanted provision.Preview, named bool) (provision.Preview, error) {
	id, err := k.number(ctx)
	if err != nil {
		return wanted, err
	}
	wanted.RepositoryID = id
	there, err := k.there(ctx, cfg, wanted)
	if err != nil {
		return wanted, err
	}
	if found := provision.Rename(wanted, named, there); found != wanted {
		return found, nil
	}
	for _, other := range there {
		if other.ID != wanted.ID || other.RepositoryID != "" {
			continue
		}
		same, err := k.formerly(ctx, wanted, other.Repository)
		if same {
			other.RepositoryID = id
			return other, err
		}
		if err != nil {
			return wanted, err
		}
	}
	return wanted, nil
}

// there are the previews that may be it: those of its id, whoever owns them, and
// those of the repository.
func (k *acquaintance) there(ctx context.Context, cfg *config.Config, wanted provision.Preview) ([]provision.Preview, error) {
	filters := []machine.Filter{{Preview: wanted.ID}}
	if wanted.RepositoryID != "" {
		filters = append(filters, machine.Filter{Number: wanted.RepositoryID})
	}
	return k.list(ctx, cfg, filters, func(provision.Preview) bool { return true })
}

// ofRepository are the previews of one's repository, under every name of it.
func (k *acquaintance) ofRepository(ctx context.Context, cfg *config.Config, one provision.Preview) ([]provision.Preview, error) {
	filters := []machine.Filter{{Repository: one.Repository, Number: one.RepositoryID}}
	if one.RepositoryID != "" {
		filters = append(filters, machine.Filter{Number: one.RepositoryID})
	}
	return k.list(ctx, cfg, filters, one.SameRepository)
}

// list reads what there is: on the engine all that matches, on EC2 what passes
// one of the filters.
func (k *acquaintance) list(
	ctx context.Context, cfg *config.Config, filters []machine.Filter, matches func(provision.Preview) bool,
) (there []provision.Preview, err error) {
	if cfg.Provider == config.ProviderEC2 {
		return k.listFar(ctx, cfg, filters)
	}
	engine, err := k.machine(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer closing(engine.Docker, &err)
	all, err := engine.Known(ctx)
	for _, one := range all {
		if matches(one) {
			there = append(there, one)
		}
	}
	return there, err
}

func (k *acquaintance) listFar(ctx context.Context, cfg *config.Config, filters []machine.Filter) (there []provision.Preview, err error) {
	provider, err := ec2.New(ctx, k.ec2Options(cfg))
	if err != nil {
		return nil, err
	}
	for _, f := range filters {
		machines, err := provider.List(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, m := range machines {
			if m.State != machine.Ending {
				there = append(there, provision.PreviewOf(m.Labels))
			}
		}
	}
	return there, nil
}

// formerly asks the forge whether a name is one that the repository had: of a
// preview that nobody gave the number. Forges answer for such a name with what
// it is called now.
func (k *acquaintance) formerly(ctx context.Context, wanted provision.Preview, name string) (bool, error) {
	host, _, _ := strings.Cut(wanted.Repository, "/")
	otherHost, path, _ := strings.Cut(name, "/")
	if name == wanted.Repository || host != otherHost || wanted.RepositoryID == "" {
		return false, nil
	}
	was, err := k.forge.Repository(ctx, path)
	if errors.Is(err, forge.ErrNotFound) {
		return false, nil
	}
	return err == nil && was.ID == wanted.RepositoryID, err
}
