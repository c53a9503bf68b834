// Package remote brings previews up on a machine that is reached by a host.
//
//	here                                          on the machine
//	Site.Up ─► program ─► tree ─► missing objects ─► agent start ─► agent run, detached
//	              ▲                                                   │ journal, exit
//	              └──────────── agent follow ◄────────────────────────┘
//
// The program is offshoot itself, and the agent is its hidden command: the
// stack is run by the same code as on this computer. A run that was started
// goes on whatever becomes of the connection or of who started it, and each
// step here can be repeated after a connection that was lost.
//
// All that is on the machine lies in one folder:
//
//	bin/<digest>/offshoot   the program; bin/current is a link to it
//	objects/<digest>        contents of files, also parts of them
//	runs/<id>/              request, checkout, journal and exit of a run
package remote

import (
	"encoding/json"
	"time"

	"github.com/offshoot-dev/offshoot/provision"
)

// A Request is all that a run is told. It may hold secrets: it travels on
// standard input and lies in a file that only its owner reads.
type Request struct {
	// Options say what to bring up. Source.Dir is relative to the checkout,
	// which is Source.Root;
	// Archive is the name of one in the tree's archive folder, or empty.
	Options provision.Options `json:"options"`
	// Committed is when the commit was made: a newer one wins.
	Committed time.Time `json:"committed,omitzero"`
	// Bake prepares the machine for an image of it, in place of an up.
	Bake bool `json:"bake,omitempty"`
	// Front is how the machine is reached from other computers.
	Front provision.Front `json:"front,omitzero"`
	// Errand is what to do in place of an up, in the words of who asks for it; nil: an up.
	Errand json.RawMessage `json:"errand,omitempty"`
}

// An Outcome is how a run ended.
type Outcome struct {
	Exit   int               `json:"exit"` // what offshoot up exits with
	Result *provision.Result `json:"result,omitempty"`
	Error  string            `json:"error,omitempty"`
	Hints  []string          `json:"hints,omitempty"`
	Part   string            `json:"part,omitempty"`   // the service or step that failed
	Tail   []string          `json:"tail,omitempty"`   // the last lines that it printed
	Answer json.RawMessage   `json:"answer,omitempty"` // of an errand
}

// A Record is one line of a journal: an event, or at its end the outcome.
type Record struct {
	Event   *provision.Event `json:"event,omitempty"`
	Told    json.RawMessage  `json:"told,omitempty"` // by an errand
	Outcome *Outcome         `json:"outcome,omitempty"`
}
