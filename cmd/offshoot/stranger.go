package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"

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
func (a *app) strangersConfig(ctx context.Context, f forge.Forge, pull forge.Pull, git checkout) (cfg *Config, ignored []string, wrong, err error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, nil, nil, fmt.Errorf("working directory: %w", err)
	}
	base, plain, err := a.baseConfig(ctx, f, dir)
	if err != nil {
		return nil, nil, nil, err
	}
	own, wrong := loadStrangers(dir)
	if wrong != nil {
		own = &Config{Dir: dir}
	}
	cfg = base.forStranger(own)
	cfg.Project = base.projectIn(git)
	return cfg, onlyOfTheBase(own, plain), wrong, nil
}

func loadStrangers(dir string) (*Config, error) {
	if err := refuseLink(dir); err != nil {
		return nil, err
	}
	return loadConfig(dir, noVariables)
}

func noVariables(string) (string, bool) { return withheld, true }

// refuseLink keeps a fork from having a file of this computer read, of which an
// error shows the keys.
func refuseLink(dir string) error {
	path, err := findConfig(dir)
	if err != nil || path == "" {
		return err
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 {
		return hint.Usage(fmt.Errorf("configuration: %s is a link", configName), "in a fork it has to be a file")
	}
	return nil
}

// baseConfig reads the configuration that the default branch has for a folder of
// the checkout, from the forge. Plain is the same without the variables of the
// job, as a fork's is read.
func (a *app) baseConfig(ctx context.Context, f forge.Forge, dir string) (base, plain *Config, err error) {
	defaults := PreviewConfig{Expires: defaultExpires}
	base, plain = &Config{Dir: dir, Preview: defaults}, &Config{Dir: dir, Preview: defaults}
	name, data, err := readBase(ctx, f, belowRoot(dir))
	if err != nil || name == "" {
		return base, plain, err
	}
	base.Path = filepath.Join(rootOf(dir), filepath.FromSlash(name))
	base.Dir = filepath.Dir(base.Path)
	title := name + " of the default branch"
	if err := base.parse(title, data, a.lookup); err != nil {
		return nil, nil, err
	}
	if err := plain.parse(title, data, noVariables); err != nil {
		return nil, nil, err
	}
	a.hide(base)
	return base, plain, nil
}

// readBase looks for the file where findConfig does: in the folder, and above.
func readBase(ctx context.Context, f forge.Forge, folder string) (name string, data []byte, err error) {
	for ; ; folder = path.Dir(folder) {
		name = path.Join(folder, configName)
		data, err = f.File(ctx, "", name)
		switch {
		case err == nil && len(data) > mostConfig:
			return "", nil, hint.Usage(fmt.Errorf("configuration: %s of the default branch is larger than %d KiB", name, mostConfig>>10), "")
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

// forStranger is what is left of a fork's configuration, on top of the base
// branch's. The list is of what a stranger may say: what the preview is made of.
// Data, machine, money, and who may look are the base branch's. No source, no
// key, no file of this computer, and no right at AWS is anybody's here.
func (c *Config) forStranger(own *Config) *Config {
	of, by := c.Preview, own.Preview
	made := &Config{
		Path: own.Path, Dir: own.Dir, Stranger: true,
		Project: c.Project, Provider: c.Provider, EC2: c.EC2, Pulls: c.Pulls, Sweep: c.Sweep,
		Preview: PreviewConfig{
			Compose: by.Compose, Profiles: by.Profiles, Without: by.Without, EnvFiles: by.EnvFiles, Build: by.Build,
			Database: by.Database, DatabaseName: by.DatabaseName, Migrate: by.Migrate, Expose: by.Expose,
			Environment: by.Environment, Mounts: copies(by.Mounts),
			Expires: of.Expires, KeepSeeds: of.KeepSeeds, Port: of.Port, Domain: of.Domain, Public: of.Public, ACME: of.ACME, Wildcard: of.Wildcard,
		},
	}
	made.EC2.Profile = ""
	if !filepath.IsAbs(made.EC2.Binary) {
		made.EC2.Binary = "" // of the checkout, so the stranger's
	}
	return made
}

// copies leaves out what is shared of the checkout.
func copies(mounts map[string]string) map[string]string {
	var kept map[string]string
	for path, what := range mounts {
		if what == "shared" {
			continue
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[path] = what
	}
	return kept
}

// onlyOfTheBase names the keys that a fork's file changes in vain.
func onlyOfTheBase(own, base *Config) []string {
	var changed []string
	for _, key := range []struct {
		name      string
		own, base any
	}{
		{"project", own.Project, base.Project},
		{"source", own.Source, base.Source},
		{"subset", own.Subset, base.Subset},
		{"mask", own.Mask, base.Mask},
		{"schema", own.Schema, base.Schema},
		{"scanned", own.Scanned, base.Scanned},
		{"privacy", own.Privacy, base.Privacy},
		{"preview.database.databases", own.Preview.Databases, base.Preview.Databases},
		{"preview.expires", own.Preview.Expires, base.Preview.Expires},
		{"preview.keep_seeds", own.Preview.KeepSeeds, base.Preview.KeepSeeds},
		{"preview.allow", own.Preview.Allow, base.Preview.Allow},
		{"preview.port", own.Preview.Port, base.Preview.Port},
		{"preview.domain", own.Preview.Domain, base.Preview.Domain},
		{"preview.public", own.Preview.Public, base.Preview.Public},
		{"preview.acme", []any{own.Preview.ACME, own.Preview.Wildcard}, []any{base.Preview.ACME, base.Preview.Wildcard}},
		{"pull_requests", own.Pulls, base.Pulls},
		{"sweep", own.Sweep, base.Sweep},
		{"provider", own.Provider, base.Provider},
		{"ec2", own.EC2, base.EC2},
	} {
		if !reflect.DeepEqual(key.own, key.base) {
			changed = append(changed, key.name)
		}
	}
	return changed
}

// prepare reads the checkout. Of a pull request from elsewhere it is a
// stranger's.
func (p *ciPreviews) prepare(ctx context.Context, pull forge.Pull) (err error) {
	if p.git, err = p.checkoutHere(ctx); err != nil {
		return err
	}
	if p.stranger = pull.Fork; !p.stranger {
		p.cfg, err = p.config()
		return err
	}
	var ignored []string
	p.cfg, ignored, p.wrong, err = p.strangersConfig(ctx, p.forge, pull, p.git)
	if len(ignored) > 0 {
		p.ui.Warn("the fork's " + configName + " does not decide about " + strings.Join(ignored, ", ") + ": that of " + pull.Base + " does")
	}
	return err
}
