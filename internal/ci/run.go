package ci

import (
	"context"
	"errors"
	"time"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/guard"
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

// A Guard orders a run among others. It is told, under the lock, what to say of
// the preview. The error is why it is not there; it is nil for a down of nothing
// too, whose report is zero.
type Guard struct {
	guard.Guard[report.Report]
	// Serves is told before that what serves by then, where its migrations are still rehearsed. It may be nil.
	Serves func(ctx context.Context, r report.Report)
}

// A Runner does what events lead to.
type Runner struct {
	Forge    forge.Forge
	Previews Previews
	Settings Settings
	// Prepare looks at the checkout, to fill in what is above but for the forge,
	// and Name and Marker. It is called once it is known whose the checkout is, and
	// who asks: a stranger's comment has nothing of a fork touched. Pull is zero
	// where the event is about none. It may be nil.
	Prepare func(ctx context.Context, pull forge.Pull) error

	Name   func(number int) string // of a preview: pr-12 of shop
	Marker func(number int) string // and of its comment and environment: shop-pr-12
	RunURL string                  // of this job
	// Holds checks that what the job has checked out can be made into what is
	// ordered; ErrUnwanted: it could be, before the last push. It may be nil.
	Holds func(Order) error
	// Lacks says, once the checkout is prepared, what this run was not given, and
	// so cannot make a preview without: "" when it has all. It may be nil.
	Lacks func() string
	// Powerless says why the forge gave this job a token that may not write; "":
	// it gave one that may.
	Powerless string
	Again     bool                // somebody started the job once more by hand
	Redact    func(string) string // replaces secrets
	Say       func(line string)   // one line for the job's log
	DryRun    bool                // decide only

	Patience time.Duration // for other runs of the preview; 0: 30 minutes
	Poll     time.Duration // between two looks whether a run is still wanted; 0: 20 s
}

// An Outcome is what a run came to.
type Outcome struct {
	Action Action        `json:"action"`
	Answer *Action       `json:"answer,omitempty"` // to the command, after that
	Links  []report.Link `json:"links,omitempty"`  // of the preview that serves
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
	return r.carryOut(ctx, s)
}

// carryOut does what a situation leads to.
func (r *Runner) carryOut(ctx context.Context, s Situation) (Outcome, error) {
	plan := Decide(s)
	out := Outcome{Action: plan.Action, Answer: plan.Answer}
	r.Say(plan.Action.String())
	if plan.Answer != nil {
		r.Say("then " + plan.Answer.String())
	}
	if r.DryRun {
		return out, nil
	}
	j := &job{Runner: r, situation: s, action: plan.Action}
	j.pressing = plan.Wish == WishUp || plan.Wish == WishNothing && s.Said.Wish == WishDown
	if plan.Do == Nothing || plan.Do == Tell {
		j.links = s.links
	}
	j.react(ctx, plan)
	err := j.do(ctx)
	if err == nil && plan.Answer != nil {
		j.action = *plan.Answer
		err = j.do(ctx)
	}
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
	_, err = r.carryOut(ctx, s)
	return "", false, err
}

// ask finds out what the event is about, and whether its sender may write, where
// that matters. Only the forge is asked.
func (r *Runner) ask(ctx context.Context, e forge.Event) (s Situation, err error) {
	s = Situation{Event: e, Settings: r.Settings, Again: r.Again}
	if e.Kind == forge.Scheduled || e.Number == 0 {
		return s, nil
	}
	if s.Pull, err = r.Forge.Pull(ctx, e.Number); err != nil || !asks(e, r.Settings) {
		return s, err
	}
	s.MayWrite, err = r.Forge.MayWrite(ctx, e.Sender)
	return s, err
}

// look finds out what else a decision follows from, and asks for no more: what
// serves costs a call of the cloud.
func (r *Runner) look(ctx context.Context, s *Situation) error {
	if r.Prepare != nil {
		if err := r.Prepare(ctx, s.Pull); err != nil {
			return err
		}
		s.Settings = r.Settings
	}
	if s.Event.Kind == forge.Scheduled {
		return nil
	}
	if r.Lacks != nil {
		s.Lacks = r.Lacks()
	}
	if s.Pull.Open {
		// First, since the preview may be known by another name than the checkout's.
		now, err := r.Previews.Now(ctx, s.Event.Number)
		if err != nil {
			// What is to be done fails as well, and says so on the pull request.
			r.Say("could not find out what serves: " + err.Error())
		}
		s.Serving, s.links, s.Unseen = now.Commit, now.Links, err != nil
	}
	var err error
	s.Said, err = r.recall(ctx, s.Event.Number)
	return err
}

// recall reads what our comment remembers. A token that may not read comments
// has written none.
func (r *Runner) recall(ctx context.Context, number int) (Record, error) {
	text, err := r.Forge.Said(ctx, number, r.Marker(number))
	if errors.Is(err, forge.ErrForbidden) {
		return Record{}, nil
	}
	return ReadRecord(text), err
}
