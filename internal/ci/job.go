package ci

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/guard"
	"github.com/offshoot-dev/offshoot/internal/report"
)

// A job is one plan under way.
type job struct {
	*Runner
	situation Situation
	action    Action
	links     []report.Link
	said      error        // what could not be reported
	served    bool         // it is said that the preview is ready, while there is more to come
	rehearses bool         // it is said that its migrations are rehearsed
	rehearsal forge.Status // the last line about that
	queries   forge.Status // the last line about what the code asks
	looks     int          // again, at what there is after a deed
	pressing  bool         // somebody asked for what the run of a push need not find wanted
}

// mostLooks bounds how often a run follows what changes under its hands.
const mostLooks = 4

func (j *job) do(ctx context.Context) error {
	switch j.action.Do {
	case Up, Reset:
		return j.up(ctx)
	case Down:
		return j.down(ctx)
	case Extend:
		return j.extend(ctx)
	case Sweep:
		return j.Previews.Sweep(ctx)
	case Wait:
		return j.wait(ctx)
	case Tell:
		return j.tell(ctx)
	case Answer:
		return j.reply(ctx)
	}
	return nil
}

// react shows the author of a command that it was read.
func (j *job) react(ctx context.Context, p Plan) {
	about := p.Action
	if p.Answer != nil {
		about = *p.Answer
	}
	f, ok := j.Forge.(forge.Reactor)
	if !ok || about.Comment == 0 {
		return
	}
	with := forge.Seen
	if about.Refused {
		with = forge.Refused
	}
	if err := f.React(ctx, about.Number, about.Comment, with); err != nil {
		j.Say("no reaction: " + err.Error())
	}
}

// ErrUnwanted is why a run ends that came too late.
var ErrUnwanted = guard.ErrUnwanted

var (
	errClosed     = fmt.Errorf("%w: the pull request is closed", ErrUnwanted)
	errWanted     = fmt.Errorf("%w: the pull request is to have its preview again", ErrUnwanted)
	errSuperseded = fmt.Errorf("%w: there is a newer commit", ErrUnwanted)
	errServed     = fmt.Errorf("%w: another run has made it", ErrUnwanted)
)

// current asks the forge whether an up is still wanted.
func (j *job) current(ctx context.Context) error {
	p, err := j.Forge.Pull(ctx, j.action.Number)
	if err != nil {
		return err
	}
	j.situation.Pull = p
	why, wanted := j.situation.wanted()
	switch {
	case !p.Open:
		return errClosed
	case p.Commit != j.action.Commit:
		return errSuperseded
	case !wanted:
		return fmt.Errorf("%w: %s", ErrUnwanted, why)
	}
	return nil
}

// up makes the preview, and takes it back when the pull request is to have none
// any more: the run of that event may be lost, or have come first.
func (j *job) up(ctx context.Context) error {
	order := Order{Number: j.action.Number, Commit: j.action.Commit, Fork: j.action.Fork, Reset: j.action.Do == Reset}
	if j.Holds != nil {
		if err := j.Holds(order); err != nil {
			return j.behind(ctx, err)
		}
	}
	if err := j.announce(ctx); err != nil {
		return j.powerless(err)
	}
	err := j.make(ctx, order)
	switch {
	case errors.Is(err, errServed):
		j.Say("stopped: " + err.Error())
		return nil
	case errors.Is(err, ErrUnwanted):
		j.Say("stopped: " + err.Error())
		return errors.Join(j.cancelled(ctx), j.lookAgain(ctx, false))
	case errors.Is(err, forge.ErrForbidden):
		return j.powerless(err)
	}
	return errors.Join(err, j.said, j.lookAgain(ctx, true))
}

// behind ends a run that has not checked out what it is to make. What came with a
// push is made by the run of that push.
func (j *job) behind(ctx context.Context, err error) error {
	if !errors.Is(err, ErrUnwanted) {
		return err
	}
	j.Say("stopped: " + err.Error())
	if err := j.remember(ctx); err != nil {
		return err
	}
	return j.lookAgain(ctx, false)
}

func (j *job) make(ctx context.Context, order Order) error {
	working, stop := j.watch(ctx)
	defer stop()
	begun := false
	err := j.Previews.Up(working, order, Guard{Serves: j.serves, Guard: guard.Guard[report.Report]{
		Patience: j.patience(),
		Wanted: func(ctx context.Context) error {
			if begun {
				return j.current(ctx)
			}
			err := j.turn(ctx)
			begun = err == nil
			return err
		},
		Conclude: func(ctx context.Context, r report.Report, err error) { j.said = j.conclude(ctx, r, err) },
	}})
	if cause := context.Cause(working); err != nil && errors.Is(cause, ErrUnwanted) {
		err = cause
	}
	return err
}

// turn is asked under the lock, when it is this run's turn: others may have done
// meanwhile what it is for, or the opposite.
func (j *job) turn(ctx context.Context) error {
	record, err := j.recall(ctx, j.action.Number)
	if err != nil {
		return err
	}
	j.situation.Said = record.with(j.action.Wish, j.action.Commit) // whose turn it is has the last word
	if err := j.current(ctx); err != nil {
		return errors.Join(err, j.remember(ctx))
	}
	now, err := j.Previews.Now(ctx, j.action.Number)
	if err == nil && now.Commit == j.action.Commit && !j.action.Forced {
		return errors.Join(errServed, j.show(ctx, now))
	}
	return j.begin(ctx, now)
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
	seen := *j // whoever works changes the other
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
			if err := seen.current(working); errors.Is(err, ErrUnwanted) {
				cancel(err)
			}
		}
	}()
	return working, func() { cancel(context.Canceled); <-done }
}

// lookAgain looks once more, after the lock was let go: what happened meanwhile may
// have had a run that saw nothing to do. Ended says that an up came to its end, well
// or not.
func (j *job) lookAgain(ctx context.Context, ended bool) error {
	if j.looks++; j.looks > mostLooks {
		return nil
	}
	p, err := j.Forge.Pull(ctx, j.action.Number)
	if err != nil {
		return err
	}
	j.situation.Event = forge.Event{Kind: forge.Other, Number: j.action.Number}
	j.situation.Pull = p
	if j.situation.Said, err = j.recall(ctx, j.action.Number); err != nil {
		return err
	}
	_, wanted := j.situation.wanted()
	if wanted && ended || !wanted && j.action.Do == Down {
		return nil
	}
	if wanted {
		now, err := j.Previews.Now(ctx, j.action.Number)
		if err != nil {
			return err
		}
		j.situation.Serving, j.situation.links, j.situation.Unseen = now.Commit, now.Links, false
	}
	return j.follow(ctx)
}

// follow does what there is to do after another look. A commit that the job has
// not checked out is left to the run of its push.
func (j *job) follow(ctx context.Context) error {
	next := Decide(j.situation).Action
	if next.Do == Up && j.Holds != nil && j.Holds(Order{Number: next.Number, Commit: next.Commit}) != nil {
		return j.passOn(ctx, next.Commit)
	}
	if next.Do == Nothing {
		return j.confirm(ctx)
	}
	j.links, j.said, j.action = nil, nil, next
	j.Say("then " + next.String())
	return j.do(ctx)
}

// confirm corrects the line beside a commit that an up was stopped for, where another run has made it: the comment says
// so already.
func (j *job) confirm(ctx context.Context) error {
	making := j.action.Do == Up || j.action.Do == Reset
	if !making || j.action.Commit == "" || j.situation.Serving != j.action.Commit {
		return nil
	}
	return j.status(ctx, forge.Success, "the preview is ready", firstLink(j.situation.links))
}

// passOn says what is left to do where the run of a push may have found that the
// settings want no preview.
func (j *job) passOn(ctx context.Context, commit string) error {
	said := j.situation.Said
	asked := j.pressing || said.Wish == WishUp
	if !asked || said.Commit == commit && said.claims() {
		return nil
	}
	return j.comment(ctx, report.Report{
		State: report.Waiting, Commit: commit, Links: j.situation.links,
		Reason: "There was a push while its preview was asked for. The comment /preview up makes it.",
	})
}

// down removes the preview, unless the pull request is to have one when it is
// this run's turn.
func (j *job) down(ctx context.Context) error {
	err := j.Previews.Down(ctx, j.action.Number, Guard{Guard: guard.Guard[report.Report]{
		Patience: j.patience(),
		Wanted:   j.needless,
		Conclude: func(ctx context.Context, _ report.Report, err error) {
			if err == nil {
				j.said = j.removed(ctx)
			}
		},
	}})
	switch {
	case errors.Is(err, ErrUnwanted):
		j.Say("stopped: " + err.Error())
		return j.lookAgain(ctx, false)
	case err != nil && j.situation.Lacks != "":
		j.Say("this run could not remove the preview, the next sweep does: " + err.Error())
		return nil
	case errors.Is(j.said, forge.ErrForbidden):
		return errors.Join(err, j.powerless(j.said))
	case err != nil || j.said != nil:
		return errors.Join(err, j.said)
	}
	return j.lookAgain(ctx, false)
}

// needless asks whether a down is still wanted. One that somebody asked for is,
// until there is a newer commit.
func (j *job) needless(ctx context.Context) error {
	p, err := j.Forge.Pull(ctx, j.action.Number)
	if err != nil {
		return err
	}
	record, err := j.recall(ctx, j.action.Number)
	if err != nil {
		return err
	}
	j.situation.Pull, j.situation.Said = p, record.with(j.action.Wish, j.action.Commit)
	why, wanted := j.situation.wanted()
	if wanted {
		return errWanted
	}
	if j.action.Wish == "" {
		j.action.Reason = why // it may be another by now
	}
	return nil
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
