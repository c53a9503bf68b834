package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/checks"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/remote"
	"github.com/offshoot-dev/offshoot/subset"
)

// defaultTimeout is how long an up waits for a preview to be ready.
const defaultTimeout = 5 * time.Minute

// upOptions is the command line of up.
type upOptions struct {
	which
	archive  string
	archives map[string]string // of further databases of the server, by name
	port     int
	keep     bool
	keepData bool
	// noTemplate loads the archive whatever there is to clone, and keeps nothing to clone.
	noTemplate bool
	timeout    time.Duration
	expires    durationFlag
	plan       bool   // only tell what would be done
	verbose    bool   // tell of usual changes too
	binary     string // offshoot for a machine of another platform
	rehearsal  string // file for the report of the rehearsal

	guard    provision.Guard       // of a CI job
	observe  func(provision.Event) // may be nil
	subset   func(*subset.Report)  // told of the one that was made; may be nil
	archived func(begun time.Time) // told of when the archive is; zero: not known; may be nil
	checking *checking             // compares with main; nil: upPreview makes one
}

const upLong = `Up boots the compose stack of this checkout as a preview: images are built and
pulled, the database is started and loaded with an archive, the migrations run,
everything else starts, and the link is printed once it answers.

Without --archive, a subset of the configured source is made first. A second up
updates the preview in place; until it succeeds the old one keeps serving.

With --plan it only looks: at what would be refused, changed, mounted, pulled,
built, loaded and shown. Nothing is made, pulled or locked.`

func (a making) upCommand() *cobra.Command {
	o := upOptions{}
	c := &cobra.Command{
		Use:     "up",
		Short:   "bring a preview up, or update it in place",
		Long:    upLong,
		Example: "  offshoot up\n  offshoot up --pr 12 --archive shop.sql.zst\n  offshoot up --pr 12 --plan",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.up(c.Context(), o, c.Flags().Changed("expires"))
		},
	}
	whichFlags(c, &o.which)
	f := c.Flags()
	loadingFlags(f, &o)
	f.IntVar(&o.port, "port", 0, "`PORT` of the gateway on this computer (default 8480)")
	f.BoolVar(&o.keep, "keep", false, "keep a failed preview for debugging")
	f.BoolVar(&o.keepData, "keep-data", false, "keep the database instead of resetting it")
	f.BoolVar(&o.noTemplate, "no-seed", false, "") // its former name
	_ = f.MarkHidden("no-seed")
	f.DurationVar(&o.timeout, "timeout", defaultTimeout, "how long to wait for readiness")
	f.Var(&o.expires, "expires", "remove the preview after this time, such as 72h, 3d or never (default 72h)")
	f.Lookup("expires").DefValue = ""
	f.StringVar(&o.binary, "binary", "",
		"`FILE` of offshoot for machines of another platform (default: this one, or offshoot-linux-ARCH beside it)")
	f.StringVar(&o.rehearsal, "rehearsal", "",
		"write the report of the rehearsal to `FILE` (.md, .html, .svg, .json or .txt)")
	f.BoolVar(&o.plan, "plan", false, "print what would be done and refused; do nothing")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "list every change to the compose file, usual ones too")
	a.providerFlag(c)
	a.jsonFlag(c)
	return c
}

func (o upOptions) check() error {
	switch {
	case (o.archive != "" || len(o.archives) > 0) && o.keepData:
		return hint.Usage(errors.New("--archive and --keep-data"), "give one of them")
	case o.port < 0 || o.port > 65535:
		return hint.Usage(fmt.Errorf("port %d", o.port), "a port lies between 1 and 65535")
	case o.timeout <= 0:
		return hint.Usage(fmt.Errorf("timeout %v", o.timeout), "give a time such as 5m")
	}
	if _, err := rehearsalWriter(o.rehearsal); err != nil || o.archive == "" {
		return err
	}
	return checkArchive(o.archive)
}

func checkArchive(file string) error {
	switch {
	case store.IsSeries(file):
		_, err := store.ParseSeries(file)
		return err
	case store.IsLocation(file):
		_, err := store.Parse(file)
		return err
	case strings.Contains(file, "://"):
		return hint.Usage(errors.New("archives are files, or objects at s3://"), "download it first")
	}
	info, err := os.Stat(file)
	if err != nil {
		return hint.Usage(fmt.Errorf("archive: %w", err), "make one with offshoot subset --to %s", file)
	}
	if info.IsDir() {
		return hint.Usage(fmt.Errorf("archive: %s is a folder", file),
			"give a file that offshoot subset or pg_dump wrote, such as a .dump")
	}
	return nil
}

func (a making) up(ctx context.Context, o upOptions, expiresGiven bool) (err error) {
	o.archive = a.archiveOf(o)
	if err := o.check(); err != nil && !o.plan {
		return fmt.Errorf("up: %w", err)
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if o.port != 0 {
		cfg.Preview.Port = o.port
	}
	if expiresGiven {
		cfg.Preview.Expires = time.Duration(o.expires)
	}
	preview, git, err := a.preview(ctx, cfg, o.which)
	if err != nil {
		return err
	}
	if o.plan {
		return a.planUp(ctx, cfg, o, preview, git.Commit)
	}
	return a.upPreview(ctx, cfg, o, preview, git.Commit)
}

func (a making) upPreview(
	ctx context.Context, cfg *config.Config, o upOptions, preview provision.Preview, commit string,
) (err error) {
	if err := cfg.Preview.EnvironmentUnset; err != nil {
		return fmt.Errorf("up %s: %w", preview.Name, err)
	}
	u := a.newUI()
	defer u.Close()
	newest, err := a.newestArchive(ctx, o.archive)
	if err != nil {
		return fmt.Errorf("up %s: %w", preview.Name, err)
	}
	newest.tell(u)
	if o.archive = newest.name; o.archived != nil {
		o.archived(newest.begun)
	}
	archives := &archives{archiving: a.archiving, ui: u, cfg: cfg, options: o, preview: preview}
	defer func() { err = errors.Join(err, archives.remove()) }()
	previews, err := a.backend(cfg).previews(ctx, supply{ui: u, archives: archives, program: o.binary})
	if err != nil {
		return fmt.Errorf("up %s: %w", preview.Name, err)
	}
	defer closing(previews, &err)
	options := provisionOptions(cfg, o, preview, commit, "")
	if err := checkRun(ctx, cfg); err != nil {
		return fmt.Errorf("up %s: %w", preview.Name, err)
	}
	if o.checking == nil {
		o.checking = a.newChecking(ctx, cfg, o, mainCommit{})
	}
	o.checking.attach(u, archives)
	options.Load = o.checking.load(archives.load)
	early := &earlyAnswer{making: a, ui: u, verbose: o.verbose, checking: o.checking}
	result, err := previews.Up(ctx, options, newSteps(u, o.observe, early.observe).observe)
	if err != nil {
		explain(u, err)
		return err
	}
	a.askSource(ctx, cfg, result.Rehearsal)
	interrupted := o.checking.run(ctx, result)
	return errors.Join(early.end(result), writeRehearsal(o.rehearsal, result.Rehearsal),
		withinLimits(cfg.Rehearse, result.Rehearsal), o.checking.exceeded(), interrupted)
}

// earlyAnswer gives the answer of an up once requests go to the preview, and
// not when the run has cleaned up after itself. A document is written at the
// end of every command.
type earlyAnswer struct {
	making
	ui       *ui.UI
	verbose  bool
	checking *checking
	given    bool
	err      error
}

func (e *earlyAnswer) observe(event provision.Event) {
	if event.Kind == provision.Answered && event.Result != nil && !e.json {
		e.give(event.Result)
	}
}

func (e *earlyAnswer) give(result *provision.Result) {
	showResult(e.ui, result, e.verbose)
	e.given = true
	e.err = e.ui.Beside(func() error { return e.answerUp(result, e.checking.outcome()) })
}

// end gives the answer where it was not yet.
func (e *earlyAnswer) end(result *provision.Result) error {
	if !e.given {
		e.give(result)
	}
	if report := result.Rehearsal; report != nil && e.err == nil {
		showRehearsal(e.ui, report)
	}
	if e.err == nil {
		e.checking.show(result)
	}
	e.ui.Close()
	return e.err
}

func (a making) answerUp(result *provision.Result, checked *checks.Report) error {
	if a.json {
		made := newUpResult(result)
		made.Checks = checked
		a.result = made
		return nil
	}
	for _, link := range result.Links {
		if err := a.println(link.URL); err != nil {
			return err
		}
	}
	return nil
}

func provisionOptions(
	cfg *config.Config, o upOptions, preview provision.Preview, commit, archive string,
) provision.Options {
	options := provision.Options{
		Preview: preview, Commit: commit, Version: buildVersion().Version,
		Source: cfg.ComposeSource(), Database: cfg.Preview.Database, DatabaseName: cfg.Preview.DatabaseName,
		Expose:  cfg.Preview.Expose,
		Archive: archive, KeepData: o.keepData, Keep: o.keep, NoTemplate: o.noTemplate, Guard: o.guard,
		Expires: cfg.Preview.Expires, Timeout: o.timeout, Environment: cfg.Preview.Environment,
		Public: cfg.Preview.Public, Mounts: cfg.Preview.Mounts,
	}
	options.Stranger, options.NoTemplate = cfg.Stranger, o.noTemplate || cfg.Stranger
	if m := cfg.Preview.Migrate; m != nil {
		options.Migrate = &provision.Migrate{Service: m.Service, Command: m.Command, Down: m.Down}
		options.Rehearse = cfg.Preview.Rehearse
	}
	if most := cfg.Preview.KeepTemplates; most != nil {
		options.TemplateSpace, options.NoTemplate = *most, options.NoTemplate || *most == 0
	}
	return options
}

// explain shows what the part that failed printed last, or the console of a
// machine that did not boot.
func explain(u *ui.UI, err error) {
	part, lines := "", []string(nil)
	var step *provision.StepError
	var run *remote.RunError
	var boot *ec2.BootError
	switch {
	case errors.As(err, &step):
		part, lines = "last lines of "+cmp.Or(step.Service, string(step.Step)), step.Tail
	case errors.As(err, &run):
		part, lines = "last lines of "+cmp.Or(run.Outcome.Part, "the run"), run.Outcome.Tail
	case errors.As(err, &boot):
		part, lines = "end of the machine's console", boot.Console
	}
	if len(lines) > 0 {
		u.Info(part + ":")
		u.Block(joinLines(lines))
	}
}

const changesTitle = "different from the compose file:"

// changeLines tells what a preview does differently from the compose file. What
// every preview does is counted, unless all is wanted.
func changeLines(changes []compose.Change, all bool) []string {
	var lines []string
	usual := int64(0)
	for _, c := range changes {
		if c.Usual && !all {
			usual++
			continue
		}
		line := "  " + cmp.Or(c.Service, "project") + ": " + c.What
		if c.Why != "" {
			line += " (" + c.Why + ")"
		}
		lines = append(lines, ui.Clean(line)) // names of a compose file may hold line ends
	}
	if len(lines) > 0 {
		lines = append([]string{changesTitle}, lines...)
	}
	if usual > 0 {
		lines = append(lines, ui.Plural(usual, "usual change")+" to the compose file (offshoot up -v lists them)")
	}
	return lines
}

func joinLines(lines []string) string { return strings.Join(lines, "\n") }

// showResult says what the preview does differently from the compose file, and
// what is in it.
func showResult(u *ui.UI, result *provision.Result, verbose bool) {
	for _, line := range changeLines(result.Changes, verbose) {
		u.Info(line)
	}
	if l := result.Loaded; l != nil && l.Cloned != "" {
		u.Info("the database is a clone of one that has this archive (" + l.Cloned + ")")
	}
	if m := result.Migrated; m != nil && len(m.Output) > 0 {
		u.Info("migration:")
		u.Block(strings.Join(m.Output, "\n"))
	}
	if access := result.Access; access != nil && len(access.Links) > 0 {
		u.Info("sign in with " + access.Links[0].URL)
		u.Info("or with the password " + access.Password)
	}
	if !result.Expires.IsZero() {
		u.Info("expires " + result.Expires.Local().Format(time.RFC1123))
	}
}
