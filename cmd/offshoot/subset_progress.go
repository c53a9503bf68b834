package main

import (
	"cmp"
	"fmt"
	"time"

	"github.com/offshoot-dev/offshoot/internal/document"
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
	began       time.Time
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
	done, total := sum(s.rows), max(sum(s.total), p.target)
	s.step.Progress(done, total, pace(done, total, time.Since(s.began))+e.Table)
}

// pace says how long a step of a while will go on at its rate, and what that
// is, before what it does now: a narrow terminal cuts the end off. Sooner, both
// would be guesses.
func pace(done, total int64, elapsed time.Duration) string {
	const while = 10 * time.Second
	if done == 0 || elapsed < while {
		return ""
	}
	rate := float64(done) / elapsed.Seconds()
	text := fmt.Sprintf("%s, %s a second: ", ui.Plural(done, "row"), document.Number(int64(rate)))
	if done >= total {
		return text
	}
	left := time.Duration(float64(total-done) / rate * float64(time.Second))
	return "about " + left.Round(time.Second).String() + " left, " + text
}

// begin returns the line of a step, which it starts if need be.
func (p *progress) begin(step string) *progressStep {
	s := p.steps[step]
	if s == nil && step != "" {
		s = &progressStep{
			step: p.ui.Start(cmp.Or(stepNames[step], step)), rows: map[string]int64{},
			total: map[string]int64{}, began: time.Now(),
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
