package ci

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/report"
)

// Previews is where previews are made. Its methods order themselves with other
// runs of the same preview by a lock, in this process or another.
type Previews interface {
	// Up makes or updates a preview at a commit.
	Up(ctx context.Context, order Order, g Guard) error
	// Down removes one; that there is none is no error.
	Down(ctx context.Context, number int, g Guard) error
	// Extend lets one live longer, and returns its new end; zero: it has none.
	Extend(ctx context.Context, number int, by time.Duration) (time.Time, error)
	// Now says what is there. The zero Preview is nothing.
	Now(ctx context.Context, number int) (Preview, error)
	// Sweep removes what nobody wants any more.
	Sweep(ctx context.Context) error
}

// An Order is what is to be made.
type Order struct {
	Number int
	Commit string
	Fork   bool // strangers' code: no secret may reach it
	Reset  bool // make the data anew
}

// A Preview is what is there.
type Preview struct {
	Commit  string
	Links   []report.Link
	Expires time.Time
	Machine string
}

// A Guard orders a run among others; see provision.Guard.
type Guard struct {
	Patience time.Duration
	// Wanted is asked under the lock, before the work and before the switch.
	Wanted func(ctx context.Context) error
	// Conclude gets what to say of the preview, under the lock. Err is why it is
	// not there; it is nil for a down of nothing too, whose report is zero.
	Conclude func(ctx context.Context, r report.Report, err error)
}

// A Runner does what events lead to.
type Runner struct {
	Forge    forge.Forge
	Previews Previews
	Settings Settings
	// Prepare looks at the checkout, to fill in what is above but for the forge,
	// and Name and Marker. It is called once it is known that the event asks for
	// something, and that whoever asks may: a stranger's comment touches nothing.
	// Pull is zero where the event is about none. It may be nil.
	Prepare func(ctx context.Context, pull forge.Pull) error

	Name   func(number int) string // of a preview: pr-12 of shop
	Marker func(number int) string // and of its comment and environment: shop-pr-12
	RunURL string                  // of this job
	Redact func(string) string     // replaces secrets
	Say    func(line string)       // one line for the job's log
	DryRun bool                    // decide only

	Patience time.Duration // for other runs of the preview; 0: 30 minutes
	Poll     time.Duration // between two looks whether a run is still wanted; 0: 20 s
}

// An Outcome is what a run came to.
type Outcome struct {
	Action Action        `json:"action"`
	Links  []report.Link `json:"links,omitempty"` // of the preview that serves
}

// Handle does what an event leads to.
func (r *Runner) Handle(ctx context.Context, e forge.Event) (Outcome, error) {
	s, err := r.ask(ctx, e)
	if err != nil {
		return Outcome{}, err
	}
	if s.reaches() {
		if err := r.look(ctx, &s); err != nil {
			return Outcome{}, err
		}
	}
	out := Outcome{Action: Decide(s)}
	r.Say(out.Action.String())
	if r.DryRun {
		return out, nil
	}
	j := &job{Runner: r, action: out.Action}
	err = j.do(ctx)
	out.Links = j.links
	return out, err
}

// Commit tells which commit a job has to check out for an event, before it has
// checked out anything: the newest of the pull request, in full; none where the
// event is about no pull request. Where nothing is to be done, or whoever asks
// may not, the job ends there: a command is answered as Handle does.
func (r *Runner) Commit(ctx context.Context, e forge.Event) (commit string, goOn bool, err error) {
	s, err := r.ask(ctx, e)
	if err != nil {
		return "", false, err
	}
	if s.reaches() {
		return s.Pull.Commit, true, nil
	}
	a := Decide(s)
	r.Say(a.String())
	if r.DryRun {
		return "", false, nil
	}
	return "", false, (&job{Runner: r, action: a}).do(ctx)
}

// ask finds out whether the event asks for anything, and whether its sender
// may. Only the forge is asked.
func (r *Runner) ask(ctx context.Context, e forge.Event) (s Situation, err error) {
	s = Situation{Event: e, Settings: r.Settings}
	needless := e.Kind == forge.Scheduled || e.Kind == forge.Other || e.Number == 0 ||
		e.Kind == forge.Commented && !isCommand(e.Text)
	if needless {
		return s, nil
	}
	if s.Pull, err = r.Forge.Pull(ctx, e.Number); err != nil || !asks(e, r.Settings) {
		return s, err
	}
	s.MayWrite, err = r.Forge.MayWrite(ctx, e.Sender)
	return s, err
}

// reaches tells whether the event can lead to more than a reaction.
func (s Situation) reaches() bool {
	switch {
	case s.Event.Kind == forge.Other, s.Event.Kind == forge.Commented && !isCommand(s.Event.Text):
		return false
	case asks(s.Event, s.Settings):
		return s.MayWrite
	}
	return true
}

// look finds out what else a decision follows from, and asks for no more.
func (r *Runner) look(ctx context.Context, s *Situation) error {
	if r.Prepare != nil {
		if err := r.Prepare(ctx, s.Pull); err != nil {
			return err
		}
		s.Settings = r.Settings
	}
	if !asks(s.Event, s.Settings) || !s.Pull.Fork {
		return nil
	}
	now, err := r.Previews.Now(ctx, s.Event.Number)
	s.Serving = now.Commit
	return err
}

// A job is one action under way.
type job struct {
	*Runner
	action Action
	links  []report.Link
	said   error // what could not be reported
}

func (j *job) do(ctx context.Context) error {
	if err := j.react(ctx); err != nil {
		j.Say("no reaction: " + err.Error())
	}
	switch j.action.Do {
	case Up, Reset:
		return j.up(ctx)
	case Down:
		return j.down(ctx, j.action.Forced)
	case Extend:
		return j.extend(ctx)
	case Sweep:
		return j.Previews.Sweep(ctx)
	case Wait:
		return j.wait(ctx)
	case Answer:
		return j.answer(ctx, j.action.Reply)
	}
	return nil
}

// react shows the author of a command that it was read.
func (j *job) react(ctx context.Context) error {
	f, ok := j.Forge.(forge.Reactor)
	if !ok || j.action.Comment == 0 {
		return nil
	}
	with := forge.Seen
	if j.action.Refused {
		with = forge.Refused
	}
	return f.React(ctx, j.action.Number, j.action.Comment, with)
}

// ErrUnwanted is why a run ends that came too late.
var ErrUnwanted = errors.New("not wanted any more")

var (
	errClosed     = fmt.Errorf("%w: the pull request is closed", ErrUnwanted)
	errOpen       = fmt.Errorf("%w: the pull request is open again", ErrUnwanted)
	errSuperseded = fmt.Errorf("%w: there is a newer commit", ErrUnwanted)
)

// current asks the forge whether an up is still wanted.
func (j *job) current(ctx context.Context) error {
	p, err := j.Forge.Pull(ctx, j.action.Number)
	switch {
	case err != nil:
		return err
	case !p.Open:
		return errClosed
	case p.Commit != j.action.Commit:
		return errSuperseded
	}
	return nil
}

// up makes the preview, and takes it back when the pull request was closed
// meanwhile: the run of that event may be lost, or have come first.
func (j *job) up(ctx context.Context) error {
	working, stop := j.watch(ctx)
	defer stop()
	begun := false
	err := j.Previews.Up(working, Order{
		Number: j.action.Number, Commit: j.action.Commit, Fork: j.action.Fork, Reset: j.action.Do == Reset,
	}, Guard{
		Patience: j.patience(),
		Wanted: func(ctx context.Context) error {
			if err := j.current(ctx); err != nil || begun {
				return err
			}
			begun = true
			j.begin(ctx)
			return nil
		},
		Conclude: func(ctx context.Context, r report.Report, err error) { j.said = j.conclude(ctx, r, err) },
	})
	if cause := context.Cause(working); err != nil && errors.Is(cause, ErrUnwanted) {
		err = cause
	}
	stop()
	if errors.Is(err, ErrUnwanted) {
		j.Say("stopped: " + err.Error())
		return errors.Join(j.cancelled(ctx), j.ifClosed(ctx))
	}
	return errors.Join(err, j.said, j.ifClosed(ctx))
}

func (j *job) patience() time.Duration {
	if j.Patience > 0 {
		return j.Patience
	}
	return 30 * time.Minute
}

// watch ends the context when the run is not wanted any more, so that one does
// not wait for a build that nobody needs.
func (j *job) watch(ctx context.Context) (context.Context, func()) {
	working, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	every := j.Poll
	if every == 0 {
		every = 20 * time.Second
	}
	go func() {
		defer close(done)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-working.Done():
				return
			case <-ticker.C:
			}
			if err := j.current(working); errors.Is(err, ErrUnwanted) {
				cancel(err)
			}
		}
	}()
	return working, func() { cancel(context.Canceled); <-done }
}

// ifClosed looks once more, after the lock was let go.
func (j *job) ifClosed(ctx context.Context) error {
	p, err := j.Forge.Pull(ctx, j.action.Number)
	if err != nil {
		return err
	}
	if p.Open {
		return nil
	}
	j.links = nil
	j.Say("the pull request was closed meanwhile: its preview is removed")
	return j.down(ctx, false)
}

// down removes the preview. Unless it is forced, only that of a pull request
// which is still closed when it is this run's turn.
func (j *job) down(ctx context.Context, forced bool) error {
	removed := false
	err := j.Previews.Down(ctx, j.action.Number, Guard{
		Patience: j.patience(),
		Wanted: func(ctx context.Context) error {
			if forced {
				return nil
			}
			p, err := j.Forge.Pull(ctx, j.action.Number)
			if err == nil && p.Open {
				err = errOpen
			}
			return err
		},
		Conclude: func(ctx context.Context, _ report.Report, err error) {
			if removed = err == nil; removed {
				j.said = j.removed(ctx)
			}
		},
	})
	if errors.Is(err, ErrUnwanted) {
		j.Say("stopped: " + err.Error())
		return nil
	}
	return errors.Join(err, j.said)
}

func (j *job) extend(ctx context.Context) error {
	until, err := j.Previews.Extend(ctx, j.action.Number, j.action.By)
	if err != nil {
		return err
	}
	if until.IsZero() {
		return j.answer(ctx, "this preview does not expire")
	}
	return j.answer(ctx, "it lives until "+until.UTC().Format("Mon 2 Jan, 15:04")+" UTC, "+j.action.Reason)
}
