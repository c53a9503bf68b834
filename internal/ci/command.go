package ci

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/repository"
)

// usage is what an unknown command is answered with.
const usage = "the commands are /preview up, down, reset, extend 24h and approve COMMIT"

// mostExtension bounds what one command adds.
const mostExtension = 30 * 24 * time.Hour

// words are those of the command that a comment begins with; none: it holds no
// command. Only the first line counts: below it somebody may quote another's.
func words(text string) []string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	fields := strings.Fields(first)
	if len(fields) == 0 || fields[0] != "/preview" {
		return nil
	}
	return fields
}

func isCommand(text string) bool { return words(text) != nil }

// command decides what a command leads to.
func (s Situation) command() Plan {
	p := s.obey(words(s.Event.Text)[1:])
	if p.Answer == nil {
		p.Action.Comment = s.Event.CommentID
		return p
	}
	p.Answer.Comment = s.Event.CommentID
	return p
}

func (s Situation) obey(words []string) Plan {
	if !s.MayWrite {
		no := s.refused()
		return Plan{Action: s.bring(), Answer: &no}
	}
	by := "asked for by " + s.Event.Sender
	down := slices.Equal(words, []string{"down"})
	switch {
	case !s.Pull.Open:
		answer := nothing("the pull request is closed")
		answer.Refused = !down
		return Plan{Action: s.bring(), Answer: &answer}
	case len(words) == 1 && (words[0] == "up" || words[0] == "reset"):
		return s.upOnRequest(Deed(words[0]), by)
	case down && s.Event.Commit != "" && s.Event.Commit != s.Pull.Commit:
		return s.refuse("there was a push since, and a down lasts until the next one")
	case down:
		return Plan{Action: s.remove(by)}
	case len(words) == 2 && words[0] == "extend":
		return s.extend(words[1], by)
	case len(words) == 2 && words[0] == "approve":
		return s.approveOnRequest(words[1])
	}
	return s.refuse("that is no command: " + usage)
}

// refused is what somebody gets who may not write.
func (s Situation) refused() Action {
	return Action{
		Do: Nothing, Refused: true, Comment: s.Event.CommentID,
		Reason: s.Event.Sender + " may not write to the repository",
	}
}

// refuse answers a command that is not carried out, once the preview is what it
// is to be.
func (s Situation) refuse(reply string) Plan {
	return Plan{
		Action: s.bring(),
		Answer: &Action{Do: Answer, Refused: true, Reason: reply, Reply: s.Event.Sender + ": " + reply},
	}
}

// remove takes the preview down until the next push.
func (s Situation) remove(reason string) Action {
	return Action{Do: Down, Commit: s.Pull.Commit, Forced: true, Wish: WishDown, Reason: reason}
}

// upOnRequest makes a preview whatever the settings say of drafts and labels.
// The commit of a fork that is served already was approved.
func (s Situation) upOnRequest(do Deed, by string) Plan {
	if s.Pull.Fork && s.Serving != s.Pull.Commit {
		return s.refuse("this comes from a fork: look at the commit, then comment /preview approve " + s.Pull.Commit)
	}
	return Plan{Action: s.ordered(do, by)}
}

// ordered is what somebody asked for who may.
func (s Situation) ordered(do Deed, reason string) Action {
	wish := WishUp
	if _, wanted := s.excluded(); wanted {
		wish = WishNothing
	}
	return Action{Do: do, Commit: s.Pull.Commit, Fork: s.Pull.Fork, Forced: true, Wish: wish, Reason: reason}
}

func (s Situation) extend(word, by string) Plan {
	d, err := parseDuration(word)
	switch {
	case err != nil || d <= 0:
		return s.refuse("that is no time: write it like 24h or 3d")
	case d > mostExtension:
		return s.refuse("that is too long: at most 30d at once")
	}
	first := s.bring()
	if first.Do == Down || first.Do != Up && s.Serving == "" {
		return s.refuse("there is no preview: /preview up makes one")
	}
	return Plan{Action: first, Answer: &Action{Do: Extend, By: d, Reason: by}}
}

var days = regexp.MustCompile(`^([0-9]{1,4})d$`)

// parseDuration is time.ParseDuration with whole days.
func parseDuration(word string) (time.Duration, error) {
	if m := days.FindStringSubmatch(word); m != nil {
		n, err := strconv.Atoi(m[1])
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(word)
}

// whole matches a commit in full: the beginning of one can be made to fit.
var whole = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

func (s Situation) approveOnRequest(commit string) Plan {
	commit = strings.ToLower(commit)
	switch {
	case !s.Pull.Fork:
		return s.refuse("this is no fork: /preview up is enough")
	case !whole.MatchString(commit):
		return s.refuse("give the commit in full, since a short one can be forged: look at it, then comment " +
			"/preview approve " + s.Pull.Commit)
	}
	return s.approve(commit, "approved by command")
}

// approve lets the code of a fork run: this commit and no other.
func (s Situation) approve(commit, reason string) Plan {
	if !s.Pull.Open {
		return Plan{Action: s.bring()}
	}
	if commit != s.Pull.Commit {
		return Plan{Action: s.bring(), Answer: &Action{
			Do: Answer, Refused: true, Reason: "another commit than the newest was approved",
			Reply: fmt.Sprintf("%s was approved, but the newest commit is %s",
				cmp.Or(repository.Short(commit), "no commit"), repository.Short(s.Pull.Commit)),
		}}
	}
	return Plan{Action: s.ordered(Up, reason+" of "+s.Event.Sender)}
}
