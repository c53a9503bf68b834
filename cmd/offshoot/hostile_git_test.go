package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/standin"
)

// trap is a program that tells by a file that somebody ran it, and a
// configuration that names it wherever git would run one.
type trap struct{ program, sprung, config string }

func newTrap(t *testing.T) trap {
	t.Helper()
	dir := t.TempDir()
	c := trap{program: filepath.Join(dir, "planted"), sprung: filepath.Join(dir, "sprung")}
	if err := os.WriteFile(c.program, []byte("#!/bin/sh\necho \"$0 $*\" >>"+c.sprung+"\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, hook := range []string{
		"post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc",
		"post-checkout",
	} {
		if err := os.Symlink(c.program, filepath.Join(dir, hook)); err != nil {
			t.Fatal(err)
		}
	}
	c.config = strings.NewReplacer("PROGRAM", c.program, "HOOKS", dir).Replace(`[core]
	repositoryformatversion = 1
	fsmonitor = PROGRAM
	sshCommand = PROGRAM
	gitProxy = PROGRAM
	hooksPath = HOOKS
	pager = PROGRAM
	editor = PROGRAM
	askPass = PROGRAM
[extensions]
	partialClone = origin
[remote "origin"]
	url = ssh://git@127.0.0.1:1/acme/shop
	promisor = true
	uploadpack = PROGRAM
[remote "second"]
	url = "ext::PROGRAM %S"
	promisor = true
[protocol]
	allow = always
[protocol "ext"]
	allow = always
[protocol "ssh"]
	allow = always
[protocol "file"]
	allow = always
[alias]
	rev-parse = !PROGRAM
	config = !PROGRAM
	symbolic-ref = !PROGRAM
	cat-file = !PROGRAM
	ls-files = !PROGRAM
[pager]
	config = PROGRAM
	show = PROGRAM
[credential]
	helper = !PROGRAM
[filter "planted"]
	clean = PROGRAM
	smudge = PROGRAM
	process = PROGRAM
	required = true
[log]
	showSignature = true
[gpg]
	program = PROGRAM
[diff]
	external = PROGRAM
[submodule]
	recurse = true
`)
	return c
}

// plant makes a folder that is a repository to git: its newest commit is one
// that only a remote would have.
func (c trap) plant(t *testing.T, folder string) {
	t.Helper()
	for _, inner := range []string{"objects", "refs/heads"} {
		if err := os.MkdirAll(filepath.Join(folder, inner), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(folder, "HEAD"), "ref: refs/heads/main\n")
	write(t, filepath.Join(folder, "packed-refs"),
		"# pack-refs with: peeled fully-peeled sorted\n"+strings.Repeat("a", 40)+" refs/heads/main\n")
	write(t, filepath.Join(folder, "config"), c.config)
}

// hasNotSprung fails where the program ran.
func (c trap) hasNotSprung(t *testing.T, what string) {
	t.Helper()
	if ran, err := os.ReadFile(c.sprung); err == nil {
		t.Errorf("%s ran the stranger's program: %s", what, ran)
		_ = os.Remove(c.sprung)
	}
}

// everyCommand runs what asks git anything, in a folder, and gives each answer
// to look at. None of them finds a preview.
func everyCommand(t *testing.T, folder string, look func(what string)) {
	t.Helper()
	var repository standin.Repository
	event, err := json.Marshal(map[string]any{
		"action": "created", "issue": map[string]any{"number": 7, "pull_request": map[string]any{}},
		"comment": map[string]any{"id": 900, "body": "/preview up", "user": map[string]any{"login": "mallory"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "event.json")
	write(t, file, string(event))
	environment := append(os.Environ(), "GITHUB_ACTIONS=true", "GITHUB_API_URL="+repository.GitHub(t).URL+"/api/v3",
		"GITHUB_TOKEN="+standin.Token,
		"GITHUB_REPOSITORY="+standin.Owner+"/"+standin.Name, "GITHUB_EVENT_NAME=", "GITHUB_OUTPUT=",
		"GITHUB_STEP_SUMMARY=", "CI=")
	for _, args := range [][]string{
		{"ci", "--event", file},
		{"up", "--plan"},
		{"up", "--pr", "7", "--archive", "none.sql"},
		{"down", "--pr", "7"},
		{"logs", "--pr", "7"},
		{"open", "--pr", "7"},
		{"psql", "--pr", "7"},
		{"exec", "--pr", "7", "web", "id"},
		{"stop", "--pr", "7"},
		{"list"},
		{"sweep", "--dry-run"},
		{"doctor"},
		{"init", "--ci", "github"},
	} {
		command := exec.CommandContext(t.Context(), programPath(t), args...)
		command.Dir, command.Env = folder, environment
		if out, err := command.CombinedOutput(); err != nil && strings.Contains(string(out), "unknown flag") {
			t.Fatalf("%q: %s", args, out)
		}
		look("offshoot " + strings.Join(args, " "))
	}
}

func TestHostile_AFolderOfTheCheckoutWantsToBeARepository(t *testing.T) {
	t.Parallel()
	dir, c := gitRepository(t), newTrap(t)
	app := filepath.Join(dir, "app")
	c.plant(t, app)
	write(t, filepath.Join(app, "compose.yaml"), tinyCompose)
	git(t, dir, "add", "-A")
	git(t, dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "app")
	everyCommand(t, app, func(what string) { c.hasNotSprung(t, what) })
}

func TestHostile_AGitFileWantsToNameThePlantedRepository(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newTrap(t)
	c.plant(t, filepath.Join(dir, "planted"))
	write(t, filepath.Join(dir, ".git"), "gitdir: planted\n")
	write(t, filepath.Join(dir, ".gitattributes"), "* filter=planted diff=planted\n")
	write(t, filepath.Join(dir, "compose.yaml"), tinyCompose)
	everyCommand(t, dir, func(what string) { c.hasNotSprung(t, what) })
}

// A container that could write the checkout rewrote what git reads of it. The
// commit is signed, so that git would have somebody check that.
func TestHostile_ARewrittenConfigurationWantsToBeRun(t *testing.T) {
	t.Parallel()
	dir, c := gitRepository(t), newTrap(t)
	write(t, filepath.Join(dir, ".gitattributes"), "* filter=planted diff=planted\n")
	write(t, filepath.Join(dir, "compose.yaml"), tinyCompose)
	git(t, dir, "add", "-A")
	write(t, filepath.Join(dir, "unsigned"),
		"tree "+git(t, dir, "write-tree")+"\nparent "+git(t, dir, "rev-parse", "HEAD")+
			"\nauthor t <t@example.com> 1700000000 +0000\ncommitter t <t@example.com> 1700000000 +0000\n"+
			"gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\nsigned\n")
	git(t, dir, "reset", "-q", "--soft", git(t, dir, "hash-object", "-t", "commit", "-w", "unsigned"))
	write(t, filepath.Join(dir, ".git", "config"), c.config)
	everyCommand(t, dir, func(what string) { c.hasNotSprung(t, what) })

	asked, err := here().checkout(t.Context(), dir)
	if err != nil || asked.Made.Unix() != 1700000000 {
		t.Errorf("the commit is of %v, %v", asked.Made, err)
	}
	c.hasNotSprung(t, "reading the commit")
}

// What git is given holds no secret of the job, whatever comes to run.
func TestHostile_AProgramOfGitWantsTheEnvironmentOfTheJob(t *testing.T) {
	dir := gitRepository(t)
	bin := t.TempDir()
	seen := filepath.Join(bin, "seen")
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte("#!/bin/sh\nenv >>"+seen+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("PRODUCTION_DATABASE_URL", "postgres://u:hunter2hunter2@db/shop")
	t.Setenv("GIT_SSH_COMMAND", "hunter2hunter2")
	if _, err := here().checkout(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	environment, err := os.ReadFile(seen)
	if err != nil || !strings.Contains(string(environment), "GIT_NO_LAZY_FETCH=1") ||
		strings.Contains(string(environment), "hunter2") {
		t.Errorf("%v: git sees a secret of the job, or not what it has to", err)
	}
}

// Who may ask is known before git is called, and before the configuration, which
// here is none, is read.
func TestHostile_ACommentWantsTheCheckoutToBeReadBeforeItsAuthorIsKnown(t *testing.T) {
	c := newTrap(t)
	t.Chdir(t.TempDir())
	write(t, config.Name, "nonsense: [\n")
	write(t, ".git", "gitdir: planted\n")
	bin := t.TempDir()
	if err := os.Symlink(c.program, filepath.Join(bin, "git")); err != nil {
		t.Fatal(err)
	}
	repository, output := &standin.Repository{JobToken: true}, filepath.Join(bin, "output")
	repository.Put(forge.Pull{Number: 7, Commit: strings.Repeat("a", 40), Base: "main", Open: true, Fork: true})
	repository.Allow("wendy", "write")
	for name, value := range map[string]string{
		"PATH": bin, "GITHUB_ACTIONS": "true", "GITHUB_API_URL": repository.GitHub(t).URL + "/api/v3",
		"GITHUB_TOKEN":      standin.Token,
		"GITHUB_REPOSITORY": standin.Owner + "/" + standin.Name, "GITHUB_EVENT_NAME": "", "GITHUB_OUTPUT": output,
		"OFFSHOOT_FORGE_TOKEN": "",
	} {
		t.Setenv(name, value)
	}
	for author, commit := range map[string]string{"mallory": "", "wendy": strings.Repeat("a", 40)} {
		event, err := json.Marshal(map[string]any{
			"action": "created", "issue": map[string]any{"number": 7, "pull_request": map[string]any{}},
			"comment": map[string]any{
				"id": repository.Say(7, author, "/preview up"), "body": "/preview up",
				"user": map[string]any{"login": author},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(bin, author)
		write(t, file, string(event))
		out, errs, code := capturedWith(t, os.LookupEnv, "ci", "--commit", "--event", file)
		if written, err := os.ReadFile(output); code != exitDone || strings.TrimSpace(out) != commit || err != nil ||
			!strings.HasSuffix(string(written), "commit="+commit+"\n") {
			t.Errorf("%s: exit %d, %s%s, %v", author, code, out, errs, err)
		}
		if author == "mallory" {
			if _, errs, code := capturedWith(t, os.LookupEnv, "ci", "--event", file); code != exitDone ||
				!strings.Contains(errs, "may not write") {
				t.Errorf("exit %d: %s", code, errs)
			}
		}
		c.hasNotSprung(t, "a job for "+author)
	}
}
