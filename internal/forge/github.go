package forge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v92/github"

	"github.com/offshoot-dev/offshoot/internal/repository"
)

// pageSize is the most that GitHub and GitLab put on one page.
const pageSize = 100

// gitHub is one repository on GitHub or GitHub Enterprise.
type gitHub struct {
	client      *github.Client
	owner, name string
}

func openGitHub(at Location, client *http.Client, token, agent string) (*gitHub, error) {
	base := strings.TrimRight(at.API, "/") + "/"
	// Our own transport waits as GitHub tells; the client would refuse instead.
	c,
		err := github.NewClient(github.WithHTTPClient(client), github.WithAuthToken(token),
		github.WithURLs(&base, &base),
		github.WithUserAgent(agent), github.WithDisableRateLimitCheck())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", at.Repository, err)
	}
	owner, name, _ := strings.Cut(at.Repository, "/")
	return &gitHub{client: c, owner: owner, name: name}, nil
}

// failed makes an error of one of the client's.
func (g *gitHub) failed(what string, reply *github.Response, err error) error {
	status := 0
	if reply != nil && reply.Response != nil {
		status = reply.StatusCode
	}
	var said *github.ErrorResponse
	if errors.As(err, &said) {
		err = fmt.Errorf("GitHub answers %d: %s", said.Response.StatusCode, said.Message)
	}
	return refused(status, asked(what, status, err))
}

func (g *gitHub) Pull(ctx context.Context, number int) (Pull, error) {
	p, reply, err := g.client.PullRequests.Get(ctx, g.owner, g.name, number)
	if err != nil {
		return Pull{}, g.failed(fmt.Sprintf("pull request %d", number), reply, err)
	}
	return g.pull(p), nil
}

func (g *gitHub) OpenPulls(ctx context.Context) ([]Pull, error) {
	all, err := pages(func(page int) ([]Pull, int, error) {
		list, reply, err := g.client.PullRequests.List(ctx, g.owner, g.name, &github.PullRequestListOptions{
			State: "open", Sort: "created", Direction: "asc",
			ListOptions: github.ListOptions{Page: page, PerPage: pageSize},
		})
		if err != nil {
			return nil, 0, g.failed("open pull requests", reply, err)
		}
		return convert(list, g.pull), reply.NextPage, nil
	})
	return sorted(all), err
}

func (g *gitHub) pull(p *github.PullRequest) Pull {
	made := Pull{
		Number: p.GetNumber(), Title: p.GetTitle(), Author: p.GetUser().GetLogin(), URL: p.GetHTMLURL(),
		Commit: p.GetHead().GetSHA(), Branch: p.GetHead().GetRef(), Base: p.GetBase().GetRef(),
		BaseCommit: p.GetBase().GetSHA(),
		Open:       p.GetState() == "open", Merged: p.GetMerged() || p.MergedAt != nil, Draft: p.GetDraft(),
		Labels: []string{}, Updated: p.GetUpdatedAt().Time,
	}
	// A deleted fork has no repository any more, and is none of ours either.
	made.Fork = p.GetHead().GetRepo().GetID() == 0 || p.GetHead().GetRepo().GetID() != p.GetBase().GetRepo().GetID()
	for _, label := range p.Labels {
		made.Labels = append(made.Labels, label.GetName())
	}
	return made
}

// MayWrite asks for the permission, not for the role: a role of an
// organisation's own comes with one of these.
func (g *gitHub) MayWrite(ctx context.Context, login string) (bool, error) {
	level, reply, err := g.client.Repositories.GetPermissionLevel(ctx, g.owner, g.name, login)
	if err != nil {
		err = g.failed("permission of "+login, reply, err)
		if errors.Is(err, ErrNotFound) {
			return false, nil
		}
		return false, err
	}
	return slices.Contains([]string{"admin", "write"}, level.GetPermission()), nil
}

func (g *gitHub) Status(ctx context.Context, commit string, s Status) error {
	state := map[State]string{Pending: "pending", Success: "success", Failure: "failure", Cancelled: "error"}[s.State]
	status := github.RepoStatus{State: &state, Context: &s.Context, Description: new(cut(s.Text, 140))}
	if s.URL != "" {
		status.TargetURL = &s.URL
	}
	_, reply, err := g.client.Repositories.CreateStatus(ctx, g.owner, g.name, commit, status)
	return g.failed("status of "+repository.Short(commit), reply, err)
}

func (g *gitHub) Comment(ctx context.Context, number int, c Comment) error {
	return upsert(ctx, &gitHubNotes{g, number}, c)
}

func (g *gitHub) React(ctx context.Context, _ int, commentID int64, r Reaction) error {
	_, reply, err := g.client.Reactions.CreateIssueCommentReaction(ctx, g.owner, g.name, commentID, string(r))
	return g.failed("reaction", reply, err)
}

// gitHubNotes are the comments on one pull request.
type gitHubNotes struct {
	*gitHub
	number int
}

// self fails for the token of a job, which is no user; the app behind it writes
// as a bot.
func (g *gitHubNotes) self(ctx context.Context) (string, error) {
	user, reply, err := g.client.Users.Get(ctx, "")
	if err == nil {
		return user.GetLogin(), nil
	}
	if reply != nil && reply.Response != nil &&
		slices.Contains([]int{http.StatusForbidden, http.StatusNotFound}, reply.StatusCode) {
		return "", nil
	}
	return "", g.failed("user of the token", reply, err)
}

func (g *gitHubNotes) list(ctx context.Context) ([]note, error) {
	return pages(func(page int) ([]note, int, error) {
		list, reply, err := g.client.Issues.ListComments(ctx, g.owner, g.name, g.number,
			&github.IssueListCommentsOptions{
				ListOptions: github.ListOptions{Page: page, PerPage: pageSize},
			})
		if err != nil {
			return nil, 0, g.failed(fmt.Sprintf("comments on %d", g.number), reply, err)
		}
		return convert(list, func(c *github.IssueComment) note {
			return note{
				id: c.GetID(), author: c.GetUser().GetLogin(), bot: c.GetUser().GetType() == "Bot",
				body: c.GetBody(),
			}
		}), reply.NextPage, nil
	})
}

func (g *gitHubNotes) add(ctx context.Context, body string) (string, error) {
	_, reply, err := g.client.Issues.CreateComment(ctx, g.owner, g.name, g.number,
		github.IssueCommentRequest{Body: body})
	return "", g.failed(fmt.Sprintf("comment on %d", g.number), reply, err)
}

func (g *gitHubNotes) edit(ctx context.Context, id int64, body string) error {
	_, reply, err := g.client.Issues.UpdateComment(ctx, g.owner, g.name, id, github.IssueCommentRequest{Body: body})
	return g.failed(fmt.Sprintf("edit our comment on %d", g.number), reply, err)
}

func (g *gitHubNotes) drop(ctx context.Context, id int64) error {
	reply, err := g.client.Issues.DeleteComment(ctx, g.owner, g.name, id)
	return g.failed(fmt.Sprintf("remove a comment of ours on %d", g.number), reply, err)
}

// pages collects all pages of a list; 0 is no next page.
func pages[T any](read func(page int) ([]T, int, error)) ([]T, error) {
	all := []T{}
	for page := 1; ; {
		list, next, err := read(page)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if next == 0 {
			return all, nil
		}
		if next <= page {
			return nil, fmt.Errorf("page %d is said to follow page %d", next, page)
		}
		page = next
	}
}

func convert[A, B any](list []A, one func(A) B) []B {
	made := make([]B, 0, len(list))
	for _, a := range list {
		made = append(made, one(a))
	}
	return made
}

// sorted orders pull requests by number. One that moves between two pages while
// they are read is there twice, or not at all: the forges list by creation, so
// that only what was closed meanwhile moves the rest.
func sorted(pulls []Pull) []Pull {
	slices.SortFunc(pulls, func(a, b Pull) int { return cmp.Compare(a.Number, b.Number) })
	return slices.CompactFunc(pulls, func(a, b Pull) bool { return a.Number == b.Number })
}

// cut shortens a text to a number of characters.
func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
