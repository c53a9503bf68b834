package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"code.gitea.io/sdk/gitea"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// ErrUntold says that the forge tells this token too little of somebody's rights.
var ErrUntold = errors.New("the forge does not tell this token of it")

// MayWrite asks for somebody's permission, which Gitea tells administrators of
// the repository, and everybody of themselves. Others, such as the token of a
// job, may ask who can be assigned to issues, and which teams there are.
// https://github.com/go-gitea/gitea/blob/v1.26.0/routers/api/v1/repo/collaborators.go
func (g *giteaRepo) MayWrite(ctx context.Context, login string) (may bool, err error) {
	err = g.call(ctx, "permission of "+login, func(c *gitea.Client) (*gitea.Response, error) {
		level, reply, err := c.CollaboratorPermission(g.owner, g.name, login)
		if err == nil && level != nil {
			may = writes(string(level.Permission))
		}
		return reply, err
	})
	var no *refusedError
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case errors.As(err, &no) && strings.EqualFold(login, g.writer):
		return true, nil
	case errors.As(err, &no) && strings.EqualFold(login, g.reader):
		return false, nil
	case errors.As(err, &no):
		return g.assignable(ctx, login)
	}
	return may, err
}

func writes(level string) bool {
	return slices.Contains([]string{
		string(gitea.AccessModeWrite), string(gitea.AccessModeAdmin), string(gitea.AccessModeOwner),
	}, level)
}

// assignable concludes from the list of those who can be assigned to issues:
// they are all who may push, and where a team of an organization may only read,
// its members as well.
func (g *giteaRepo) assignable(ctx context.Context, login string) (bool, error) {
	listed := false
	err := g.call(ctx, "those who may write", func(c *gitea.Client) (*gitea.Response, error) {
		all, reply, err := c.GetAssignees(g.owner, g.name)
		listed = slices.ContainsFunc(all, func(u *gitea.User) bool { return strings.EqualFold(u.UserName, login) })
		return reply, err
	})
	if err != nil || !listed {
		return false, err
	}
	readers, err := g.readingTeam(ctx)
	if err != nil || readers == "" {
		return err == nil, err
	}
	return false, hint.Wrap(
		fmt.Errorf("permission of %s: %w: the team %s may only read, and who is in it is not said", login, ErrUntold,
			readers),
		"give offshoot the token of an administrator of the repository: the secret OFFSHOOT_TOKEN, with the scopes "+
			"write:issue and write:repository")
}

// readingTeam names a team that may not push; none where a person owns the
// repository (405).
func (g *giteaRepo) readingTeam(ctx context.Context) (name string, err error) {
	var personal bool
	err = g.call(ctx, "teams", func(c *gitea.Client) (*gitea.Response, error) {
		teams, reply, err := c.GetRepoTeams(g.owner, g.name)
		for _, team := range teams {
			if !writes(team.UnitsMap["repo.code"]) {
				name = team.Name
			}
		}
		personal = reply != nil && reply.Response != nil && reply.StatusCode == http.StatusMethodNotAllowed
		return reply, err
	})
	if personal {
		return "", nil
	}
	return name, err
}
