package subset

import "errors"

// Sinks refuse a target with these errors; they come wrapped with its name.
var (
	ErrTargetNotEmpty = errors.New("target is not empty")
	ErrTargetIsSource = errors.New("target is the source")
)
