package forge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/offshoot-dev/offshoot/internal/repository"
)

// gitLab is one project on a GitLab.
type gitLab struct {
	client  *gitlab.Client
	project string
}

func openGitLab(at Location, client *http.Client, token, agent string) (*gitLab, error) {
	// Our own transport tries again; two layers of that would multiply.
	c,
		err := gitlab.NewClient(token, gitlab.WithBaseURL(at.API), gitlab.WithHTTPClient(client),
		gitlab.WithoutRetries(),
		gitlab.WithUserAgent(agent), gitlab.WithURLWarningLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", at.Repository, err)
	}
	return &gitLab{client: c, project: at.Repository}, nil
}

func (g *gitLab) failed(what string, reply *gitlab.Response, err error) error {
	status := 0
	if reply != nil && reply.Response != nil {
		status = reply.StatusCode
	}
	var said *gitlab.ErrorResponse
	if errors.As(err, &said) {
		err = fmt.Errorf("GitLab answers %d: %s", status, said.Message)
	}
	return refused(status, asked(what, status, err))
}

func (g *gitLab) Pull(ctx context.Context, number int) (Pull, error) {
	mr, reply, err := g.client.MergeRequests.GetMergeRequest(g.project, int64(number), nil, gitlab.WithContext(ctx))
	if err != nil {
		return Pull{}, g.failed(fmt.Sprintf("merge request %d", number), reply, err)
	}
	made := g.pull(&mr.BasicMergeRequest)
	made.BaseCommit = mr.DiffRefs.BaseSha
	return made, nil
}

func (g *gitLab) OpenPulls(ctx context.Context) ([]Pull, error) {
	all, err := pages(func(page int) ([]Pull, int, error) {
		list, reply, err := g.client.MergeRequests.ListProjectMergeRequests(g.project,
			&gitlab.ListProjectMergeRequestsOptions{
				State: new("opened"), OrderBy: new("created_at"), Sort: new("asc"),
				ListOptions: gitlab.ListOptions{Page: int64(page), PerPage: pageSize},
			}, gitlab.WithContext(ctx))
		if err != nil {
			return nil, 0, g.failed("open merge requests", reply, err)
		}
		return convert(list, g.pull), int(reply.NextPage), nil
	})
	return sorted(all), err
}

func (g *gitLab) pull(mr *gitlab.BasicMergeRequest) Pull {
	made := Pull{
		Number: int(mr.IID), Title: mr.Title, URL: mr.WebURL,
		Commit: mr.SHA, Branch: mr.SourceBranch, Base: mr.TargetBranch,
		// It is locked for the moment in which it is merged.
		Open: mr.State == "opened" || mr.State == "locked", Merged: mr.State == "merged", Draft: mr.Draft,
		Fork:   mr.SourceProjectID != mr.TargetProjectID,
		Labels: append([]string{}, mr.Labels...),
	}
	if mr.Author != nil {
		made.Author = mr.Author.Username
	}
	if mr.UpdatedAt != nil {
		made.Updated = *mr.UpdatedAt
	}
	return made
}

// MayWrite looks a person up among the members, those of the groups above and
// of invited groups included: developers may push.
func (g *gitLab) MayWrite(ctx context.Context, login string) (bool, error) {
	users, reply, err := g.client.Users.ListUsers(&gitlab.ListUsersOptions{Username: &login}, gitlab.WithContext(ctx))
	if err != nil {
		return false, g.failed("user "+login, reply, err)
	}
	for _, user := range users {
		if !strings.EqualFold(user.Username, login) {
			continue
		}
		member, reply, err := g.client.ProjectMembers.GetInheritedProjectMember(g.project, user.ID,
			gitlab.WithContext(ctx))
		if err != nil {
			err = g.failed("permission of "+login, reply, err)
			if errors.Is(err, ErrNotFound) {
				return false, nil
			}
			return false, err
		}
		return member.AccessLevel >= gitlab.DeveloperPermissions && member.State == "active", nil
	}
	return false, nil
}

// Status sets the state of an external job. GitLab refuses to set the state
// that it has already.
func (g *gitLab) Status(ctx context.Context, commit string, s Status) error {
	state := map[State]gitlab.BuildStateValue{
		Pending: gitlab.Running, Success: gitlab.Success, Failure: gitlab.Failed, Cancelled: gitlab.Canceled,
	}[s.State]
	options := &gitlab.SetCommitStatusOptions{State: state, Name: &s.Context, Description: new(cut(s.Text, 140))}
	if s.URL != "" {
		options.TargetURL = &s.URL
	}
	_, reply, err := g.client.Commits.SetCommitStatus(g.project, commit, options, gitlab.WithContext(ctx))
	if err != nil && reply != nil && reply.StatusCode == http.StatusBadRequest &&
		strings.Contains(err.Error(), "Cannot transition status") {
		return nil
	}
	return g.failed("status of "+repository.Short(commit), reply, err)
}

func (g *gitLab) Comment(ctx context.Context, number int, c Comment) error {
	return upsert(ctx, &gitLabNotes{g, int64(number)}, c)
}

func (g *gitLab) React(ctx context.Context, number int, commentID int64, r Reaction) error {
	name := map[Reaction]string{Seen: "eyes", Agreed: "thumbsup", Refused: "thumbsdown"}[r]
	_, reply, err := g.client.AwardEmoji.CreateMergeRequestAwardEmojiOnNote(g.project, int64(number), commentID,
		&gitlab.CreateAwardEmojiOptions{Name: name}, gitlab.WithContext(ctx))
	if err = g.failed("reaction", reply, err); errors.Is(err, ErrNotFound) {
		return nil // this is how GitLab says that it is there already
	}
	return err
}

// gitLabNotes are the notes on one merge request.
type gitLabNotes struct {
	*gitLab
	number int64
}

func (g *gitLabNotes) self(ctx context.Context) (string, error) {
	user, reply, err := g.client.Users.CurrentUser(gitlab.WithContext(ctx))
	if err != nil {
		return "", g.failed("user of the token", reply, err)
	}
	return user.Username, nil
}

func (g *gitLabNotes) list(ctx context.Context) ([]note, error) {
	return pages(func(page int) ([]note, int, error) {
		list, reply, err := g.client.Notes.ListMergeRequestNotes(g.project, g.number,
			&gitlab.ListMergeRequestNotesOptions{
				Sort: new("asc"), OrderBy: new("created_at"),
				ListOptions: gitlab.ListOptions{Page: int64(page), PerPage: pageSize},
			}, gitlab.WithContext(ctx))
		if err != nil {
			return nil, 0, g.failed(fmt.Sprintf("notes on %d", g.number), reply, err)
		}
		return convert(list, func(n *gitlab.Note) note {
			return note{id: n.ID, author: n.Author.Username, body: n.Body}
		}), int(reply.NextPage), nil
	})
}

func (g *gitLabNotes) add(ctx context.Context, body string) (string, error) {
	_, reply, err := g.client.Notes.CreateMergeRequestNote(g.project, g.number,
		&gitlab.CreateMergeRequestNoteOptions{Body: &body}, gitlab.WithContext(ctx))
	return "", g.failed(fmt.Sprintf("note on %d", g.number), reply, err)
}

func (g *gitLabNotes) edit(ctx context.Context, id int64, body string) error {
	_, reply, err := g.client.Notes.UpdateMergeRequestNote(g.project, g.number, id,
		&gitlab.UpdateMergeRequestNoteOptions{Body: &body}, gitlab.WithContext(ctx))
	return g.failed(fmt.Sprintf("edit our note on %d", g.number), reply, err)
}

func (g *gitLabNotes) drop(ctx context.Context, id int64) error {
	reply, err := g.client.Notes.DeleteMergeRequestNote(g.project, g.number, id, gitlab.WithContext(ctx))
	return g.failed(fmt.Sprintf("remove a note of ours on %d", g.number), reply, err)
}
