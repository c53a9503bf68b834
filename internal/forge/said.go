package forge

import (
	"context"
	"strings"
)

// said reads what upsert has written last: the oldest of our comments is the one
// that stays.
func said(ctx context.Context, on notes, c Comment) (string, error) {
	if _, err := c.body(); err != nil {
		return "", err
	}
	self, err := on.self(ctx)
	if err != nil {
		return "", err
	}
	ours, err := find(ctx, on, c, self)
	if err != nil || lacking(ours, self) {
		return "", err
	}
	body := strings.ReplaceAll(ours[0].body, "\r\n", "\n")
	return strings.TrimPrefix(strings.TrimPrefix(body, c.opening()), "\n"), nil
}

func (g *gitHub) Said(ctx context.Context, number int, marker string) (string, error) {
	return said(ctx, &gitHubNotes{g, number}, Comment{Marker: marker})
}

func (g *gitLab) Said(ctx context.Context, number int, marker string) (string, error) {
	return said(ctx, &gitLabNotes{g, int64(number)}, Comment{Marker: marker})
}

// Said asks for the pull request first, as Comment does.
func (g *giteaRepo) Said(ctx context.Context, number int, marker string) (string, error) {
	if _, err := g.Pull(ctx, number); err != nil {
		return "", err
	}
	return said(ctx, g.notes(number), Comment{Marker: marker})
}
