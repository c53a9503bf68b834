package forge

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"code.gitea.io/sdk/gitea"

	"github.com/offshoot-dev/offshoot/internal/repository"
)

// giteaPage is the most that Gitea puts on a page unless configured otherwise.
const giteaPage = 50

// giteaRepo is one repository on Gitea or Forgejo.
type giteaRepo struct {
	base         string
	owner, name  string
	transport    *http.Client
	token, agent string
	// by the event: who may push, and who may not
	writer, reader string
}

func openGitea(at Location, client *http.Client, o Options, agent string) (*giteaRepo, error) {
	owner, name, _ := strings.Cut(at.Repository, "/")
	return &giteaRepo{
		base: strings.TrimSuffix(strings.TrimRight(at.API, "/"), "/api/v1"), owner: owner, name: name,
		transport: client, token: o.Token, agent: agent, writer: o.Writer, reader: o.Reader,
	}, nil
}

// client is one for one call: it carries the context, for all that use it. With
// no version it asks the server for none.
func (g *giteaRepo) client(ctx context.Context) (*gitea.Client, error) {
	return gitea.NewClient(g.base, gitea.SetContext(ctx), gitea.SetHTTPClient(g.transport), gitea.SetToken(g.token),
		gitea.SetUserAgent(g.agent), gitea.SetGiteaVersion(""))
}

// call runs one request.
func (g *giteaRepo) call(ctx context.Context, what string, do func(*gitea.Client) (*gitea.Response, error)) error {
	c, err := g.client(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	reply, err := do(c)
	status := 0
	if reply != nil && reply.Response != nil {
		status = reply.StatusCode
		if err != nil {
			err = fmt.Errorf("answer %d of Gitea: %w", status, err)
		}
	}
	return refused(status, asked(what, status, err))
}

func (g *giteaRepo) Pull(ctx context.Context, number int) (made Pull, err error) {
	err = g.call(ctx, fmt.Sprintf("pull request %d", number), func(c *gitea.Client) (*gitea.Response, error) {
		p, reply, err := c.GetPullRequest(g.owner, g.name, int64(number))
		if err == nil {
			made = g.pull(p)
		}
		return reply, err
	})
	return made, err
}

func (g *giteaRepo) OpenPulls(ctx context.Context) ([]Pull, error) {
	all, err := pages(func(page int) (list []Pull, next int, err error) {
		err = g.call(ctx, "open pull requests", func(c *gitea.Client) (*gitea.Response, error) {
			found, reply, err := c.ListRepoPullRequests(g.owner, g.name, gitea.ListPullRequestsOptions{
				State: gitea.StateOpen, Sort: "oldest", ListOptions: gitea.ListOptions{Page: page, PageSize: giteaPage},
			})
			if err == nil {
				list, next = convert(found, g.pull), following(page, len(found), reply)
			}
			return reply, err
		})
		return list, next, err
	})
	return sorted(all), err
}

// following is the next page, or 0 after the last: a server may put less on a
// page than was asked for, and has a Link header only from some version on.
func following(page, found int, reply *gitea.Response) int {
	switch {
	case reply.NextPage != 0:
		return reply.NextPage
	case found == 0 || reply.Header.Get("Link") != "":
		return 0
	}
	return page + 1
}

func (g *giteaRepo) pull(p *gitea.PullRequest) Pull {
	made := Pull{
		Number: int(p.Index), Title: p.Title, URL: p.HTMLURL, Open: p.State == gitea.StateOpen, Merged: p.HasMerged,
		Draft: p.Draft, Labels: []string{}, Fork: true, BaseCommit: p.MergeBase,
	}
	if p.Poster != nil {
		made.Author = p.Poster.UserName
	}
	if p.Head != nil && p.Base != nil {
		made.Commit, made.Branch, made.Base = p.Head.Sha, p.Head.Ref, p.Base.Ref
		made.Fork = p.Head.RepoID != p.Base.RepoID
	}
	for _, label := range p.Labels {
		made.Labels = append(made.Labels, label.Name)
	}
	if p.Updated != nil {
		made.Updated = *p.Updated
	}
	return made
}

func (g *giteaRepo) Status(ctx context.Context, commit string, s Status) error {
	state := map[State]gitea.StatusState{
		Pending: gitea.StatusPending, Success: gitea.StatusSuccess, Failure: gitea.StatusFailure,
		Cancelled: gitea.StatusWarning,
	}[s.State]
	return g.call(ctx, "status of "+repository.Short(commit), func(c *gitea.Client) (*gitea.Response, error) {
		_, reply, err := c.CreateStatus(g.owner, g.name, commit,
			gitea.CreateStatusOption{State: state, TargetURL: s.URL, Description: cut(s.Text, 140), Context: s.Context})
		return reply, err
	})
}

func (g *giteaRepo) React(ctx context.Context, _ int, commentID int64, r Reaction) error {
	return g.call(ctx, "reaction", func(c *gitea.Client) (*gitea.Response, error) {
		_, reply, err := c.PostIssueCommentReaction(g.owner, g.name, commentID, string(r))
		return reply, err
	})
}
