package forge

import (
	"cmp"
	"context"
	"fmt"

	"code.gitea.io/sdk/gitea"
	"github.com/google/go-github/v92/github"
	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

func fileOf(path, branch string) string {
	if branch == "" {
		return path + " of the default branch"
	}
	return fmt.Sprintf("%s of branch %s", path, branch)
}

func (g *gitHub) File(ctx context.Context, branch, path string) ([]byte, error) {
	file, _, reply, err := g.client.Repositories.GetContents(ctx, g.owner, g.name, path,
		&github.RepositoryContentGetOptions{Ref: branch})
	if err != nil {
		return nil, g.failed(fileOf(path, branch), reply, err)
	}
	if file == nil {
		return nil, fmt.Errorf("%s: a folder: %w", fileOf(path, branch), ErrNotFound)
	}
	content, err := file.GetContent()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", fileOf(path, branch), err)
	}
	return []byte(content), nil
}

func (g *gitLab) File(ctx context.Context, branch, path string) ([]byte, error) {
	ref := cmp.Or(branch, "HEAD")
	content, reply, err := g.client.RepositoryFiles.GetRawFile(g.project, path, &gitlab.GetRawFileOptions{Ref: &ref},
		gitlab.WithContext(ctx))
	if err != nil {
		return nil, g.failed(fileOf(path, branch), reply, err)
	}
	return content, nil
}

func (g *giteaRepo) File(ctx context.Context, branch, path string) (content []byte, err error) {
	err = g.call(ctx, fileOf(path, branch), func(c *gitea.Client) (reply *gitea.Response, err error) {
		content, reply, err = c.GetFile(g.owner, g.name, branch, path)
		return reply, err
	})
	if err != nil {
		return nil, err
	}
	return content, nil
}
