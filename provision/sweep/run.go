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
		return r.Reason != Orphaned || slices.ContainsFunc(before.Remove, func(b Removal) bool { return b.Kind == r.Kind && b.ID == r.ID })
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

// note writes down what became of one thing.
func (c *carrying) note(r Removal, why string, err error) {
	switch {
	case err != nil:
		_ = errors.As(err, &c.wrong)
		c.errs = append(c.errs, fmt.Errorf("%s %s: %w", r.Kind, r.ID, err))
		c.result.Spared = append(c.result.Spared, Spared{r, err.Error()})
	case why != "":
		c.result.Spared = append(c.result.Spared, Spared{r, why})
	default:
		c.result.Removed = append(c.result.Removed, r)
	}
}

func (c *carrying) removeOne(ctx context.Context, r Removal) {
	why, err := c.again(ctx, r)
	if why == "" && err == nil {
		why, err = c.removed(ctx, r, r.place.Remove(ctx, r.Held))
	}
	c.note(r, why, err)
}

// removeAll looks at all of them again before it removes any, so that a list
// of pull requests which turns out to be wrong removes none.
func (c *carrying) removeAll(ctx context.Context, place Many, marked []Removal) {
	now, err := place.Held(ctx, c.Repository)
	if err != nil {
		for _, r := range marked {
			c.note(r, "", err)
		}
		return
	}
	var confirmed []Removal
	for _, r := range marked {
		i := slices.IndexFunc(now, func(h Held) bool { return h.Kind == r.Kind && h.ID == r.ID })
		if i < 0 {
			c.note(r, ErrGone.Error(), nil)
			continue
		}
		if why, err := c.confirm(ctx, r, now[i]); why != "" || err != nil {
			c.note(r, why, err)
			continue
		}
		confirmed = append(confirmed, r)
	}
	var held []Held
	confirmed = slices.DeleteFunc(confirmed, func(r Removal) bool {
		if why := c.believe(r); why != "" {
			c.note(r, why, nil)
			return true
		}
		held = append(held, r.Held)
		return false
	})
	if len(held) == 0 {
		return
	}
	for i, err := range place.RemoveAll(ctx, held) {
		why, err := c.removed(ctx, confirmed[i], err)
		c.note(confirmed[i], why, err)
	}
}

// removed says what the outcome of a removal means.
func (c *carrying) removed(ctx context.Context, r Removal, outcome error) (why string, err error) {
	switch {
	case errors.Is(outcome, ErrBusy):
		return ErrBusy.Error(), nil
	case errors.Is(outcome, ErrGone):
		return ErrGone.Error(), nil
	case outcome != nil:
		return "", outcome
	}
	if c.After != nil {
		return "", c.After(ctx, r)
	}
	return "", nil
}

// believe spares what a list says that was found to be wrong.
func (c *carrying) believe(r Removal) (why string) {
	if c.wrong != nil && r.Reason == Closed {
		return "the list of open pull requests is wrong"
	}
	return ""
}

// again looks at a thing once more, and at its pull request.
func (c *carrying) again(ctx context.Context, r Removal) (why string, err error) {
	if why := c.believe(r); why != "" {
		return why, nil
	}
	now, err := r.place.Again(ctx, r.Held)
	if errors.Is(err, ErrGone) {
		return ErrGone.Error(), nil
	}
	if err != nil {
		return "", err
	}
	return c.confirm(ctx, r, now)
}

// confirm tells whether a thing as it is now is still to be removed. Time has
// passed since the lists were made, and a list can be short without an error.
func (c *carrying) confirm(ctx context.Context, r Removal, now Held) (why string, err error) {
	if why := c.believe(r); why != "" {
		return why, nil
	}
	if now.Generation != r.Generation || !now.Expires.Equal(r.Expires) {
		return "it was updated meanwhile", nil
	}
	again, marked := mark(c.now(), now, &Open{})
	if !marked || again.Reason != r.Reason {
		return "it is needed again", nil
	}
	if r.Reason != Closed {
		return "", nil
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
