package forge

import (
	"context"
	"errors"
	"fmt"

	"code.gitea.io/sdk/gitea"
)

// actionsID is the number of the user that the tokens of all jobs write as, of
// those for forks too; its name is another on Forgejo.
// https://github.com/go-gitea/gitea/blob/v1.26.0/models/user/user_system.go
const actionsID = -2

// Comment asks for the pull request first: of one that is not there, Gitea lists
// the comments with an error of its own (500).
func (g *giteaRepo) Comment(ctx context.Context, number int, c Comment) error {
	if _, err := g.Pull(ctx, number); err != nil {
		return err
	}
	return upsert(ctx, g.notes(number), c)
}

// giteaNotes are the comments on one pull request.
type giteaNotes struct {
	*giteaRepo
	number  int64
	vouched map[string]bool // by author
}

func (g *giteaRepo) notes(number int) *giteaNotes {
	return &giteaNotes{giteaRepo: g, number: int64(number), vouched: map[string]bool{}}
}

// self is nobody for a token without the scope read:user; the reply to a new
// comment names its author all the same.
func (g *giteaNotes) self(ctx context.Context) (login string, err error) {
	err = g.call(ctx, "user of the token", func(c *gitea.Client) (*gitea.Response, error) {
		user, reply, err := c.GetMyUserInfo()
		if err == nil {
			login = user.UserName
		}
		return reply, err
	})
	var no *refusedError
	if errors.As(err, &no) {
		return "", nil
	}
	return login, err
}

// vouches takes a comment of somebody who may push for ours: jobs may have had
// another token before, and whoever may push can change any comment as it is.
func (g *giteaNotes) vouches(ctx context.Context, author string) (bool, error) {
	if may, known := g.vouched[author]; known {
		return may, nil
	}
	may, err := g.MayWrite(ctx, author)
	if errors.Is(err, ErrUntold) {
		may, err = false, nil
	}
	if err == nil {
		g.vouched[author] = may
	}
	return may, err
}

func (g *giteaNotes) list(ctx context.Context) (all []note, err error) {
	// Gitea gives all comments of an issue at once, whatever page is asked for.
	err = g.call(ctx, fmt.Sprintf("comments on %d", g.number), func(c *gitea.Client) (*gitea.Response, error) {
		list, reply, err := c.ListIssueComments(g.owner, g.name, g.number, gitea.ListIssueCommentOptions{})
		for _, found := range list {
			n := note{id: found.ID, body: found.Body}
			if found.Poster != nil {
				n.author, n.shared = found.Poster.UserName, found.Poster.ID == actionsID
			}
			all = append(all, n)
		}
		return reply, err
	})
	return all, err
}

func (g *giteaNotes) add(ctx context.Context, body string) (author string, err error) {
	err = g.call(ctx, fmt.Sprintf("comment on %d", g.number), func(c *gitea.Client) (*gitea.Response, error) {
		made, reply, err := c.CreateIssueComment(g.owner, g.name, g.number, gitea.CreateIssueCommentOption{Body: body})
		if err == nil && made.Poster != nil {
			author = made.Poster.UserName
		}
		return reply, err
	})
	return author, err
}

func (g *giteaNotes) edit(ctx context.Context, id int64, body string) error {
	return g.call(ctx, fmt.Sprintf("edit our comment on %d", g.number), func(c *gitea.Client) (*gitea.Response, error) {
		_, reply, err := c.EditIssueComment(g.owner, g.name, id, gitea.EditIssueCommentOption{Body: body})
		return reply, err
	})
}

func (g *giteaNotes) drop(ctx context.Context, id int64) error {
	return g.call(ctx, fmt.Sprintf("remove a comment of ours on %d", g.number),
		func(c *gitea.Client) (*gitea.Response, error) {
			return c.DeleteIssueComment(g.owner, g.name, id)
		})
}
