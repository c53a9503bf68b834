package provision

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// events are what a run tells of, and where it is.
type events struct {
	observe func(Event)

	mutex    sync.Mutex // guards observe, the steps and their timings
	current  Step       // the one that began last
	failedIn Step       // the first that failed
}

// step runs one step between its events and takes its time.
func (j *job) step(ctx context.Context, name Step, do func(context.Context) error) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	j.begin(name)
	j.emit(Event{Step: name, Kind: Began})
	began := time.Now()
	err := do(context.WithValue(ctx, stepKey{}, name))
	took := time.Since(began)
	culprit := j.end(name, took, err)
	if err != nil {
		text := err.Error()
		if culprit != name && ctx.Err() != nil {
			text = GivenUp
		}
		j.emit(Event{Step: name, Kind: Failed, Text: text, Took: took})
		return err
	}
	j.emit(Event{Step: name, Kind: Done, Took: took})
	return nil
}

// end tells which step was the first to fail.
func (j *job) end(name Step, took time.Duration, err error) Step {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if err != nil {
		j.failedIn = cmp.Or(j.failedIn, name)
	} else {
		j.result.Timings = append(j.result.Timings, Timing{Step: name, Took: took})
	}
	return j.failedIn
}

// rehearsed notes the report of a rehearsal.
func (j *job) rehearsed(report *rehearse.Report) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.result.Rehearsal = report
}

// emit hands an event on. Compose calls from goroutines of its own.
func (v *events) emit(e Event) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if v.observe != nil {
		v.observe(e)
	}
}

func (v *events) progress(ctx context.Context, service, text string) {
	v.emit(Event{Step: v.stepIn(ctx), Kind: Progress, Service: service, Text: text})
}

func (v *events) notice(format string, args ...any) {
	v.emit(Event{Step: v.latest(), Kind: Notice, Text: fmt.Sprintf(format, args...)})
}

func (v *events) begin(name Step) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.current = name
}

// stepKey is that of the step which a context belongs to: several run at the
// same time.
type stepKey struct{}

// stepIn is the step that a context belongs to, or else the one that began
// last.
func (v *events) stepIn(ctx context.Context) Step {
	if step, ok := ctx.Value(stepKey{}).(Step); ok {
		return step
	}
	return v.latest()
}

func (v *events) latest() Step {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	return v.current
}
