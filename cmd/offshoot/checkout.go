package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/worktree"
	"github.com/offshoot-dev/offshoot/provision"
)

// checkout is what git says of the folder that the command was called in. All
// but Root is empty where it has nothing to say.
type checkout struct {
	Root   string // of the work tree; the folder itself outside of one
	Remote string // address of origin; may hold a token, never print it
	Branch string // empty when no branch is checked out
	Commit string

	Parents []string  // of the commit
	Made    time.Time // the commit; zero when it does not say
}

func (a placing) checkout(ctx context.Context, dir string) (checkout, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return checkout{}, fmt.Errorf("checkout: %w", err)
	}
	root, found := worktree.Root(real)
	if found {
		found, err = worktree.Readable(ctx, root)
	}
	if err != nil || !found {
		return checkout{Root: dir}, err
	}
	remote, err := worktree.Remote(ctx, root)
	if err != nil {
		return checkout{}, err
	}
	head, err := worktree.ReadHead(ctx, root)
	return checkout{
		Root: root, Remote: remote, Branch: head.Branch, Commit: head.Commit, Parents: head.Parents,
		Made: head.Made,
	}, err
}

// unaliased is the checkout with the host of its remote as SSH would reach it: a
// user with two accounts gives it names of their own. Without an SSH that knows
// more it is as it was, and so it is in a job, whose environment says where the
// forge is.
func (a placing) unaliased(ctx context.Context, git checkout) checkout {
	name := forge.Alias(git.Remote)
	if _, err := forge.Locate(a.lookup, ""); err == nil || name == "" || a.getenv("OFFSHOOT_FORGE_URL") != "" {
		return git
	}
	if real, err := host.Hostname(ctx, name); err == nil && real != name {
		git.Remote = forge.Unaliased(git.Remote, real)
	}
	return git
}

// which is how a command line names a preview.
type which struct {
	pull   int
	branch string
}

// preview identifies the preview that the command line means: by default that
// of the branch that is checked out.
func (a placing) preview(ctx context.Context, cfg *config.Config, w which) (provision.Preview, checkout, error) {
	git, err := a.checkout(ctx, cfg.Dir)
	if err != nil {
		return provision.Preview{}, git, err
	}
	if w.pull == 0 && w.branch == "" {
		w.branch = git.Branch
	}
	preview, err := provision.Identify(git.repository(), cfg.ProjectIn(git.Root), w.pull, w.branch)
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
