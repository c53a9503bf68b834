package compose

// Event is one thing that happened to a stack.
type Event struct {
	// Kind is what is going on: "build", "pull", "up", "run", "wait", "stop" or "down".
	Kind string
	// Subject is the service, or the container, network, volume or image.
	Subject string
	// Text says what happened, in a few words or one line of output.
	Text string
	// State of the subject in this kind.
	State EventState
	// Current of Total bytes, when both are known.
	Current, Total int64
}

// EventState tells how far a subject is.
type EventState int

// The states of a subject.
const (
	Working EventState = iota
	Done
	Warning
	Failed
	// Output is a line that a build step, a container or a one-off printed.
	Output
)
