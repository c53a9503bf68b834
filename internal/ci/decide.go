// Package ci decides what an event of a pull request means for its preview, and
// does it.
//
//	forge.Event ─▶ look at the pull request, at what serves and at what was said ─▶ Decide ─▶ Plan ─▶ Runner ─▶ Previews
//	                                                                                           └─▶ comment, status, deployment
//
// Events come late and in any order, and jobs are lost. So an event is only a
// reason to look: whatever it is, the preview is brought to what the pull request
// asks for as it is now, and only then a command is answered. The newest commit of
// an open pull request wins, under the preview's lock, whichever run comes last.
package ci

import (
	"fmt"
	"slices"
	"time"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/report"
	"github.com/offshoot-dev/offshoot/internal/repository"
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
	Wait    Deed = "wait"   // say that a maintainer has to ask for it
	Tell    Deed = "tell"   // say what serves
	Answer  Deed = "answer" // a command
)

// An Action is one deed. It can be printed, and leaves nothing more to decide.
type Action struct {
	Do      Deed          `json:"do"`
	Number  int           `json:"pull_request,omitempty"`
	Commit  string        `json:"commit,omitempty"`
	Fork    bool          `json:"fork,omitempty"`   // strangers' code, approved: it gets no secrets
	Forced  bool          `json:"forced,omitempty"` // asked for: also where that commit is served
	Wish    Wish          `json:"wish,omitempty"`   // to be remembered
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
	return fmt.Sprintf("%s, pull request %d at %s: %s", a.Do, a.Number, repository.Short(a.Commit), a.Reason)
}

// A Plan is what an event leads to.
type Plan struct {
	Action         // brings the preview to what it is to be
	Answer *Action // to the command, or the label, after that
}

// A Situation is all that a decision follows from.
type Situation struct {
	Event    forge.Event
	Settings Settings
	Pull     forge.Pull // as it is now
	MayWrite bool       // the event's sender; only looked at where asks says so
	Serving  string     // the commit that is served now
	Unseen   bool       // what serves could not be found out
	Said     Record     // of the comment
	Lacks    string     // why this run cannot make anything; empty: it can
	Again    bool       // somebody started the job once more by hand

	links []report.Link // of what is served
}

// asks tells whether the sender's permission matters.
func asks(e forge.Event, s Settings) bool {
	if e.Kind == forge.Commented {
		return isCommand(e.Text)
	}
	return e.Kind == forge.Labeled && e.Label != "" && e.Label == s.Approve
}

// Decide says what an event leads to.
func Decide(s Situation) Plan {
	p := s.decide()
	p.Number = s.Event.Number
	if p.Answer != nil {
		p.Answer.Number = s.Event.Number
	}
	return p
}

func (s Situation) decide() Plan {
	switch {
	case s.Event.Kind == forge.Scheduled:
		return Plan{Action: Action{Do: Sweep, Reason: "scheduled"}}
	case !s.reaches():
		return Plan{Action: s.unheard()}
	case s.Event.Kind == forge.Stopped && s.Pull.Open:
		return Plan{Action: s.remove("its environment was stopped")}
	case asks(s.Event, s.Settings) && s.Event.Kind == forge.Commented:
		return s.command()
	case asks(s.Event, s.Settings) && s.MayWrite && s.Pull.Fork:
		return s.approve(s.Event.Commit, "approved by label")
	}
	return Plan{Action: s.bring()}
}

// reaches tells whether the event can lead to more than a reaction. A job for a
// comment has secrets, whoever wrote it. So what GitHub gives none is not touched
// there, unless somebody asks who may write.
func (s Situation) reaches() bool {
	switch {
	case s.Event.Kind == forge.Scheduled:
		return true
	case s.Event.Number == 0:
		return false
	case asks(s.Event, s.Settings), s.Event.Kind == forge.Commented:
		return s.MayWrite || !s.untrusted()
	}
	return true
}

// Dependabot is whom GitHub gives no secrets, since what it brings is as foreign
// as a fork.
const Dependabot = "dependabot[bot]"

func (s Situation) untrusted() bool { return s.Pull.Fork || s.Pull.Author == Dependabot }

// unheard is why an event does not reach the pull request.
func (s Situation) unheard() Action {
	switch {
	case s.Event.Number == 0:
		return nothing("%s is about no pull request", s.Event.Name)
	case asks(s.Event, s.Settings):
		return s.refused()
	}
	return nothing("the comment holds no command")
}

func nothing(format string, args ...any) Action {
	return Action{Do: Nothing, Reason: fmt.Sprintf(format, args...)}
}

// wanted tells whether the pull request is to have a preview, and otherwise why
// not.
func (s Situation) wanted() (why string, wanted bool) {
	switch {
	case s.Pull.Merged:
		return "merged", false
	case !s.Pull.Open:
		return "the pull request is closed", false
	case s.Said.Wish == WishDown && s.Said.Since == s.Pull.Commit:
		return "somebody asked for that, until the next push", false
	case s.Said.Wish == WishUp:
		return "", true
	}
	return s.excluded()
}

// excluded is wanted by the settings alone.
func (s Situation) excluded() (why string, wanted bool) {
	switch {
	case s.Pull.Draft && !s.Settings.Drafts:
		return "it is a draft", false
	case s.Settings.Label != "" && !slices.Contains(s.Pull.Labels, s.Settings.Label):
		return fmt.Sprintf("it has no label %q", s.Settings.Label), false
	}
	return "", true
}

// bring decides what makes the preview what it is to be, whatever happened.
func (s Situation) bring() Action {
	why, wanted := s.wanted()
	switch {
	case wanted:
		return s.have()
	case !s.Pull.Open, s.Serving != "", s.Said.claims():
		// The run of a close may be lost, with all that would have told of it.
		return Action{Do: Down, Reason: why}
	}
	return nothing("%s", why)
}

// have decides how a pull request gets the preview that it is to have.
func (s Situation) have() Action {
	p := s.Pull
	again := s.Again && s.changed() && !p.Fork
	switch {
	case s.Serving == p.Commit && !again:
		return s.served()
	case s.Unseen && (p.Fork || s.Lacks != "") && s.Said.State == report.Ready && s.Said.Commit == p.Commit:
		// The comment knows more than a job that is given too little to look.
		return nothing("what serves is not known to this run, and the comment says that it is this commit")
	case p.Fork:
		return Action{
			Do: Wait, Commit: p.Commit, Fork: true,
			Reason: "it comes from a fork, and nobody has approved this commit",
		}
	case s.Lacks != "":
		return Action{Do: Wait, Commit: p.Commit, Reason: s.Lacks}
	case s.Said.State == report.Failed && s.Said.Commit == p.Commit && !s.changed():
		return nothing("this commit could not be made: /preview up retries")
	}
	reason := "what serves is outdated"
	switch {
	case s.changed():
		reason = string(s.Event.Kind)
	case s.Serving == "":
		reason = "it is missing"
	}
	return Action{Do: Up, Commit: p.Commit, Forced: again, Reason: reason}
}

// served has the comment say what is there, where it does not.
func (s Situation) served() Action {
	a := Action{Do: Nothing, Commit: s.Pull.Commit, Reason: "it serves this commit"}
	if _, wanted := s.excluded(); wanted && s.Said.Wish != "" {
		a.Do, a.Wish = Tell, WishNothing
	}
	spoken := s.Said.State == report.Ready || s.Said.State == report.Failed // to make it anew
	if !spoken || s.Said.Commit != s.Pull.Commit {
		a.Do = Tell
	}
	return a
}

// changed tells whether the event itself asks for this very commit to be made:
// then it is tried again, also after a failure.
func (s Situation) changed() bool {
	e := s.Event
	if e.Commit != "" && e.Commit != s.Pull.Commit {
		return false // late
	}
	switch e.Kind {
	case forge.Opened, forge.Reopened, forge.Pushed, forge.Ready:
		return true
	case forge.Labeled:
		return e.Label != "" && e.Label == s.Settings.Label
	}
	return false
}
