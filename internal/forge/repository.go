package forge

import (
	"cmp"
	"context"
	"strings"

	"code.gitea.io/sdk/gitea"
	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/offshoot-dev/offshoot/internal/repository"
)

// A Repository is one as its forge knows it.
type Repository struct {
	// ID stays the same when the repository is renamed or transferred.
	ID   string
	Name string // owner/name now; with more parts on GitLab
}

func (g *gitHub) Repository(ctx context.Context, name string) (Repository, error) {
	owner, short, _ := strings.Cut(cmp.Or(name, g.owner+"/"+g.name), "/")
	found, reply, err := g.client.Repositories.Get(ctx, owner, short)
	if err != nil {
		return Repository{}, g.failed("repository "+owner+"/"+short, reply, err)
	}
	return Repository{ID: repository.ID(g.client.BaseURL(), found.GetID()), Name: found.GetFullName()}, nil
}

func (g *gitLab) Repository(ctx context.Context, name string) (Repository, error) {
	name = cmp.Or(name, g.project)
	found, reply, err := g.client.Projects.GetProject(name, nil, gitlab.WithContext(ctx))
	if err != nil {
		return Repository{}, g.failed("project "+name, reply, err)
	}
	return Repository{ID: repository.ID(g.client.BaseURL().String(), found.ID), Name: found.PathWithNamespace}, nil
}

func (g *giteaRepo) Repository(ctx context.Context, name string) (made Repository, err error) {
	owner, short, _ := strings.Cut(cmp.Or(name, g.owner+"/"+g.name), "/")
	err = g.call(ctx, "repository "+owner+"/"+short, func(c *gitea.Client) (*gitea.Response, error) {
		found, reply, err := c.GetRepo(owner, short)
		if err == nil {
			made = Repository{ID: repository.ID(g.base, found.ID), Name: found.FullName}
		}
		return reply, err
	})
	return made, err
}
