package compose

import (
	"context"
	"io"
)

// LogOptions says which log lines to show.
type LogOptions struct {
	// Services; none: all.
	Services []string
	// Tail is the number of lines per container; zero: all.
	Tail int
	// Since is a time or a duration back from now, as docker logs takes it.
	Since      string
	Follow     bool
	Timestamps bool
}

// Logs writes the log lines of the services to w, each after "service | ".
func (s *Stack) Logs(ctx context.Context, o LogOptions, w io.Writer) error {
	return s.logs(ctx, o, w)
}
