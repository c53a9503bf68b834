package provision

import "time"

// A Step of an up or a down.
type Step string

// The steps. From the gateway to the start of the services several run at the
// same time.
const (
	StepLock          Step = "lock"
	StepMachine       Step = "machine"
	StepFiles         Step = "files"
	StepGateway       Step = "gateway"
	StepDatabaseImage Step = "image of the database"
	StepImages        Step = "build and pull"
	StepCopies        Step = "copy checkout"
	StepDatabase      Step = "database"
	StepAccept        Step = "wait for the database"
	StepLoad          Step = "load archive"
	StepCreate        Step = "create containers"
	StepMigrate       Step = "migrate"
	StepRehearse      Step = "rehearse the migration"
	StepStart         Step = "start"
	StepReady         Step = "wait until ready"
	StepRoute         Step = "route"
	StepCleanup       Step = "clean up"
	StepRemove        Step = "remove"
)

// A Kind says what an Event tells.
type Kind string

// The kinds of events. Every step that begins ends with Done or Failed.
const (
	Began    Kind = "began"
	Progress Kind = "progress" // one line of what is going on: a layer, a container, a changed setting
	Notice   Kind = "notice"   // something the user ought to read
	Answered Kind = "answered" // requests go to the preview: the event has the result
	Done     Kind = "done"
	Failed   Kind = "failed"
)

// GivenUp is the text of the end of a step that another's failure has ended.
const GivenUp = "given up"

// An Event tells what an up or a down is doing. Events come one at a time, in
// order.
type Event struct {
	Step    Step          `json:"step"`
	Kind    Kind          `json:"kind"`
	Service string        `json:"service,omitempty"`
	Text    string        `json:"text,omitempty"`
	Took    time.Duration `json:"took,omitempty"`   // on Done and Failed
	Result  *Result       `json:"result,omitempty"` // on Answered; what only cleans up is still to come
}
