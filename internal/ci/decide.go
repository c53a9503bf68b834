// Package ci decides what an event of a pull request means for its preview, and
// does it.
//
//	forge.Event ─▶ look at the pull request as it is now ─▶ Decide ─▶ Action ─▶ Runner ─▶ Previews
//	                                                                              └─▶ comment, status, deployment
//
// Events come late and in any order, and jobs are lost. So an event is only a
// reason to look; the newest commit of an open pull request wins, under the
// preview's lock, whichever run comes last.
package ci

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/offshoot-dev/offshoot/internal/forge"
)

// Settings are what a repository wants.
type Settings struct {
	Drafts  bool   // drafts have previews too
	Label   string // only pull requests with this label have one; empty: all
	Approve string // the label with which a maintainer approves the newest commit of a fork
}

// A Deed is what is to be done.
type Deed string

// The deeds.
const (
	Nothing Deed = "nothing"
	Up      Deed = "up"
	Reset   Deed = "reset" // up, with the data made anew whatever is configured
	Down    Deed = "down"
	Extend  Deed = "extend"
	Sweep   Deed = "sweep"
	Wait    Deed = "wait" // say that a maintainer has to approve
	Answer  Deed = "answer"
)

// An Action is what an event leads to. It can be printed, and leaves nothing
// more to decide.
type Action struct {
	Do      Deed          `json:"do"`
	Number  int           `json:"pull_request,omitempty"`
	Commit  string        `json:"commit,omitempty"`
	Fork    bool          `json:"fork,omitempty"`   // strangers' code, approved: it gets no secrets
	Forced  bool          `json:"forced,omitempty"` // asked for, whatever state the pull request is in
	By      time.Duration `json:"by,omitempty"`
	Reason  string        `json:"reason"`
	Reply   string        `json:"reply,omitempty"`
	Comment int64         `json:"comment,omitempty"` // the one with the command
	Refused bool          `json:"refused,omitempty"` // the command is not carried out
}

// String is the action in one line of a log.
func (a Action) String() string {
	switch {
	case a.Number == 0:
		return fmt.Sprintf("%s: %s", a.Do, a.Reason)
	case a.Commit == "":
		return fmt.Sprintf("%s, pull request %d: %s", a.Do, a.Number, a.Reason)
	}
	return fmt.Sprintf("%s, pull request %d at %s: %s", a.Do, a.Number, short(a.Commit), a.Reason)
}

// A Situation is all that a decision follows from.
type Situation struct {
	Event    forge.Event
	Settings Settings
	Pull     forge.Pull // as it is now
	MayWrite bool       // the event's sender; only looked at where asks says so
	Serving  string     // the commit that is served now, likewise
}

// asks tells whether the sender's permission matters.
func asks(e forge.Event, s Settings) bool {
	if e.Kind == forge.Commented {
		return isCommand(e.Text)
	}
	return e.Kind == forge.Labeled && e.Label != "" && e.Label == s.Approve
}

// Decide says what an event leads to.
func Decide(s Situation) Action {
	a := s.decide()
	a.Number = s.Event.Number
	return a
}

func (s Situation) decide() Action {
	switch s.Event.Kind {
	case forge.Scheduled:
		return Action{Do: Sweep, Reason: "scheduled"}
	case forge.Commented:
		return s.command()
	case forge.Stopped:
		return Action{Do: Down, Forced: true, Reason: "its environment was stopped"}
	case forge.Other:
		return nothing("%s is of no interest", s.Event.Name)
	case forge.Closed:
		return s.closed()
	}
	if !s.Pull.Open {
		return over()
	}
	return s.change()
}

// over ends what there is of a closed pull request, whatever event leads there.
// The run of its close may be lost: of several that wait, GitHub keeps only the
// newest.
func over() Action { return Action{Do: Down, Reason: "the pull request is closed"} }

// change decides what a change of an open pull request leads to.
func (s Situation) change() Action {
	switch s.Event.Kind {
	case forge.Opened, forge.Reopened, forge.Pushed, forge.Ready:
		return s.up(string(s.Event.Kind))
	case forge.Drafted:
		return s.drafted()
	case forge.Labeled:
		return s.labeled()
	case forge.Unlabeled:
		return s.unlabeled()
	}
	return nothing("%s is of no interest", s.Event.Name)
}

func nothing(format string, args ...any) Action {
	return Action{Do: Nothing, Reason: fmt.Sprintf(format, args...)}
}

// up makes a preview, unless this run is late or the pull request is to have
// none.
func (s Situation) up(reason string) Action {
	p := s.Pull
	if late := s.late(); late != "" {
		return nothing("%s", late)
	}
	switch {
	case p.Draft && !s.Settings.Drafts:
		return nothing("it is a draft")
	case s.Settings.Label != "" && !slices.Contains(p.Labels, s.Settings.Label):
		return nothing("it has no label %q", s.Settings.Label)
	case p.Fork:
		return Action{Do: Wait, Commit: p.Commit, Reason: "it comes from a fork, and nobody has approved this commit"}
	}
	return Action{Do: Up, Commit: p.Commit, Reason: reason}
}

// late says why a run is not wanted any more.
func (s Situation) late() string {
	if s.Event.Commit == "" || s.Event.Commit == s.Pull.Commit {
		return ""
	}
	return fmt.Sprintf("commit %s is superseded by %s", short(s.Event.Commit), short(s.Pull.Commit))
}

func (s Situation) closed() Action {
	if s.Pull.Open {
		return nothing("the pull request is open again")
	}
	if s.Pull.Merged {
		return Action{Do: Down, Reason: "merged"}
	}
	return Action{Do: Down, Reason: "closed"}
}

func (s Situation) drafted() Action {
	switch {
	case s.Settings.Drafts:
		return nothing("drafts have previews too")
	case !s.Pull.Draft:
		return nothing("it is ready for review again")
	}
	return Action{Do: Down, Forced: true, Reason: "converted to a draft"}
}

func (s Situation) labeled() Action {
	label := s.Event.Label
	switch {
	case label != "" && label == s.Settings.Approve && s.Pull.Fork:
		return s.approve(s.Event.Commit, "approved by label")
	case s.Settings.Label != "" && (label == "" || label == s.Settings.Label):
		return s.up("labeled")
	}
	return nothing("the label means nothing here")
}

func (s Situation) unlabeled() Action {
	label := s.Settings.Label
	switch {
	case label == "" || s.Event.Label != "" && s.Event.Label != label:
		return nothing("the label means nothing here")
	case slices.Contains(s.Pull.Labels, label):
		return nothing("it has the label %q again", label)
	}
	return Action{Do: Down, Forced: true, Reason: fmt.Sprintf("the label %q was removed", label)}
}

// approve lets the code of a fork run: this commit and no other.
func (s Situation) approve(commit, reason string) Action {
	switch {
	case !s.MayWrite:
		return Action{Do: Nothing, Refused: true, Reason: fmt.Sprintf("%s may not write to the repository", s.Event.Sender)}
	case commit != s.Pull.Commit:
		return Action{
			Do: Answer, Refused: true, Reason: "another commit than the newest was approved",
			Reply: fmt.Sprintf("%s was approved, but the newest commit is %s", cmp.Or(short(commit), "no commit"), short(s.Pull.Commit)),
		}
	}
	return Action{Do: Up, Commit: commit, Fork: true, Forced: true, Reason: reason + " of " + s.Event.Sender}
}

func short(commit string) string { return commit[:min(len(commit), 10)] }
