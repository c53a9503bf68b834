package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/checks"
	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/queries"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/internal/visit"
	"github.com/offshoot-dev/offshoot/internal/whole"
)

const recordLong = `Record boots this checkout's compose stack on an archive, visits its pages by their
links, and tells what the code asked of its database for each: statements, rows and
blocks. Nothing of it is left.

With --to it keeps the recording in a file; with --against it compares with one, such
as that of the main branch on the same archive, and exits with 3 where a page fails by
now, asks a statement again and again, or reads much more. What is counted does not
depend on how busy the computer is.

With --keep, on the main branch, up and ci find it for pull requests that are based
on this commit, with the same archive and the same checks in offshoot.yaml.

Without --archive, a subset of the configured source is made first.`

// recordOptions is the command line of record.
type recordOptions struct {
	up      upOptions
	project string // the folder
	to      string
	keep    bool // for pull requests
	against string
	pages   []string
	headers string // file
	most    int
}

func (a making) recordCommand() *cobra.Command {
	o := recordOptions{}
	c := &cobra.Command{
		Use:   "record",
		Short: "tell what each page asks of the database, against another recording",
		Long:  recordLong,
		Example: "  offshoot record --archive shop.sql.zst --keep\n" +
			"  offshoot record --archive shop.sql.zst --to main.json\n" +
			"  offshoot record --archive shop.sql.zst --against main.json",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.record(c.Context(), o, c.Flags().Changed) },
	}
	f := c.Flags()
	loadingFlags(f, &o.up)
	f.StringVar(&o.project, "project", "", "`FOLDER` of the compose project (default: this one)")
	f.StringVar(&o.to, "to", "", "keep the recording in `FILE`")
	f.BoolVar(&o.keep, "keep", false, "keep the recording of this commit for pull requests, as up and ci find it")
	f.StringVar(&o.against, "against", "", "compare with the recording in `FILE`")
	f.StringArrayVar(&o.pages, "page", nil, "visit `PATH` first, and the links of it (default /); may be repeated")
	f.IntVar(&o.most, "pages", checks.DefaultPages, "visit `N` pages at most")
	f.StringVar(&o.headers, "headers", "", "send the headers in `FILE` with each request, such as Cookie: session=1")
	f.DurationVar(&o.up.timeout, "timeout", defaultTimeout, "how long to wait until the stack is ready")
	a.jsonFlag(c)
	return c
}

func (o *recordOptions) check() error {
	for _, page := range o.pages {
		if !strings.HasPrefix(page, "/") {
			return hint.Usage(fmt.Errorf("page %s", page), "write a path, such as /orders?state=new")
		}
	}
	if o.most < 1 {
		return hint.Usage(fmt.Errorf("--pages %d", o.most), "visit one page at least")
	}
	return o.up.check()
}

// settings are those of the configuration, with what the command line says over them.
func (o *recordOptions) settings(cfg *config.Config, given func(flag string) bool) (checks.Settings, error) {
	if err := cfg.Checks.Unset; err != nil {
		return checks.Settings{}, err
	}
	s := cfg.Checks.Settings
	if len(o.pages) > 0 {
		s.Pages = o.pages
	}
	if given("pages") {
		s.Most = o.most
	}
	if o.headers == "" {
		return s, nil
	}
	text, err := os.ReadFile(o.headers)
	if err != nil {
		return s, err
	}
	header, err := visit.ParseHeader(strings.Split(strings.TrimSpace(string(text)), "\n"))
	if err != nil {
		return s, hint.Usage(fmt.Errorf("%s: %w", o.headers, err), "write lines such as Cookie: session=1")
	}
	s.Headers = maps.Clone(s.Headers)
	if s.Headers == nil {
		s.Headers = map[string]string{}
	}
	for name, values := range header {
		s.Headers[name] = strings.Join(values, ", ")
	}
	return s, nil
}

func (a making) record(ctx context.Context, o recordOptions, given func(flag string) bool) (err error) {
	defer func() {
		if err != nil && !errors.As(err, new(*checkError)) {
			err = fmt.Errorf("record: %w", err)
		}
	}()
	o.up.archive = a.archiveOf(o.up)
	if err := o.check(); err != nil {
		return err
	}
	before, err := readRecording(o.against)
	if err != nil {
		return err
	}
	newest, err := a.newestArchive(ctx, o.up.archive)
	if err != nil {
		return err
	}
	o.up.archive = newest.name
	dir, err := filepath.Abs(cmp.Or(o.project, "."))
	if err != nil {
		return err
	}
	cfg, err := a.configOf(dir)
	if err != nil {
		return err
	}
	settings, err := o.settings(cfg, given)
	if err != nil {
		return err
	}
	a.hideAll(settings.Secrets())
	recording, err := a.recordProject(ctx, cfg, o, settings)
	if err != nil {
		return err
	}
	if o.to != "" {
		if err := whole.Write(o.to, 0o644, recording.WriteJSON); err != nil {
			return err
		}
	}
	if o.keep {
		key := checks.Key{Commit: recording.Commit, Archive: recording.Archive, Settings: settings.Digest()}
		if err := keptBeside(ctx, o.up.archive).Put(ctx, key, recording); err != nil {
			return fmt.Errorf("keep it: %w", err)
		}
	}
	if before == nil {
		return a.printDocument(recording)
	}
	comparison := queries.Compare(before, recording)
	if err := a.printDocument(comparison); err != nil {
		return err
	}
	if len(comparison.Worse) > 0 {
		return &checkError{"record: " + comparison.Headline()}
	}
	return nil
}

// readRecording reads a file of record; nil where none is named.
func readRecording(path string) (*queries.Recording, error) {
	if path == "" {
		return nil, nil
	}
	r, err := queries.Read(path)
	if err != nil {
		return nil, hint.Usage(err, "make it first: offshoot record --to FILE")
	}
	return r, nil
}

// recordedCode are the statements of a recording. How often they were sent says nothing
// about production.
func recordedCode(path string) ([]compat.Statement, error) {
	r, err := readRecording(path)
	if r == nil {
		return nil, err
	}
	return sentBy(r), nil
}

// recordProject records what is checked out.
func (a making) recordProject(
	ctx context.Context, cfg *config.Config, o recordOptions, settings checks.Settings,
) (*queries.Recording, error) {
	u := a.newUI()
	defer u.Close()
	w, err := a.hereOnce(ctx, u, cfg, o.up)
	if err != nil {
		return nil, err
	}
	var step *ui.Step
	recording, err := a.recorded(ctx, w, settings, newSteps(u).observe, func() { step = u.Start("visit pages") }, nil)
	switch {
	case err != nil && step != nil:
		step.Fail("")
	case err != nil:
		explain(u, err)
	default:
		step.Done(ui.Plural(int64(recording.Visits()), "page"))
	}
	return recording, err
}
