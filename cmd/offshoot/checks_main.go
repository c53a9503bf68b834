package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/checks"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/queries"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/internal/worktree"
	"github.com/offshoot-dev/offshoot/provision"
)

// A mainCommit is what is known of the commit that a pull request is based on.
type mainCommit struct {
	branch string // that it is to be merged into; empty: nobody knows
	merged string // what is checked out is a merge with this one
	told   string // by the forge
	// stranger: what is checked out is a fork's, and only the forge is asked.
	stranger bool
	// fetch brings it into a folder that becomes a repository; nil: nobody can.
	fetch func(ctx context.Context, commit, folder string) error
}

// find finds it: where git knows it the commit at which the two parted.
func (m mainCommit) find(ctx context.Context, git checkout) (string, error) {
	switch {
	case worktree.IsCommit(m.merged):
		return m.merged, nil
	case m.stranger && worktree.IsCommit(m.told):
		return m.told, nil
	case m.stranger:
		return "", nil
	}
	branch := m.branch
	if branch == "" {
		var err error
		if branch, err = worktree.Trunk(ctx, git.Root); err != nil || branch == "" {
			return "", err
		}
	}
	commit, err := worktree.Parted(ctx, git.Root, branch)
	if commit == "" && err == nil && worktree.IsCommit(m.told) {
		commit = m.told
	}
	return commit, err
}

// makeMain records main.
func (c *checking) makeMain(ctx context.Context) (made *queries.Recording, err error) {
	err = c.withMain(ctx, func(cfg *config.Config) (err error) {
		made, err = c.record(ctx, c.order(cfg, c.main), "record what main's code asks", nil)
		return err
	})
	return made, err
}

// mainMigrated brings main's code up on the database that the pull request has migrated, and visits its pages. Main's
// own migrations are not run: in production it runs already.
func (c *checking) mainMigrated(
	ctx context.Context, dump string, before *queries.Recording, because func(shape string) string,
) (found *checks.Migrated, err error) {
	err = c.withMain(ctx, func(cfg *config.Config) error {
		cfg.Preview.Migrate = nil
		w := c.order(cfg, c.main)
		w.options.archive, w.options.noTemplate = dump, true
		step := c.ui.Start("run main's code on the migrated database")
		err := c.recordOnce(ctx, w, asProgress(step), func(ctx context.Context, on *recordedStack) (err error) {
			step.Progress(0, 0, "visit pages")
			found, err = c.cfg.Checks.Revisit(ctx, on, before, because)
			return err
		})
		var failed *provision.StepError
		if errors.As(err, &failed) && (failed.Step == provision.StepStart || failed.Step == provision.StepReady) {
			found, err = &checks.Migrated{Broken: []*checks.Broken{{Path: checks.Start, Service: failed.Service}}}, nil
		}
		if err != nil {
			step.Fail("")
			return err
		}
		step.Done(ui.Plural(int64(found.Pages), "page"))
		return nil
	})
	return found, err
}

// withMain does something with the configuration of main's files, which are gone afterwards.
func (c *checking) withMain(ctx context.Context, do func(*config.Config) error) (err error) {
	folder, err := temporaryFolder("checkouts", "main-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := c.exportMain(ctx, folder); err != nil {
		return err
	}
	dir := filepath.Join(folder, filepath.FromSlash(belowRoot(c.cfg.Dir)))
	if _, err := os.Stat(dir); err != nil {
		return errors.New("it has no folder " + belowRoot(c.cfg.Dir))
	}
	cfg, err := c.configOf(dir)
	if err != nil {
		return err
	}
	return do(cfg)
}

// exportMain writes main's files.
func (c *checking) exportMain(ctx context.Context, folder string) (err error) {
	has, err := worktree.HasCommit(ctx, c.git.Root, c.main)
	if err != nil {
		return err
	}
	root := c.git.Root
	if !has {
		if c.fetch == nil {
			return errors.New("it is not in this clone")
		}
		if root, err = temporaryFolder("checkouts", "git-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(root)) }()
		if err := c.fetch(ctx, c.main, root); err != nil {
			return fmt.Errorf("it is not in this clone, and could not be fetched: %w", err)
		}
	}
	into, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer into.Close()
	return worktree.Export(ctx, root, c.main, into)
}

// temporaryFolder makes a private folder in our cache, and removes those that killed runs left there.
func temporaryFolder(name, prefix string) (string, error) {
	parent, err := cacheFolder(name)
	if err != nil {
		return "", err
	}
	entries, _ := os.ReadDir(parent)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && strings.HasPrefix(entry.Name(), prefix) &&
			time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(filepath.Join(parent, entry.Name()))
		}
	}
	folder, err := os.MkdirTemp(parent, prefix) // mode 0700
	if err != nil {
		return "", fmt.Errorf("cache: %w", err)
	}
	return folder, nil
}

// keptBeside are the recordings in our cache, and beside an archive in a bucket.
func keptBeside(ctx context.Context, archive string) checks.Kept {
	folder, _ := cacheFolder("recordings") // without one nothing is found, and nothing kept
	kept := checks.Kept{Folder: folder}
	if !store.IsLocation(archive) {
		return kept
	}
	at, err := store.Parse(archive)
	if err != nil {
		return kept
	}
	if bucket, err := store.Open(ctx); err == nil {
		kept.Bucket, kept.Beside = bucket, at
	}
	return kept
}

// digest is that of the archive that is loaded.
func (s *archives) digest() (string, error) {
	if s.sum != "" {
		return s.sum, nil
	}
	if s.made.path == "" {
		return "", hint.Usage(errors.New("there is no archive"), "")
	}
	file, err := os.Open(s.made.path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	s.sum = hex.EncodeToString(sum.Sum(nil))
	return s.sum, nil
}
