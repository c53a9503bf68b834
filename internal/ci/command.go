package ci

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
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

// command decides what a comment leads to.
func (s Situation) command() Action {
	fields := words(s.Event.Text)
	if fields == nil {
		return nothing("the comment holds no command")
	}
	a := s.obey(fields[1:])
	a.Comment = s.Event.CommentID
	return a
}

func (s Situation) obey(words []string) Action {
	if !s.MayWrite {
		return Action{Do: Nothing, Refused: true, Reason: fmt.Sprintf("%s may not write to the repository", s.Event.Sender)}
	}
	by := "asked for by " + s.Event.Sender
	if !s.Pull.Open {
		a := over()
		a.Refused = !slices.Equal(words, []string{"down"})
		return a
	}
	switch {
	case len(words) == 1 && (words[0] == "up" || words[0] == "reset"):
		return s.upOnRequest(Deed(words[0]), by)
	case len(words) == 1 && words[0] == "down":
		return Action{Do: Down, Forced: true, Reason: by}
	case len(words) == 2 && words[0] == "extend":
		return s.extend(words[1], by)
	case len(words) == 2 && words[0] == "approve":
		return s.approveOnRequest(words[1])
	}
	return s.refuse("that is no command: " + usage)
}

// refuse answers a command that is not carried out.
func (s Situation) refuse(reply string) Action {
	return Action{Do: Answer, Refused: true, Reason: reply, Reply: s.Event.Sender + ": " + reply}
}

// upOnRequest makes a preview whatever the settings say of drafts and labels.
// The commit of a fork that is served already was approved.
func (s Situation) upOnRequest(do Deed, by string) Action {
	switch {
	case s.Pull.Fork && s.Serving != s.Pull.Commit:
		return s.refuse("this comes from a fork: look at the commit, then comment /preview approve " + s.Pull.Commit)
	}
	return Action{Do: do, Commit: s.Pull.Commit, Fork: s.Pull.Fork, Forced: true, Reason: by}
}

func (s Situation) extend(word, by string) Action {
	d, err := parseDuration(word)
	switch {
	case err != nil || d <= 0:
		return s.refuse("that is no time: write it like 24h or 3d")
	case d > mostExtension:
		return s.refuse("that is too long: at most 30d at once")
	}
	return Action{Do: Extend, By: d, Reason: by}
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

func (s Situation) approveOnRequest(commit string) Action {
	commit = strings.ToLower(commit)
	switch {
	case !s.Pull.Fork:
		return s.refuse("this is no fork: /preview up is enough")
	case !whole.MatchString(commit):
		return s.refuse("give the commit in full, since a short one can be forged: look at it, then comment /preview approve " + s.Pull.Commit)
	}
	return s.approve(commit, "approved by command")
}
