package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/internal/whole"
	"github.com/offshoot-dev/offshoot/provision"
)

const rehearseLong = `Rehearse loads an archive, runs the migrations of this checkout's compose stack on
clones of it, and tells what they did there and what they would do to production:
locks and for how long, rewrites, validations, builds of indexes, rows.

Only the database and the service of preview.migrate are started, on the engine of
this computer, and nothing of them is left. Without --archive, a subset of the
configured source is made first.

It exits with 3 where a migration fails, or is beyond what rehearse in offshoot.yaml
allows.`

// defaultRehearsal is how long the migrations may take when nobody says.
const defaultRehearsal = 7*time.Minute + 30*time.Second

// rehearseOptions is the command line of rehearse.
type rehearseOptions struct {
	up      upOptions
	project string // the folder
	report  string
	code    string // file of a recording
	time    time.Duration
}

func (a making) rehearseCommand() *cobra.Command {
	o := rehearseOptions{}
	c := &cobra.Command{
		Use:     "rehearse",
		Short:   "tell what the migrations would do to production",
		Long:    rehearseLong,
		Example: "  offshoot rehearse --archive shop.sql.zst\n  offshoot rehearse --report rehearsal.html",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.rehearse(c.Context(), o) },
	}
	f := c.Flags()
	loadingFlags(f, &o.up)
	f.StringVar(&o.project, "project", "", "`FOLDER` of the compose project (default: this one)")
	f.StringVar(&o.report, "report", "", "write the report to `FILE` (.md, .html, .svg, .json or .txt) too")
	f.StringVar(&o.code, "code", "",
		"tell which statements in `FILE` of offshoot record no longer work, such as those of the main branch")
	f.DurationVar(&o.time, "timeout", defaultRehearsal, "how long the migrations may take, and all of it twice that")
	a.jsonFlag(c)
	return c
}

func (o *rehearseOptions) check() error {
	if o.time <= 0 {
		return hint.Usage(fmt.Errorf("timeout %v", o.time), "give a time such as 10m")
	}
	if _, err := rehearsalWriter(o.report); err != nil {
		return err
	}
	o.up.timeout = defaultTimeout
	return o.up.check()
}

func (a making) rehearse(ctx context.Context, o rehearseOptions) error {
	o.up.archive = a.archiveOf(o.up)
	if err := o.check(); err != nil {
		return fmt.Errorf("rehearse: %w", err)
	}
	dir, err := filepath.Abs(cmp.Or(o.project, "."))
	if err != nil {
		return fmt.Errorf("rehearse: %w", err)
	}
	cfg, err := a.configOf(dir)
	if err != nil {
		return err
	}
	code, err := recordedCode(o.code)
	if err != nil {
		return fmt.Errorf("rehearse: %w", err)
	}
	report, err := a.rehearseProject(ctx, cfg, o, code)
	if err != nil {
		return fmt.Errorf("rehearse: %w", err)
	}
	a.askSource(ctx, cfg, report)
	if err := writeRehearsal(o.report, report); err != nil {
		return err
	}
	return errors.Join(a.printDocument(report), rehearsedWell(cfg.Rehearse, report))
}

// rehearseProject rehearses on the engine of this computer, whatever previews run on.
func (a making) rehearseProject(
	ctx context.Context, cfg *config.Config, o rehearseOptions, code []compat.Statement,
) (report *rehearse.Report, err error) {
	u := a.newUI()
	defer u.Close()
	w, err := a.hereOnce(ctx, u, cfg, o.up)
	if err != nil {
		return nil, err
	}
	err = a.throwAway(ctx, w, provision.IdentifyRehearsal, func(t throwAway) error {
		t.options.RehearseTime, t.options.Expires, t.options.Code = o.time, rehearsalLife(o.time), code
		report, err = t.engine.Rehearse(ctx, t.options, newSteps(t.ui).observe)
		return err
	})
	if err != nil {
		explain(u, err)
	}
	return report, err
}

// rehearsalWriter picks the format of a report by the name of its file.
func rehearsalWriter(path string) (func(*rehearse.Report, io.Writer) error, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".md":
		return (*rehearse.Report).WriteMarkdown, nil
	case ".html":
		return (*rehearse.Report).WriteHTML, nil
	case ".svg":
		return (*rehearse.Report).WriteSVG, nil
	case ".json":
		return (*rehearse.Report).WriteJSON, nil
	case ".txt":
		return (*rehearse.Report).WriteText, nil
	}
	if path == "" {
		return nil, nil
	}
	return nil, hint.Usage(fmt.Errorf("report %s: unknown format", path), "name it .md, .html, .svg, .json or .txt")
}

// writeRehearsal writes a report, of which no half is ever seen.
func writeRehearsal(path string, report *rehearse.Report) error {
	write, err := rehearsalWriter(path)
	if err != nil || write == nil || report == nil {
		return err
	}
	if err := whole.Write(path, 0o644, func(w io.Writer) error { return write(report, w) }); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// rehearsalLife is when a sweep takes what is left of one for forgotten.
func rehearsalLife(most time.Duration) time.Duration { return 2*most + 2*time.Hour }

// rehearsedWell tells what is wrong with a migration, or that it was not rehearsed.
func rehearsedWell(limits rehearse.Limits, report *rehearse.Report) error {
	switch {
	case report.Failed != "":
		return errors.New("rehearse: " + ui.Clean(report.Failed))
	case report.Hangs > 0 || report.Exit != 0:
		return &checkError{"rehearse: " + report.Headline()}
	}
	return withinLimits(limits, report)
}

// withinLimits tells how a migration is beyond what the configuration allows.
func withinLimits(limits rehearse.Limits, report *rehearse.Report) error {
	if report == nil {
		return nil
	}
	exceeded := limits.Exceeded(report)
	if len(exceeded) == 0 {
		return nil
	}
	return &checkError{"beyond the limits of rehearse in " + config.Name + ": " + strings.Join(exceeded, "; ")}
}

// showRehearsal says what the migration would do to production.
func showRehearsal(u *ui.UI, report *rehearse.Report) {
	u.Block(strings.Join(rehearsalLines(report), "\n"))
}

// rehearsalLines are those of the report for people.
func rehearsalLines(report *rehearse.Report) []string {
	var b strings.Builder
	_ = report.WriteText(document.OfWidth(&b, document.Unbounded)) // a builder takes everything
	return strings.Split(strings.TrimSpace(b.String()), "\n")
}
