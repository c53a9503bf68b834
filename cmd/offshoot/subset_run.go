package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// closeTimeout bounds cleaning up after the context has ended.
const closeTimeout = 30 * time.Second

// subsetRun is one subset from source to target.
type subsetRun struct {
	app      *app
	ui       *ui.UI
	spec     plan.Spec
	to       string
	compress string
	replace  bool
	score    bool
	silent   bool   // about unmasked rows
	hush     string // what would make it silent, in brackets
}

const unmasked = "rows are copied as they are: no column is masked"

// attempt makes the subset, of one snapshot.
func (r *subsetRun) attempt(ctx context.Context) (report *subset.Report, err error) {
	if err := r.app.prepareClient(ctx, r.ui, r.spec.URL); err != nil {
		return nil, err
	}
	target, err := r.sink()
	if err != nil {
		return nil, err
	}
	source, plan, err := r.plan(ctx)
	if err != nil {
		return nil, errors.Join(err, target.Close(context.WithoutCancel(ctx), true))
	}
	defer func() { err = errors.Join(err, closeSource(ctx, source)) }()
	if !r.silent && len(plan.Privacy.Masked) == 0 {
		r.ui.Warn(unmasked + r.hush)
	}
	for _, warning := range plan.Warnings {
		r.ui.Warn(warning)
	}
	progress := newProgress(r.ui, plan)
	report, err = source.Run(ctx, plan, target, progress.observe)
	progress.end(err)
	if err != nil {
		return nil, err
	}
	report.Warnings = append(report.Warnings, target.Warnings()...)
	for _, warning := range report.Warnings[len(plan.Warnings):] {
		r.ui.Warn(warning)
	}
	if r.score {
		report.Score, err = takeScore(ctx, r.ui, source, r.to)
	}
	return report, err
}

// printPlan prints what copy would do, and writes it to a file if one is
// given.
func (r *subsetRun) printPlan(ctx context.Context, file string) error {
	source, plan, err := r.plan(ctx)
	if err != nil {
		return err
	}
	if err := closeSource(ctx, source); err != nil {
		return err
	}
	if err := writeReport(file, plan); err != nil {
		return err
	}
	r.ui.Close()
	if r.app.json {
		r.app.result = plan
		return nil
	}
	return printText(r.app.stdout, r.app.secrets, plan.WriteText)
}

func (r *subsetRun) plan(ctx context.Context) (_ *subset.Source, _ *plan.Plan, err error) {
	reading := r.ui.Start("read the source")
	source, err := subset.Open(ctx, r.spec)
	if err != nil {
		reading.Fail("")
		return nil, nil, err
	}
	plan, err := source.Plan(ctx)
	if err != nil {
		reading.Fail("")
		return nil, nil, errors.Join(err, closeSource(ctx, source))
	}
	reading.Done(fmt.Sprintf("%s, %s", ui.Plural(int64(len(plan.Tables)), "table"), ui.Plural(plan.SourceRows, "row")))
	return source, plan, nil
}

func closeSource(ctx context.Context, source *subset.Source) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return source.Close(ctx)
}

// sink opens the target that --to names.
func (r *subsetRun) sink() (sink.Sink, error) {
	r.app.rememberURL(r.to)
	created, err := r.app.sourceDate()
	if err != nil {
		return nil, err
	}
	return sink.Open(r.to, sink.Options{Replace: r.replace, Stdout: r.app.stdout, Created: created, Compress: r.compress})
}

// sourceDate is the date that an archive bears instead of the time at which
// it is made. https://reproducible-builds.org/specs/source-date-epoch/
func (a *app) sourceDate() (time.Time, error) {
	text := a.getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 32)
	if err != nil || seconds < 0 {
		return time.Time{}, hint.Usage(fmt.Errorf("SOURCE_DATE_EPOCH is %q", text), "give seconds since 1970, or unset it")
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// progress shows the events of a run, one line for each of its steps.
type progress struct {
	ui     *ui.UI
	target int64
	steps  map[string]*progressStep
}

type progressStep struct {
	step        *ui.Step
	rows, total map[string]int64
}

func newProgress(u *ui.UI, plan *plan.Plan) *progress {
	p := &progress{ui: u, target: plan.Target, steps: map[string]*progressStep{}}
	p.begin(subset.StepWalk) // its first event comes when the first rows are found
	return p
}

var stepNames = map[string]string{
	subset.StepWalk: "choose rows", subset.StepCopy: "copy rows", subset.StepFinish: "keys, indexes, statistics",
}

// nextStep begins as soon as the one before it is done.
var nextStep = map[string]string{subset.StepWalk: subset.StepCopy, subset.StepCopy: subset.StepFinish}

// observe is called by one goroutine at a time.
func (p *progress) observe(e subset.Event) {
	s := p.begin(e.Step)
	if e.Table == "" {
		if e.Done {
			s.step.Done(summary(e))
			p.begin(nextStep[e.Step])
		}
		return
	}
	s.rows[e.Table], s.total[e.Table] = e.Rows, max(e.Total, e.Rows)
	s.step.Progress(sum(s.rows), max(sum(s.total), p.target), e.Table)
}

// begin returns the line of a step, which it starts if need be.
func (p *progress) begin(step string) *progressStep {
	s := p.steps[step]
	if s == nil && step != "" {
		s = &progressStep{step: p.ui.Start(firstOf(stepNames[step], step)), rows: map[string]int64{}, total: map[string]int64{}}
		p.steps[step] = s
	}
	return s
}

func summary(e subset.Event) string {
	if e.Rows > 0 {
		return ui.Plural(e.Rows, "row")
	}
	return ""
}

func sum(counts map[string]int64) (n int64) {
	for _, count := range counts {
		n += count
	}
	return n
}

// end closes the lines of steps that did not get to their end.
func (p *progress) end(err error) {
	for _, name := range []string{subset.StepWalk, subset.StepCopy, subset.StepFinish} {
		if s := p.steps[name]; s != nil && err != nil {
			s.step.Fail("")
		}
	}
}
