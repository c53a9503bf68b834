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

func (s Sweep) run(ctx context.Context, marked []Removal, result *Result) error {
	var errs []error
	var wrong *contradiction
	for _, r := range marked {
		if err := context.Cause(ctx); err != nil {
			return errors.Join(append(errs, err)...)
		}
		if wrong != nil && r.Reason == Closed {
			result.Spared = append(result.Spared, Spared{r, "the list of open pull requests is wrong"})
			continue
		}
		why, err := s.remove(ctx, r)
		switch {
		case err != nil:
			_ = errors.As(err, &wrong)
			errs = append(errs, fmt.Errorf("%s %s: %w", r.Kind, r.ID, err))
			result.Spared = append(result.Spared, Spared{r, err.Error()})
		case why != "":
			result.Spared = append(result.Spared, Spared{r, why})
		default:
			result.Removed = append(result.Removed, r)
		}
	}
	return errors.Join(errs...)
}

// remove removes one thing, or says why it does not.
func (s Sweep) remove(ctx context.Context, r Removal) (why string, err error) {
	if why, err = s.confirm(ctx, r); why != "" || err != nil {
		return why, err
	}
	switch err := r.place.Remove(ctx, r.Held); {
	case errors.Is(err, ErrBusy):
		return ErrBusy.Error(), nil
	case errors.Is(err, ErrGone):
		return ErrGone.Error(), nil
	case err != nil:
		return "", err
	}
	if s.After != nil {
		return "", s.After(ctx, r)
	}
	return "", nil
}

// confirm looks again at a thing and at its pull request. Time has passed since
// the lists were made, and a list can be short without an error.
func (s Sweep) confirm(ctx context.Context, r Removal) (why string, err error) {
	now, err := r.place.Again(ctx, r.Held)
	if errors.Is(err, ErrGone) {
		return ErrGone.Error(), nil
	}
	if err != nil {
		return "", err
	}
	if now.Generation != r.Generation || !now.Expires.Equal(r.Expires) {
		return "it was updated meanwhile", nil
	}
	again, marked := mark(s.now(), now, &Open{})
	if !marked || again.Reason != r.Reason {
		return "it is needed again", nil
	}
	if r.Reason != Closed {
		return "", nil
	}
	open, err := s.Pulls.IsOpen(ctx, r.PullRequest)
	if err != nil {
		return "", fmt.Errorf("ask for pull request %d: %w", r.PullRequest, err)
	}
	if open {
		return "", &contradiction{r.PullRequest}
	}
	return "", nil
}
