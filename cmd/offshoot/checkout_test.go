package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

// here is what commands stand on, with the test's own surroundings.
func here() placing {
	a := &app{
		environ: os.Environ(), lookup: os.LookupEnv, secrets: &ui.Secrets{}, stdout: os.Stdout,
		stderr: os.Stderr,
	}
	return a.above()
}

// gitRepository makes a git checkout with one commit and returns it without
// symbolic links, as git names it.
func gitRepository(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "-q", "-b", "feature/cart")
	git(t, dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "--allow-empty", "-m", "first")
	return dir
}

func TestCheckout_AsksGit(t *testing.T) {
	dir := gitRepository(t)
	git(t, dir, "remote", "add", "origin", "https://token@example.com/acme/shop.git")
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := here().checkout(t.Context(), sub)
	if err != nil {
		t.Fatal(err)
	}
	want := checkout{
		Root: dir, Remote: "https://token@example.com/acme/shop.git", Branch: "feature/cart",
		Commit: git(t, dir, "rev-parse", "HEAD"),
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(checkout{}, "Made")); diff != "" ||
		time.Since(got.Made) > time.Hour {
		t.Errorf("made %v: %s", got.Made, diff)
	}
	git(t, dir, "checkout", "-q", "--detach")
	if got, err := here().checkout(t.Context(), dir); err != nil || got.Branch != "" {
		t.Errorf("detached: %+v, %v", got, err)
	}
}

func TestCheckout_OutsideOfOneIsTheFolder(t *testing.T) {
	dir := t.TempDir()
	got, err := here().checkout(t.Context(), dir)
	if diff := cmp.Diff(checkout{Root: dir}, got); diff != "" || err != nil {
		t.Errorf("%s, %v", diff, err)
	}
}

func TestPreview_IsNamedAfterRepositoryAndBranch(t *testing.T) {
	dir := gitRepository(t)
	git(t, dir, "remote", "add", "origin", "git@example.com:acme/shop.git")
	for _, c := range []struct {
		name string
		cfg  config.Config
		w    which
		want provision.Preview
	}{
		{
			"pull request",
			config.Config{Dir: dir},
			which{pull: 12},
			provision.Preview{
				ID: "shop-pr-12", Project: "shop", Name: "pr-12", Repository: "example.com/acme/shop",
				PullRequest: 12,
			},
		},
		{
			"project of the configuration",
			config.Config{Dir: dir, Project: "plants"},
			which{branch: "main"},
			provision.Preview{
				ID: "plants-main", Project: "plants", Name: "main", Repository: "example.com/acme/shop",
				Branch: "main",
			},
		},
		{
			"folder of a bigger repository",
			config.Config{Dir: filepath.Join(dir, "web"), Path: filepath.Join(dir, "web", config.Name)},
			which{branch: "main"},
			provision.Preview{
				ID: "web-main", Project: "web", Name: "main", Repository: "example.com/acme/shop",
				Branch: "main",
			},
		},
	} {
		if err := os.MkdirAll(c.cfg.Dir, 0o755); err != nil {
			t.Fatal(err)
		}
		got, _, err := here().preview(t.Context(), &c.cfg, c.w)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %s, %v", c.name, diff, err)
		}
	}
	got, _, err := here().preview(t.Context(), &config.Config{Dir: dir}, which{})
	if err != nil || got.Branch != "feature/cart" {
		t.Errorf("without a flag: %+v, %v", got, err)
	}
	git(t, dir, "checkout", "-q", "--detach")
	if _, _, err = here().preview(t.Context(), &config.Config{Dir: dir}, which{}); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("detached and without a flag: %v", err)
	}
}

func TestFlags_PullRequestsAndDurations(t *testing.T) {
	var pull pullFlag
	for value, want := range map[string]int{"12": 12, "#7": 7} {
		if err := pull.Set(value); err != nil || int(pull) != want {
			t.Errorf("%s: %d, %v", value, pull, err)
		}
	}
	for _, value := range []string{"", "0", "-1", "#", "x", "1.5", "##1"} {
		if err := pull.Set(value); err == nil {
			t.Errorf("%q is taken for %d", value, pull)
		}
	}
	var expires durationFlag
	if err := expires.Set("2d"); err != nil || expires.String() != "48h0m0s" {
		t.Errorf("2d: %s, %v", expires.String(), err)
	}
}

func TestCheckout_AliasOfSSHLeadsToItsForge(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ssh"), "#!/bin/sh\n[ \"$*\" = '-G -- github-work' ] && echo 'hostname github.com'\n")
	if err := os.Chmod(filepath.Join(dir, "ssh"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	job := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop"}
	for _, c := range []struct {
		env          map[string]string
		remote, want string
	}{
		{nil, "git@github-work:acme/shop.git", "ssh://git@github.com/acme/shop.git"},
		{nil, "git@another:acme/shop.git", "git@another:acme/shop.git"}, // ssh has no answer
		{nil, "https://github-work/acme/shop.git", "https://github-work/acme/shop.git"},
		{job, "git@github-work:acme/shop.git", "git@github-work:acme/shop.git"},
		{
			map[string]string{"OFFSHOOT_FORGE_URL": "https://github.com"},
			"git@github-work:acme/shop.git",
			"git@github-work:acme/shop.git",
		},
	} {
		a := here()
		a.lookup = func(name string) (string, bool) { value, ok := c.env[name]; return value, ok }
		if got := a.unaliased(t.Context(), checkout{Remote: c.remote}).Remote; got != c.want {
			t.Errorf("%s with %v: %s", c.remote, c.env, got)
		}
	}
}

func TestCI_LinksOfTheRunHaveOneSlash(t *testing.T) {
	for _, server := range []string{"https://git.acme.test", "https://git.acme.test/"} {
		a := here()
		env := map[string]string{"GITHUB_SERVER_URL": server, "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "7"}
		a.lookup = func(name string) (string, bool) { value, ok := env[name]; return value, ok }
		if got := (jobs{a}).runURL(); got != "https://git.acme.test/acme/shop/actions/runs/7" {
			t.Error(got)
		}
	}
}
