package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/subset"
)

// defaultTimeout is how long an up waits for a preview to be ready.
const defaultTimeout = 5 * time.Minute

// upOptions is the command line of up.
type upOptions struct {
	which
	archive  string
	port     int
	keep     bool
	keepData bool
	noSeed   bool
	timeout  time.Duration
	expires  durationFlag
	binary   string // offshoot for a machine of another platform

	guard   provision.Guard       // of a CI job
	observe func(provision.Event) // may be nil
	subset  func(*subset.Report)  // told of the one that was made; may be nil
}

const upLong = `Up boots the compose stack of this checkout as a preview: images are built and
pulled, the database is started and loaded with an archive, the migrations run,
everything else starts, and the link is printed once it answers.

Without --archive, a subset of the configured source is made first. A second up
updates the preview in place; until it succeeds the old one keeps serving.`

func (a *app) upCommand() *cobra.Command {
	o := upOptions{}
	c := &cobra.Command{
		Use:     "up",
		Short:   "bring a preview up, or update it in place",
		Long:    upLong,
		Example: "  offshoot up\n  offshoot up --pr 12 --archive shop.sql.zst",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.up(c.Context(), o, c.Flags().Changed("expires"))
		},
	}
	whichFlags(c, &o.which)
	f := c.Flags()
	f.StringVar(&o.archive, "archive", "", "load this `FILE` of offshoot subset or pg_dump (.sql, .sql.gz, .sql.zst, .dump, .tar), also at s3://")
	f.IntVar(&o.port, "port", 0, "`PORT` of the gateway on this computer (default 8480)")
	f.BoolVar(&o.keep, "keep", false, "leave a preview that failed for a look at it")
	f.BoolVar(&o.keepData, "keep-data", false, "keep the database as it is now instead of resetting it")
	f.BoolVar(&o.noSeed, "no-seed", false, "load the archive even where a database that has it can be cloned, and keep none for that")
	f.DurationVar(&o.timeout, "timeout", defaultTimeout, "how long to wait until ready")
	f.Var(&o.expires, "expires", "how long the preview is meant to live, such as 72h, 3d or never (default 72h)")
	f.Lookup("expires").DefValue = ""
	f.StringVar(&o.binary, "binary", "", "`FILE` of offshoot for machines of another platform (default: this one, or offshoot-linux-ARCH beside it)")
	a.providerFlag(c)
	a.jsonFlag(c)
	return c
}

func (o upOptions) check() error {
	switch {
	case o.archive != "" && o.keepData:
		return hint.Usage(errors.New("--archive and --keep-data"), "give one of them")
	case o.port < 0 || o.port > 65535:
		return hint.Usage(fmt.Errorf("port %d", o.port), "a port lies between 1 and 65535")
	case o.timeout <= 0:
		return hint.Usage(fmt.Errorf("timeout %v", o.timeout), "give a time such as 5m")
	case o.archive == "":
		return nil
	case store.IsLocation(o.archive):
		_, err := store.Parse(o.archive)
		return err
	case strings.Contains(o.archive, "://"):
		return hint.Usage(errors.New("archives are files, or objects at s3://"), "download it first")
	}
	info, err := os.Stat(o.archive)
	if err != nil {
		return hint.Usage(fmt.Errorf("archive: %w", err), "make one with offshoot subset --to %s", o.archive)
	}
	if info.IsDir() {
		return hint.Usage(fmt.Errorf("archive: %s is a folder", o.archive), "give a file that offshoot subset or pg_dump wrote, such as a .dump")
	}
	return nil
}

func (a *app) up(ctx context.Context, o upOptions, expiresGiven bool) (err error) {
	if err := o.check(); err != nil {
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
	return a.upPreview(ctx, cfg, o, preview, git.Commit)
}

func (a *app) upPreview(ctx context.Context, cfg *Config, o upOptions, preview provision.Preview, commit string) (err error) {
	if err := cfg.Preview.EnvironmentUnset; err != nil {
		return fmt.Errorf("up %s: %w", preview.Name, err)
	}
	if cfg.Provider == providerEC2 {
		return a.upFar(ctx, cfg, o, preview, commit)
	}
	u := a.newUI()
	defer u.Close()
	machine, err := a.machine(ctx, cfg)
	if err != nil {
		return fmt.Errorf("up %s: %w", preview.Name, err)
	}
	defer closing(machine.Engine, &err)
	archive, err := a.archive(ctx, u, cfg, o, preview)
	if err != nil {
		return fmt.Errorf("up %s: %w", preview.Name, err)
	}
	defer func() { err = errors.Join(err, archive.remove()) }()
	early := &earlyAnswer{app: a, ui: u}
	result, err := provision.Up(ctx, machine, provisionOptions(cfg, o, preview, commit, archive.path), newSteps(u, o.observe, early.observe).observe)
	if err != nil {
		explainStep(u, err)
		return err
	}
	return early.end(result)
}

// earlyAnswer gives the answer of an up once requests go to the preview, and
// not when the run has cleaned up after itself. A document is written at the
// end of every command.
type earlyAnswer struct {
	*app
	ui    *ui.UI
	given bool
	err   error
}

func (e *earlyAnswer) observe(event provision.Event) {
	if event.Kind == provision.Answered && event.Result != nil && !e.json {
		e.give(event.Result)
	}
}

func (e *earlyAnswer) give(result *provision.Result) {
	showResult(e.ui, result)
	e.given, e.err = true, e.answerUp(result)
}

// end gives the answer where it was not yet.
func (e *earlyAnswer) end(result *provision.Result) error {
	if !e.given {
		e.give(result)
	}
	e.ui.Close()
	return e.err
}

func (a *app) answerUp(result *provision.Result) error {
	if a.json {
		a.result = newUpResult(result)
		return nil
	}
	for _, link := range result.Links {
		if err := a.println(link.URL); err != nil {
			return err
		}
	}
	return nil
}

func provisionOptions(cfg *Config, o upOptions, preview provision.Preview, commit, archive string) provision.Options {
	options := provision.Options{
		Preview: preview, Commit: commit, Version: buildVersion().Version,
		Source: cfg.composeSource(), Database: cfg.Preview.Database, Expose: cfg.Preview.Expose,
		Archive: archive, KeepData: o.keepData, Keep: o.keep, NoSeed: o.noSeed, Guard: o.guard,
		Expires: cfg.Preview.Expires, Timeout: o.timeout, Environment: cfg.Preview.Environment,
		Public: cfg.Preview.Public,
	}
	if m := cfg.Preview.Migrate; m != nil {
		options.Migrate = &provision.Migrate{Service: m.Service, Command: m.Command}
	}
	if most := cfg.Preview.KeepSeeds; most != nil {
		options.SeedSpace, options.NoSeed = *most, o.noSeed || *most == 0
	}
	return options
}

// composeSource says where the compose project is: where the configuration is,
// else the nearest folder above with a compose file.
func (c *Config) composeSource() compose.Source {
	return compose.Source{
		Dir: c.composeDir(), Files: c.Preview.Compose, Env: c.Preview.Environment, Allow: c.Preview.Allow,
	}
}

func (c *Config) composeDir() string {
	if c.Path != "" {
		return c.Dir
	}
	for _, folder := range upToRoot(c.Dir) {
		for _, name := range []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"} {
			if exists(filepath.Join(folder, name)) {
				return folder
			}
		}
	}
	return c.Dir
}

// explainStep shows what the part that failed printed last.
func explainStep(u *ui.UI, err error) {
	var step *provision.StepError
	if !errors.As(err, &step) || len(step.Tail) == 0 {
		return
	}
	u.Info("last lines of " + firstOf(step.Service, string(step.Step)) + ":")
	u.Block(joinLines(step.Tail))
}

func joinLines(lines []string) string { return strings.Join(lines, "\n") }

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// showResult says what the preview does differently from the compose file, and
// what is in it.
func showResult(u *ui.UI, result *provision.Result) {
	if len(result.Changes) > 0 {
		u.Info("different from the compose file:")
	}
	for _, change := range result.Changes {
		line := "  " + firstOf(change.Service, "project") + ": " + change.What
		if change.Why != "" {
			line += " (" + change.Why + ")"
		}
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
		u.Info("meant to live until " + result.Expires.Local().Format(time.RFC1123))
	}
}
