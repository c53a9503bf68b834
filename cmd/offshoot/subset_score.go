package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// scoreOptions is the command line of subset score.
type scoreOptions struct {
	from        sourceFlags
	target      string
	compare     string
	report      string
	connections int
}

const scoreLong = `Score measures how good a subset is, whatever tool made it: rows against the
curve of offshoot.yaml, dangling rows, children per parent, NULLs and values of
columns with few, and from which parts of the source's tables rows were taken.

Both databases are only read, but as a whole: on a large source this takes as
long as a few scans of every table.

With --compare two subsets are compared instead, and no source is needed: which
share of their rows, by primary key, do they have in common?`

func (a data) scoreCommand() *cobra.Command {
	o := scoreOptions{}
	c := &cobra.Command{
		Use:   "score --target URL",
		Short: "measure how good a subset is",
		Long:  scoreLong,
		Example: `  offshoot subset score --source postgres://reader@db.example.com/shop --target postgres://localhost/shop_small
  offshoot subset score --target postgres://localhost/monday --compare postgres://localhost/tuesday`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.score(c.Context(), o) },
	}
	f := c.Flags()
	o.from.add(f)
	f.StringVar(&o.target, "target", "", "`URL` of the subset")
	f.StringVar(&o.compare, "compare", "", "`URL` of another subset, to compare with the first")
	f.StringVar(&o.report, "report", "", "write the figures to `FILE` (.md, .json or .txt)")
	f.IntVar(&o.connections, "connections", snapshot.DefaultConnections,
		"open at most `N` connections to each database")
	a.jsonFlag(c)
	return c
}

func (a data) score(ctx context.Context, o scoreOptions) error {
	if err := o.check(); err != nil {
		return fmt.Errorf("subset score: %w", err)
	}
	for what, text := range map[string]string{"target": o.target, "compare": o.compare} {
		if text == "" {
			continue
		}
		if err := a.checkURL(what, text); err != nil {
			return fmt.Errorf("subset score: %w", err)
		}
	}
	measure := a.measure
	if o.compare != "" {
		measure = a.compareSubsets
	}
	if err := measure(ctx, o); err != nil {
		return fmt.Errorf("subset score: %w", err)
	}
	return nil
}

func (o scoreOptions) check() error {
	switch {
	case o.target == "":
		return hint.Usage(errors.New("no subset given"), "add --target URL")
	case o.from.source != "" && o.compare != "":
		return hint.Usage(errors.New("--source and --compare"),
			"give one of them: two subsets are compared without their source")
	}
	if err := checkConnections(o.connections); err != nil {
		return err
	}
	switch strings.ToLower(filepath.Ext(o.report)) {
	case ".mmd", ".dot":
		return hint.Usage(fmt.Errorf("report %s: a score has no graph", o.report), "name it .md, .json or .txt")
	}
	_, err := reportWriter(o.report)
	return err
}

// measure holds a subset against its source.
func (a data) measure(ctx context.Context, o scoreOptions) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	spec, err := a.spec(cfg, o.from)
	if err != nil {
		return err
	}
	spec.Connections = o.connections
	u := a.newUI()
	defer u.Close()
	measured, err := scoreSubset(ctx, u, spec, o.target)
	if err != nil {
		return err
	}
	u.Close()
	return errors.Join(writeReport(o.report, measured), a.printDocument(measured), checkScore(measured))
}

func scoreSubset(ctx context.Context, u *ui.UI, spec plan.Spec, target string) (_ *score.Score, err error) {
	source, err := subset.Open(ctx, spec)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeSource(ctx, source)) }()
	return takeScore(ctx, u, source, target)
}

// takeScore measures with one line of progress.
func takeScore(ctx context.Context, u *ui.UI, source *subset.Source, target string) (*score.Score, error) {
	step := u.Start("measure both databases")
	measured, err := source.Score(ctx, target, func(e subset.Event) { step.Progress(e.Rows, e.Total, "") })
	if err != nil {
		step.Fail("")
		return nil, err
	}
	step.Done(fmt.Sprintf("%s, %s",
		ui.Plural(int64(len(measured.Tables)), "table"), ui.Plural(int64(len(measured.Keys)), "foreign key")))
	return measured, nil
}

// compareSubsets holds two subsets against each other.
func (a data) compareSubsets(ctx context.Context, o scoreOptions) error {
	u := a.newUI()
	defer u.Close()
	step := u.Start("compare the subsets")
	stability, err := score.Compare(ctx, o.target, o.compare)
	if err != nil {
		step.Fail("")
		return err
	}
	step.Done(ui.Plural(int64(len(stability.Tables)), "table"))
	u.Close()
	return errors.Join(writeReport(o.report, stability), a.printDocument(stability))
}

// paper is a result that can be written for people and for programs.
type paper interface {
	WriteText(io.Writer) error
	WriteMarkdown(io.Writer) error
	WriteJSON(io.Writer) error
}

// printDocument prints a result on stdout.
func (a *app) printDocument(d paper) error {
	if a.json {
		a.result = d
		return nil
	}
	return printText(a.stdout, a.secrets, d.WriteText)
}

// checkScore is the error of a subset that breaks keys which its source holds.
func checkScore(s *score.Score) error {
	if n := s.Summary.Broken; n > 0 {
		return hint.Wrap(&checkError{text: fmt.Sprintf("%s in the subset that %s not in the source",
			ui.Plural(n, "dangling row"), doOrDoes(n))},
			"the score names the foreign keys")
	}
	return nil
}

func doOrDoes(n int64) string {
	if n == 1 {
		return "does"
	}
	return "do"
}
