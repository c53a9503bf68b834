package main

import (
	"cmp"

	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

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
		s = &progressStep{
			step: p.ui.Start(cmp.Or(stepNames[step], step)), rows: map[string]int64{},
			total: map[string]int64{},
		}
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
