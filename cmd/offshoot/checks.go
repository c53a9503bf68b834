package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/checks"
	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/queries"
	"github.com/offshoot-dev/offshoot/internal/report"
	"github.com/offshoot-dev/offshoot/internal/repository"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

// A checking compares what the checkout's code asks of its database with what main's code does, once the preview
// answers. Nobody waits for it, and what goes wrong with it is told and fails nothing. A nil one compares nothing.
type checking struct {
	making
	cfg   *config.Config
	git   checkout
	main  string // the commit to compare with; empty: not known
	wrong string // why there is nothing to compare with
	// fetch brings main into a folder that becomes a repository, where the clone lacks it; nil: nobody can.
	fetch func(ctx context.Context, commit, folder string) error

	ui       *ui.UI
	archives *archives

	report *checks.Report // what it came to; nil: nothing yet
}

// newChecking prepares it, where there is something to compare. The base is the commit that a pull request is based on,
// where somebody knows that; a checkout of that very commit is compared with nothing.
func (a making) newChecking(ctx context.Context, cfg *config.Config, o upOptions, base mainCommit) *checking {
	if cfg.Checks.Off || o.keepData {
		return nil
	}
	git, err := a.checkout(ctx, cfg.Dir)
	if err != nil || git.Commit == "" {
		return nil
	}
	c := &checking{making: a, cfg: cfg, git: git, fetch: base.fetch}
	switch c.main, err = base.find(ctx, git); {
	case err != nil:
		c.wrong = err.Error()
	case c.main == git.Commit, c.main == "" && base.branch == "":
		return nil
	case c.main == "":
		c.wrong = "the commit that the pull request is based on is not known here"
	case cfg.Checks.Unset != nil:
		c.wrong = cfg.Checks.Unset.Error()
	}
	return c
}

// checkRun refuses a service to run the team's command in that the compose file lacks. What is wrong with the file is
// told by whoever makes something of it; a fork's is not what the configuration is about.
func checkRun(ctx context.Context, cfg *config.Config) error {
	run := cfg.Checks.Run
	if cfg.Checks.Off || run == nil || cfg.Stranger {
		return nil
	}
	project, _, err := compose.Load(ctx, cfg.ComposeSource())
	if project == nil || err != nil || slices.Contains(project.ServiceNames(), run.Service) {
		return nil
	}
	return hint.Usage(fmt.Errorf("checks.run: no service %q in the compose file", run.Service),
		"checks.run.service is one of %s", strings.Join(project.ServiceNames(), ", "))
}

// attach says where the archive is, and who shows what goes on.
func (c *checking) attach(u *ui.UI, archives *archives) {
	if c != nil {
		c.ui, c.archives = u, archives
	}
}

// due tells whether there is something to compare once a preview answers.
func (c *checking) due(result *provision.Result) bool {
	return c != nil && c.report == nil && result != nil && result.Loaded != nil
}

// pending tells whether that is going to take a while.
func (c *checking) pending(result *provision.Result) bool { return c.due(result) && c.wrong == "" }

// kept are the recordings that are kept for the archive that is loaded.
func (c *checking) kept(ctx context.Context) checks.Kept {
	if c.cfg.Stranger {
		return keptBeside(ctx, "")
	}
	return keptBeside(ctx, c.archives.options.archive)
}

func (c *checking) key(archive string) checks.Key {
	return checks.Key{Commit: c.main, Archive: archive, Settings: c.cfg.Checks.Digest()}
}

// A loadFunc says in the options where the archives are.
type loadFunc = func(context.Context, *provision.Options) error

// load finds the archives, and what main's code asks, for the rehearsal, where that is kept.
func (c *checking) load(load loadFunc) loadFunc {
	if c == nil {
		return load
	}
	return func(ctx context.Context, o *provision.Options) error {
		if err := load(ctx, o); err != nil {
			return err
		}
		if o.Migrate != nil && o.Rehearse && c.wrong == "" {
			o.Code = c.code(ctx)
		}
		return nil
	}
}

// patienceOfBucket is how long the preview waits for what may be kept in a bucket.
const patienceOfBucket = 3 * time.Second

// code are the statements of main's code, where they are kept.
func (c *checking) code(ctx context.Context) []compat.Statement {
	ctx, cancel := context.WithTimeout(ctx, patienceOfBucket)
	defer cancel()
	kept := c.kept(ctx)
	if kept.Bucket == nil && !kept.Has(c.main) {
		return nil
	}
	sum, err := c.archives.digest()
	if err != nil {
		return nil
	}
	recording, err := kept.Get(ctx, c.key(sum))
	if err != nil {
		return nil
	}
	return sentBy(recording)
}

// sentBy are the statements of a recording. How often they were sent says nothing about production.
func sentBy(r *queries.Recording) []compat.Statement {
	all := r.Sent()
	for i := range all {
		all[i].Calls = 0
	}
	return all
}

// run compares, once. It ends with an error where the run was interrupted.
func (c *checking) run(ctx context.Context, result *provision.Result) error {
	if !c.due(result) {
		return nil
	}
	began, most := time.Now(), c.cfg.Checks.MostTime()
	c.report = &checks.Report{Version: 1, Main: c.main, Missing: c.wrong}
	if c.wrong == "" {
		within, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("it took longer than %s", most))
		defer cancel()
		if err := c.compare(within, result); err != nil {
			if context.Cause(within) != nil {
				err = context.Cause(within)
			}
			c.report.Missing = ui.Clean(strings.ReplaceAll(c.secrets.Redact(err.Error()), "\n", "; "))
		}
	}
	c.report.Seconds = time.Since(began).Seconds()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

func (c *checking) compare(ctx context.Context, result *provision.Result) (err error) {
	before, err := c.ofMain(ctx, result.Loaded.SHA256)
	if err != nil {
		return err
	}
	folder, err := temporaryFolder("checkouts", "database-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	dump := filepath.Join(folder, "migrated.dump")
	migrates := c.cfg.Preview.Migrate != nil && (result.Rehearsal == nil || result.Rehearsal.Migrates()) &&
		!c.cfg.Stranger
	after, gone, err := c.ofBranch(ctx, migrates, dump)
	if err != nil {
		return fmt.Errorf("the code could not be recorded: %w", err)
	}
	defer func() {
		if err := <-gone; err != nil {
			c.note("what was recorded is not all gone: " + err.Error())
		}
	}()
	if len(after.Sent()) == 0 && len(before.Sent()) > 0 {
		return errors.New("the code asked nothing of the database, or nothing of that was heard")
	}
	c.report.Compared = queries.Compare(before, after)
	if migrates {
		c.report.Migrated, err = c.mainMigrated(ctx, dump, before, result.Rehearsal.Broke)
		if err != nil {
			c.note("whether main's code goes on to work on the migrated database: " + err.Error())
		}
	}
	return nil
}

// ofBranch records the pull request's code, and dumps the database that it leaves where that is wanted. Its stack goes
// while there is other work to do: gone says when, and how.
func (c *checking) ofBranch(
	ctx context.Context, dumps bool, dump string,
) (_ *queries.Recording, gone <-chan error, err error) {
	ready, ended := make(chan *queries.Recording, 1), make(chan error, 1)
	then := func(ctx context.Context, on *recordedStack, recording *queries.Recording) error {
		if dumps {
			if err := on.dump(ctx, dump); err != nil {
				return err
			}
		}
		ready <- recording
		return nil
	}
	w := c.order(c.cfg, c.git.Commit)
	go func() {
		defer close(ended)
		_, err := c.record(ctx, w, "record what the code asks", then)
		if err != nil {
			ended <- err
		}
		close(ready)
	}()
	recording, there := <-ready
	if !there {
		return nil, nil, <-ended
	}
	return recording, ended, nil
}

// order is a stack of the same archive, under the name of this repository.
func (c *checking) order(cfg *config.Config, commit string) once {
	of := c.archives.options
	o := upOptions{archive: of.archive, archives: of.archives, noTemplate: of.noTemplate, timeout: of.timeout}
	if c.archives.made.path != "" {
		o.archive = c.archives.made.path
	}
	return once{c.ui, cfg, o, c.git.repository(), c.cfg.ProjectIn(c.git.Root), commit}
}

// record records a stack, as one step. Then may be nil.
func (c *checking) record(
	ctx context.Context, w once, name string, then func(context.Context, *recordedStack, *queries.Recording) error,
) (*queries.Recording, error) {
	step := c.ui.Start(name)
	recording, err := c.recorded(ctx, w, c.cfg.Checks.Settings, asProgress(step),
		func() { step.Progress(0, 0, "visit pages") }, then)
	if err != nil {
		step.Fail("")
		return nil, err
	}
	step.Done(recording.Headline())
	return recording, nil
}

// asProgress shows the steps of a stack as progress of one.
func asProgress(step *ui.Step) func(provision.Event) {
	return func(e provision.Event) {
		if e.Kind == provision.Began {
			step.Progress(0, 0, string(e.Step))
		}
	}
}

// ofMain is the recording of main: the one that is kept, or one that is made now and kept.
func (c *checking) ofMain(ctx context.Context, archive string) (*queries.Recording, error) {
	kept, key := c.kept(ctx), c.key(archive)
	found, err := kept.Get(ctx, key)
	if err == nil {
		return found, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		c.note("what is kept of main could not be read: " + err.Error())
	}
	if c.cfg.Stranger {
		return nil, errors.New("no recording of it is kept, and none is made for a fork")
	}
	made, err := c.makeMain(ctx)
	if err != nil {
		return nil, fmt.Errorf("commit %s could not be recorded: %w", repository.Short(c.main), err)
	}
	if len(made.Sent()) == 0 {
		return nil, errors.New("its code asked nothing of the database, or nothing of that was heard")
	}
	if err := kept.Put(ctx, key, made); err != nil {
		c.note("main's recording could not be kept: " + err.Error())
	}
	return made, nil
}

func (c *checking) note(text string) {
	c.report.Unknown = append(c.report.Unknown, ui.Clean(c.secrets.Redact(text)))
}

// exceeded is the error of what is beyond the limits.
func (c *checking) exceeded() error {
	if c == nil {
		return nil
	}
	exceeded := c.cfg.Checks.Exceeded(c.report)
	if len(exceeded) == 0 {
		return nil
	}
	return &checkError{"beyond the limits of checks in " + config.Name + ": " + strings.Join(exceeded, "; ")}
}

// outcome is what --json has of it.
func (c *checking) outcome() *checks.Report {
	if c == nil {
		return nil
	}
	return c.report
}

// show says what it came to.
func (c *checking) show(rehearsal *provision.Result) {
	r := c.outcome()
	if r == nil || rehearsal == nil {
		return
	}
	if r.Noteworthy() {
		c.ui.Block(strings.Join(linesOf(r), "\n"))
		return
	}
	if line := r.Headline(rehearsal.Rehearsal); line != "" {
		c.ui.Info("queries: " + line)
	}
}

func linesOf(r *checks.Report) []string {
	var b strings.Builder
	_ = r.WriteText(document.OfWidth(&b, document.Unbounded)) // a builder takes everything
	return strings.Split(strings.TrimSpace(b.String()), "\n")
}

// part is what a comment has of it: that it goes on, or what it came to.
func (c *checking) part(result *provision.Result) *report.Checks {
	switch {
	case c.pending(result):
		return &report.Checks{Headline: "main's code and this are compared", UnderWay: true}
	case c == nil || c.report == nil:
		return nil
	}
	p := &report.Checks{
		Headline: c.report.Headline(result.Rehearsal), Exceeded: c.cfg.Checks.Exceeded(c.report),
		Missing: c.report.Missing != "",
	}
	if c.report.Noteworthy() {
		p.Lines = linesOf(c.report)
	}
	return p
}
