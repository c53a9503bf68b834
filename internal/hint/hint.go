// Package hint attaches to an error what the user can do about it.
//
// Every package may import it; only main prints what it carries.
package hint

import (
	"errors"
	"fmt"
)

// ErrUsage marks an error that lies in the command line or the configuration:
// offshoot exits with 12 for it. Test with errors.Is.
var ErrUsage = errors.New("usage or configuration")

type hinted struct {
	err   error
	hint  string
	usage bool
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }
func (h *hinted) Is(target error) bool {
	return h.usage && target == ErrUsage
}

// Wrap adds one hint line to err: lower case, no full stop, something the
// reader can do. It returns nil for a nil err.
func Wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &hinted{err: err, hint: fmt.Sprintf(format, args...)}
}

// Usage is Wrap for an error in the command line or the configuration. An
// empty format adds no hint.
func Usage(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &hinted{err: err, hint: fmt.Sprintf(format, args...), usage: true}
}

// Of returns the hints that err carries, outermost first, without repeats.
func Of(err error) []string {
	var hints []string
	seen := map[string]bool{"": true}
	walk(err, func(h *hinted) {
		if !seen[h.hint] {
			seen[h.hint] = true
			hints = append(hints, h.hint)
		}
	})
	return hints
}

func walk(err error, visit func(*hinted)) {
	if err == nil {
		return
	}
	if h, ok := err.(*hinted); ok {
		visit(h)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		walk(e.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			walk(inner, visit)
		}
	}
}
