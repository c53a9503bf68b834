package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision"
)

// checkout is what git says of the folder that the command was called in. All
// but Root is empty where it has nothing to say.
type checkout struct {
	Root   string // of the work tree; the folder itself outside of one
	Remote string // address of origin; may hold a token, never print it
	Branch string // empty when no branch is checked out
	Commit string
}

func (a *app) checkout(ctx context.Context, dir string) (checkout, error) {
	root, err := a.git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return checkout{}, err
	}
	if root == "" {
		return checkout{Root: dir}, nil
	}
	c := checkout{Root: root}
	for _, ask := range []struct {
		into *string
		args []string
	}{
		{&c.Remote, []string{"config", "--get", "remote.origin.url"}},
		{&c.Branch, []string{"symbolic-ref", "--quiet", "--short", "HEAD"}},
		{&c.Commit, []string{"rev-parse", "--quiet", "--verify", "HEAD^{commit}"}},
	} {
		if *ask.into, err = a.git(ctx, dir, ask.args...); err != nil {
			return checkout{}, err
		}
	}
	return c, nil
}

// git asks one question; having no answer, or no git, is an empty one.
func (a *app) git(ctx context.Context, dir string, args ...string) (string, error) {
	var out bytes.Buffer
	err := host.Local{}.Run(ctx, host.Command{
		Args: append([]string{"git", "-C", dir}, args...), Env: a.environ, Stdout: &out,
	})
	if ctx.Err() != nil {
		return "", err
	}
	if err != nil {
		return "", nil
	}
	return strings.TrimSpace(out.String()), nil
}

// which is how a command line names a preview.
type which struct {
	pull   int
	branch string
}

// preview identifies the preview that the command line means: by default that
// of the branch that is checked out.
func (a *app) preview(ctx context.Context, cfg *Config, w which) (provision.Preview, checkout, error) {
	git, err := a.checkout(ctx, cfg.Dir)
	if err != nil {
		return provision.Preview{}, git, err
	}
	if w.pull == 0 && w.branch == "" {
		w.branch = git.Branch
	}
	preview, err := provision.Identify(git.repository(), cfg.projectIn(git), w.pull, w.branch)
	if err != nil {
		return preview, git, fmt.Errorf("identify the preview: %w", err)
	}
	return preview, git, nil
}

func (c checkout) repository() string {
	if c.Remote != "" {
		return c.Remote
	}
	return c.Root
}

// projectIn names the project: as configured, else after its own folder when
// that is not the whole repository.
func (c *Config) projectIn(git checkout) string {
	if c.Project != "" || c.Dir == git.Root || c.Path == "" {
		return c.Project
	}
	return filepath.Base(c.Dir)
}
