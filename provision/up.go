package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// lockPatience bridges the moments at which a list looks who holds a lock.
const lockPatience = 500 * time.Millisecond

// Up brings a preview up, or updates it: a new generation is made beside the
// one that serves, and takes over when it is ready. Observe gets what happens;
// it may be nil. A stack that fails is a *StepError, and another run of the
// same preview a *LockedError.
func (e Engine) Up(ctx context.Context, options Options, observe func(Event)) (*Result, error) {
	if options.Load != nil {
		if err := options.Load(ctx, &options); err != nil {
			return nil, fmt.Errorf("up %s: %w", options.Preview.Name, err)
		}
	}
	r := newRun(e, options, observe)
	if options.Stranger {
		r.Docker.Distrust()
	}
	if err := r.up(ctx); err != nil {
		return nil, fmt.Errorf("up %s: %w", options.Preview.Name, r.blame(ctx, err))
	}
	return r.result, nil
}

// blame says in one line that the engine has gone away, where that is behind
// an error: everything else that then fails only follows from it.
func (j *job) blame(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_, down := j.Docker.ID(ctx)
	if down == nil || errors.Is(err, compose.ErrEngineDown) || errors.Is(err, context.Canceled) {
		return compose.ExplainFull(err)
	}
	return hint.Wrap(fmt.Errorf("%s: %w", j.failedIn, down),
		"then retry: the next run removes the leftovers of this one")
}

func (r *run) up(ctx context.Context) error {
	if err := r.step(ctx, StepLock, r.takeLock); err != nil {
		return err
	}
	defer r.lock.release()
	err := r.upAlone(ctx)
	r.options.Guard.Tell(ctx, r.result, err)
	return err
}

// upAlone is up while no other run touches the preview.
func (r *run) upAlone(ctx context.Context) error {
	if err := r.options.Guard.Ask(ctx); err != nil {
		return err
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if r.options.Migrate != nil && r.options.Rehearse {
		r.rehearsal = openRehearsal(ctx, &r.cloning)
	}
	err := r.perform(ctx, r.tasks())
	if err = errors.Join(err, r.keeperDone()); err != nil {
		r.rehearsal.await(true)
		return r.undo(ctx, err)
	}
	r.conclude()
	// Requests go to the new generation, and nobody has to wait any more. What
	// is left to do is not worth calling it failed: the next up or down would do
	// it as well.
	r.emit(Event{Step: StepRoute, Kind: Answered, Result: r.answer()})
	r.rehearsal.await(false)
	if err := r.step(ctx, StepCleanup, r.cleanUp); err != nil {
		r.emit(Event{Step: StepCleanup, Kind: Notice, Text: err.Error()})
	}
	return nil
}

// prepare finds out what is there and what is wanted. It makes nothing but
// the marker that a generation is begun, and that last.
func (r *run) prepare(ctx context.Context) error {
	if err := r.step(ctx, StepMachine, r.readMachine); err != nil {
		return err
	}
	return r.step(ctx, StepFiles, r.readFiles)
}

// undo takes back a generation that failed. Whatever served before is started
// again where it had been stopped.
func (r *run) undo(ctx context.Context, cause error) error {
	// A generation that has taken volumes over cannot stay: two servers on one
	// database would destroy it.
	if r.options.Keep && len(r.carried) == 0 {
		var failed *StepError
		if errors.As(cause, &failed) {
			failed.Kept = true
		}
		r.notice("left as it is, on request; the next up or down removes it")
		ctx, cancel := sturdy(ctx)
		defer cancel()
		return errors.Join(cause, r.next.set(ctx, r.Docker.Client(), markKept, nil))
	}
	ctx, cancel := sturdy(ctx)
	defer cancel()
	err := r.step(ctx, StepCleanup, func(ctx context.Context) error {
		err := r.removeGeneration(ctx, r.next.Preview.ID, r.next.Number)
		return errors.Join(err, r.resumeServing(ctx), r.leaveMachine(ctx, r.engineID))
	})
	return errors.Join(cause, err)
}

func (j *job) resumeServing(ctx context.Context) error {
	if j.serving.Number == 0 {
		return nil
	}
	ctx, cancel := sturdy(ctx)
	defer cancel()
	return j.resume(ctx, j.serving)
}

// cleanUp removes what served before.
func (r *run) cleanUp(ctx context.Context) error {
	ctx, cancel := sturdy(ctx)
	defer cancel()
	outlasts := make(chan error, 1)
	go func() { outlasts <- r.outlast(ctx) }()
	err := r.next.unset(ctx, r.Docker.Client(), markBegun)
	_, removed := r.removeLeftovers(ctx, r.next.Preview.ID)
	return errors.Join(err, removed, <-outlasts)
}

// answer is the result as it is when requests go to the new generation.
func (r *run) answer() *Result {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	result := *r.result
	result.Timings = slices.Clone(result.Timings)
	result.Rehearsing = result.Rehearsal == nil && r.rehearsal.underWay()
	return &result
}

func (r *run) conclude() {
	r.result.Generation = r.next.Number
	r.result.Expires = r.next.Expires
	r.result.Kept = len(r.carried) > 0
}

func (j *job) takeLock(ctx context.Context) error {
	if j.options.Preview.ID == "" {
		return hint.Usage(errors.New("no preview is named"), "add --pr N or --branch NAME")
	}
	id, err := j.Docker.ID(ctx)
	if err != nil {
		return err
	}
	j.engineID = id
	preview := j.options.Preview.ID
	j.lock, err = j.acquire(ctx, id, preview, "up", j.options.Guard.Wait(lockPatience))
	return err
}

func (j *job) timeout() time.Duration {
	if j.options.Timeout > 0 {
		return j.options.Timeout
	}
	return 5 * time.Minute
}

// failed makes an error of the stack into one of this step.
func (j *job) failed(ctx context.Context, err error) error {
	var already *StepError
	if err == nil || ctx.Err() != nil || errors.As(err, &already) || errors.Is(err, compose.ErrEngineDown) {
		return err
	}
	step := &StepError{Step: j.stepIn(ctx), Err: err}
	var build *compose.BuildError
	var waiting *compose.NotReady
	switch {
	case errors.As(err, &build):
		step.Service, step.Tail, step.Err = build.Service, build.Tail, build.Err
	case errors.As(err, &waiting) && len(waiting.Services) > 0:
		seen := culprit(waiting.Services)
		step.Service, step.Tail = seen.Service, seen.Tail
	}
	return step
}

// culprit is the service that can never become ready, or else the first that
// is not.
func culprit(services []compose.Seen) compose.Seen {
	for _, seen := range services {
		if seen.Fatal {
			return seen
		}
	}
	return services[0]
}
