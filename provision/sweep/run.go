package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Result is what a sweep did.
type Result struct {
	Plan    Plan      `json:"plan"`
	Removed []Removal `json:"removed"`
	Spared  []Spared  `json:"spared"` // was marked, and was not removed
}

// Spared is a thing that was marked and stays, or was gone already.
type Spared struct {
	Removal
	Why string `json:"why"`
}

// contradiction says that the list of open pull requests cannot be believed.
type contradiction struct{ number int }

func (e *contradiction) Error() string {
	return fmt.Sprintf("the list of open pull requests lacks %d, which is open: nothing is removed by it", e.number)
}

// Run removes what the plan marks, each after a second look. It goes on after
// one that fails, and joins the errors. Where machines went, what they shared
// goes too, unless others have it.
func (s Sweep) Run(ctx context.Context, plan Plan) (Result, error) {
	result := Result{Plan: plan, Removed: []Removal{}, Spared: []Spared{}}
	err := s.run(ctx, plan.Remove, &result)
	if !slices.ContainsFunc(result.Removed, func(r Removal) bool { return r.Kind == Machine }) || ctx.Err() != nil {
		return result, err
	}
	orphans, failed := s.orphans(ctx, plan)
	err = errors.Join(err, failed, s.run(ctx, orphans, &result))
	return result, err
}

// orphans lists what belongs to nothing since a plan was carried out.
func (s Sweep) orphans(ctx context.Context, before Plan) ([]Removal, error) {
	s.Pulls = nil // which have no say in it
	now, err := s.Plan(ctx)
	return slices.DeleteFunc(now.Remove, func(r Removal) bool {
		return r.Reason != Orphaned ||
			slices.ContainsFunc(before.Remove, func(b Removal) bool { return b.Kind == r.Kind && b.ID == r.ID })
	}), err
}

// carrying is the state of a sweep that carries out a plan.
type carrying struct {
	Sweep
	result *Result
	wrong  *contradiction // what made the list of open pull requests unbelievable
	errs   []error
}

func (s Sweep) run(ctx context.Context, marked []Removal, result *Result) error {
	c := &carrying{Sweep: s, result: result}
	for len(marked) > 0 {
		if err := context.Cause(ctx); err != nil {
			return errors.Join(append(c.errs, err)...)
		}
		n := c.together(marked)
		if n > 1 {
			c.removeAll(ctx, marked[0].place.(Many), marked[:n])
		} else {
			c.removeOne(ctx, marked[0])
		}
		marked = marked[n:]
	}
	return errors.Join(c.errs...)
}

// together is how many of what comes first are to be removed at once.
func (c *carrying) together(marked []Removal) int {
	if _, ok := marked[0].place.(Many); !ok {
		return 1
	}
	n := 1
	for n < len(marked) && marked[n].number == marked[0].number && marked[n].Kind == marked[0].Kind {
		n++
	}
	return n
}

// note writes down why one thing stays.
func (c *carrying) note(r Removal, why string, err error) {
	switch {
	case err != nil:
		_ = errors.As(err, &c.wrong)
		c.errs = append(c.errs, fmt.Errorf("%s %s: %w", r.Kind, r.ID, err))
		c.result.Spared = append(c.result.Spared, Spared{r, err.Error()})
	case why != "":
		c.result.Spared = append(c.result.Spared, Spared{r, why})
	}
}

// tell says of a thing that it was removed. Whatever comes of saying so, it is.
func (c *carrying) tell(ctx context.Context, r Removal) {
	c.result.Removed = append(c.result.Removed, r)
	if c.After == nil {
		return
	}
	if err := c.After(ctx, r); err != nil {
		c.errs = append(c.errs, fmt.Errorf("%s %s is removed, but: %w", r.Kind, r.ID, err))
	}
}

func (c *carrying) removeOne(ctx context.Context, r Removal) {
	why, err := c.believe(r), error(nil)
	if why == "" {
		now, again := r.place.Again(ctx, r.Held)
		why, err = c.unchanged(r, now, again)
	}
	if why == "" && err == nil {
		why, err = c.closed(ctx, r)
	}
	if why == "" && err == nil {
		c.removed(ctx, r, r.place.Remove(ctx, r.Held))
		return
	}
	c.note(r, why, err)
}

// removeAll asks about all of them before it removes any, so that a list of
// pull requests which turns out to be wrong removes none. The things themselves
// are read last: many questions take long, and who reopens one updates it.
func (c *carrying) removeAll(ctx context.Context, place Many, marked []Removal) {
	closed := c.still(marked, func(r Removal) (string, error) { return c.closed(ctx, r) })
	closed = c.still(closed, func(r Removal) (string, error) { return c.believe(r), nil })
	if len(closed) == 0 {
		return
	}
	now, err := place.Held(ctx, c.Repository)
	same := c.still(closed, func(r Removal) (string, error) {
		if err != nil {
			return "", err
		}
		found, err := among(now, r.Held)
		return c.unchanged(r, found, err)
	})
	if len(same) == 0 {
		return
	}
	held := make([]Held, len(same))
	for i, r := range same {
		held[i] = r.Held
	}
	for i, err := range place.RemoveAll(ctx, held) {
		c.removed(ctx, same[i], err)
	}
}

// still is those that a question has nothing against; it notes the others.
func (c *carrying) still(marked []Removal, ask func(Removal) (why string, err error)) (rest []Removal) {
	for _, r := range marked {
		if why, err := ask(r); why != "" || err != nil {
			c.note(r, why, err)
			continue
		}
		rest = append(rest, r)
	}
	return rest
}

// among is how a list that was made anew has a thing, or ErrGone.
func among(now []Held, h Held) (Held, error) {
	i := slices.IndexFunc(now, func(o Held) bool { return o.Kind == h.Kind && o.ID == h.ID })
	if i < 0 {
		return h, ErrGone
	}
	return now[i], nil
}

// removed writes down what came of a removal.
func (c *carrying) removed(ctx context.Context, r Removal, outcome error) {
	switch {
	case errors.Is(outcome, ErrBusy):
		c.note(r, ErrBusy.Error(), nil)
	case errors.Is(outcome, ErrGone):
		c.note(r, ErrGone.Error(), nil)
	case outcome != nil:
		c.note(r, "", outcome)
	default:
		c.tell(ctx, r)
	}
}

// believe spares what a list says that was found to be wrong.
func (c *carrying) believe(r Removal) (why string) {
	if c.wrong != nil && r.Reason == Closed {
		return "the list of open pull requests is wrong"
	}
	return ""
}

// unchanged tells whether a thing is to be removed as it is now, which is how
// it was read again: time has passed since the lists were made.
func (c *carrying) unchanged(r Removal, now Held, err error) (why string, _ error) {
	if errors.Is(err, ErrGone) {
		return ErrGone.Error(), nil
	}
	if err != nil {
		return "", err
	}
	if now.Generation != r.Generation || !now.Expires.Equal(r.Expires) {
		return "it was updated meanwhile", nil
	}
	if again, marked := mark(c.now(), now, &Open{}); !marked || again.Reason != r.Reason {
		return "it is needed again", nil
	}
	return "", nil
}

// closed asks for the pull request, where that is the reason: a list can be
// short without an error.
func (c *carrying) closed(ctx context.Context, r Removal) (why string, err error) {
	if why := c.believe(r); why != "" || r.Reason != Closed {
		return why, nil
	}
	open, err := c.Pulls.IsOpen(ctx, r.PullRequest)
	if err != nil {
		return "", fmt.Errorf("ask for pull request %d: %w", r.PullRequest, err)
	}
	if open {
		return "", &contradiction{r.PullRequest}
	}
	return "", nil
}
