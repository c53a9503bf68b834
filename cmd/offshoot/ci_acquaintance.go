package main

import (
	"context"
	"errors"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/provision"
)

// An acquaintance knows a repository by the number that its forge gave it, and
// so the previews that were made while it had another name.
type acquaintance struct {
	placing
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
func (k *acquaintance) preview(
	ctx context.Context, cfg *config.Config, wanted provision.Preview, named bool,
) (provision.Preview, error) {
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
func (k *acquaintance) there(
	ctx context.Context, cfg *config.Config, wanted provision.Preview,
) ([]provision.Preview, error) {
	filters := []provision.Filter{{ID: wanted.ID}}
	if wanted.RepositoryID != "" {
		filters = append(filters, provision.Filter{RepositoryID: wanted.RepositoryID})
	}
	return k.known(ctx, cfg, filters)
}

// ofRepository are the previews of one's repository, under every name of it.
func (k *acquaintance) ofRepository(
	ctx context.Context, cfg *config.Config, one provision.Preview,
) ([]provision.Preview, error) {
	filters := []provision.Filter{{Repository: one.Repository, RepositoryID: one.RepositoryID}}
	if one.RepositoryID != "" {
		filters = append(filters, provision.Filter{RepositoryID: one.RepositoryID})
	}
	return k.known(ctx, cfg, filters)
}

func (k *acquaintance) known(
	ctx context.Context, cfg *config.Config, filters []provision.Filter,
) (known []provision.Preview, err error) {
	all, err := k.previews(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer closing(all, &err)
	return all.Known(ctx, filters...)
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
