package remote

import (
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// A Failure is how an agent says on its standard error what went wrong.
type Failure struct {
	Text  string   `json:"error"`
	Hints []string `json:"hints,omitempty"`
	Newer string   `json:"newer,omitempty"` // commit of a NewerError
	// Damaged says that contents did not arrive as they were sent.
	Damaged bool `json:"damaged,omitempty"`
}

// FailureOf is what to say of an error.
func FailureOf(err error) Failure {
	f := Failure{Text: err.Error(), Hints: hint.Of(err), Damaged: errors.Is(err, errDamaged)}
	var newer *NewerError
	if errors.As(err, &newer) {
		f.Newer = newer.Commit
	}
	return f
}

func (f Failure) err() error {
	var err error
	switch {
	case f.Newer != "":
		return &NewerError{Commit: f.Newer}
	case f.Damaged:
		err = fmt.Errorf("on the machine: %w", errDamaged)
	default:
		err = fmt.Errorf("on the machine: %s", f.Text)
	}
	for _, h := range f.Hints {
		err = hint.Wrap(err, "%s", h)
	}
	return err
}

// RunError says how a run on the machine failed. It reads as that of an up on
// this computer.
type RunError struct{ Outcome Outcome }

func (e *RunError) Error() string { return e.Outcome.Error }

// Err is the error of an outcome; nil when it is good.
func (o Outcome) Err() error {
	if o.Exit == 0 && o.Error == "" {
		return nil
	}
	var err error = &RunError{o}
	for _, h := range o.Hints {
		err = hint.Wrap(err, "%s", h)
	}
	return err
}
