package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/worktree"
)

// strangersConfig is the configuration of a job for a fork. Its own file is a
// stranger's, also where its job has secrets: after a maintainer's comment or
// label, or the stranger's own comment. It says what the preview is made of;
// what reaches beyond that is as the default branch's file says: which branch a
// pull request is for its author decides, also after an approval. It sees no
// variable of the job. What is wrong with it is told apart: a preview can be
// removed whatever its file says.
func (a placing) strangersConfig(
	ctx context.Context, f forge.Forge, pull forge.Pull, git checkout,
) (cfg *config.Config, ignored []string, wrong, err error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, nil, nil, fmt.Errorf("working directory: %w", err)
	}
	base, plain, err := a.baseConfig(ctx, f, dir)
	if err != nil {
		return nil, nil, nil, err
	}
	own, wrong := config.LoadForStranger(dir)
	if wrong != nil {
		own = &config.Config{Dir: dir}
	}
	cfg = base.ForStranger(own)
	cfg.Project = base.ProjectIn(git.Root)
	return cfg, config.Ignored(own, plain), wrong, nil
}

// baseConfig reads the configuration that the default branch has for a folder of
// the checkout, from the forge. Plain is the same without the variables of the
// job, as a fork's is read.
func (a placing) baseConfig(ctx context.Context, f forge.Forge, dir string) (base, plain *config.Config, err error) {
	base, plain = config.Default(dir), config.Default(dir)
	name, data, err := readBase(ctx, f, belowRoot(dir))
	if err != nil || name == "" {
		return base, plain, err
	}
	base.Path = filepath.Join(rootOf(dir), filepath.FromSlash(name))
	base.Dir = filepath.Dir(base.Path)
	title := name + " of the default branch"
	if err := base.Parse(title, data, a.lookup); err != nil {
		return nil, nil, err
	}
	if err := plain.Parse(title, data, config.NoVariables); err != nil {
		return nil, nil, err
	}
	a.hide(base)
	return base, plain, nil
}

// readBase looks for the file where findConfig does: in the folder, and above.
func readBase(ctx context.Context, f forge.Forge, folder string) (name string, data []byte, err error) {
	for ; ; folder = path.Dir(folder) {
		name = path.Join(folder, config.Name)
		data, err = f.File(ctx, "", name)
		switch {
		case err == nil && len(data) > config.MaxSize:
			return "", nil,
				hint.Usage(fmt.Errorf("configuration: %s of the default branch is larger than %d KiB", name,
					config.MaxSize>>10), "")
		case err == nil:
			return name, data, nil
		case !errors.Is(err, forge.ErrNotFound):
			return "", nil, fmt.Errorf("configuration of the default branch: %w", err)
		case folder == ".":
			return "", nil, nil
		}
	}
}

// rootOf is the root of the checkout that a folder is in; the folder itself
// where it is in none.
func rootOf(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if root, found := worktree.Root(dir); found {
		return root
	}
	return dir
}

// belowRoot names a folder from the root of its checkout, with slashes.
func belowRoot(dir string) string {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "."
	}
	below, err := filepath.Rel(rootOf(dir), real)
	if err != nil {
		return "."
	}
	return filepath.ToSlash(below)
}

// prepare reads the checkout. Of a pull request from elsewhere it is a
// stranger's.
func (p *ciPreviews) prepare(ctx context.Context, pull forge.Pull) (err error) {
	if p.git, err = p.checkoutHere(ctx); err != nil {
		return err
	}
	p.pull = pull
	if p.stranger = pull.Fork; !p.stranger {
		p.cfg, err = p.config()
		return err
	}
	var ignored []string
	p.cfg, ignored, p.wrong, err = p.strangersConfig(ctx, p.forge, pull, p.git)
	if len(ignored) > 0 {
		p.ui.Warn("the fork's " + config.Name + " does not decide about " + strings.Join(ignored, ", ") +
			": that of " + pull.Base + " does")
	}
	return err
}
