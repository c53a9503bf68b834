package ui

// An Event is what a UI was told, for one in another process to show.
type Event struct {
	Kind  string `json:"kind"`
	Step  string `json:"step,omitempty"`
	Text  string `json:"text,omitempty"`
	Done  int64  `json:"done,omitempty"`
	Total int64  `json:"total,omitempty"`
}

// The kinds of events.
const (
	eventBegan    = "began"
	eventProgress = "progress"
	eventDone     = "done"
	eventFailed   = "failed"
	eventInfo     = "info"
	eventWarn     = "warn"
	eventBlock    = "block"
)

// tell hands on what a line would say, and tells whether somebody took it. Secrets are
// replaced first: it leaves the process.
func (u *UI) tell(kind, step, text string, progress ...int64) bool {
	if u.opts.Tell == nil || u.opts.Live {
		return false
	}
	e := Event{Kind: kind, Step: step, Text: u.opts.Secrets.Redact(text)}
	if len(progress) == 2 {
		e.Done, e.Total = progress[0], progress[1]
	}
	u.opts.Tell(e)
	return true
}

// Echo has a UI show what another one was told. Its zero value with a UI is ready for use.
type Echo struct {
	UI    *UI
	steps map[string]*Step
}

// Show shows one event; they come one at a time, in order.
func (e *Echo) Show(event Event) {
	step := e.steps[event.Step]
	switch event.Kind {
	case eventBegan:
		if e.steps == nil {
			e.steps = map[string]*Step{}
		}
		e.steps[event.Step] = e.UI.Start(event.Step)
	case eventInfo:
		e.UI.Info(event.Text)
	case eventWarn:
		e.UI.Warn(event.Text)
	case eventBlock:
		e.UI.Block(event.Text)
	}
	if step == nil {
		return
	}
	switch event.Kind {
	case eventProgress:
		step.Progress(event.Done, event.Total, event.Text)
	case eventDone:
		step.Done(event.Text)
	case eventFailed:
		step.Fail(event.Text)
	}
}
