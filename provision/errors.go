package provision

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrNoPreview says that there is no such preview on the machine.
var ErrNoPreview = errors.New("no such preview")

// Holder says who holds a lock.
type Holder struct {
	PID     int       `json:"pid"`
	User    string    `json:"user"`
	Host    string    `json:"host"`
	Command string    `json:"command"` // the verb: up, down
	Since   time.Time `json:"since"`
}

// LockedError says that another run holds the lock of the preview.
type LockedError struct {
	Preview string
	Holder  Holder // zero when the holder has not said yet who it is
}

func (e *LockedError) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("%s is locked by another run", e.Preview)
	}
	return fmt.Sprintf("%s is locked by offshoot %s of %s on %s (pid %d) since %s", e.Preview,
		e.Holder.Command, e.Holder.User, e.Holder.Host, e.Holder.PID, e.Holder.Since.Format(time.TimeOnly))
}

// StepError says that the stack itself failed: an image that does not build, a
// migration that fails, a service that never becomes healthy. What offshoot
// made for it has been removed again, and what served before goes on.
type StepError struct {
	Step    Step
	Service string   // where it failed, if at one
	Err     error    // what failed
	Tail    []string // the last lines that it printed
	Kept    bool     // left as it was, on request
}

func (e *StepError) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Step))
	if e.Service != "" {
		b.WriteString(": " + e.Service)
	}
	b.WriteString(": " + e.Err.Error())
	return b.String()
}

func (e *StepError) Unwrap() error { return e.Err }
