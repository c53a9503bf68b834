package provision

import "time"

// A Step of an up or a down.
type Step string

// The steps, in their order.
const (
	StepLock     Step = "lock"
	StepMachine  Step = "machine"
	StepFiles    Step = "files"
	StepGateway  Step = "gateway"
	StepImages   Step = "build and pull"
	StepCopies   Step = "copy checkout"
	StepDatabase Step = "database"
	StepLoad     Step = "load archive"
	StepMigrate  Step = "migrate"
	StepStart    Step = "start"
	StepReady    Step = "wait until ready"
	StepRoute    Step = "route"
	StepCleanup  Step = "clean up"
	StepRemove   Step = "remove"
)

// A Kind says what an Event tells.
type Kind string

// The kinds of events. Every step that begins ends with Done or Failed.
const (
	Began    Kind = "began"
	Progress Kind = "progress" // one line of what is going on: a layer, a container, a changed setting
	Notice   Kind = "notice"   // something the user ought to read
	Done     Kind = "done"
	Failed   Kind = "failed"
)

// An Event tells what an up or a down is doing. Events come one at a time, in
// order.
type Event struct {
	Step    Step          `json:"step"`
	Kind    Kind          `json:"kind"`
	Service string        `json:"service,omitempty"`
	Text    string        `json:"text,omitempty"`
	Took    time.Duration `json:"took,omitempty"` // on Done and Failed
}
