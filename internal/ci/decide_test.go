package ci_test

import (
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/report"
)

var (
	newest = strings.Repeat("b", 40)
	older  = strings.Repeat("a", 40)
)

// situation is an open pull request at its newest commit, with changes.
func situation(kind forge.EventKind, change ...func(*ci.Situation)) ci.Situation {
	s := ci.Situation{
		Event:    forge.Event{Kind: kind, Name: "event", Number: 7, Commit: newest, Sender: "wendy", CommentID: 31},
		Settings: ci.Settings{Approve: "preview-approved"},
		Pull:     forge.Pull{Number: 7, Commit: newest, Open: true},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

type edit = func(*ci.Situation)

func closed(s *ci.Situation)   { s.Pull.Open = false }
func merged(s *ci.Situation)   { s.Pull.Open, s.Pull.Merged = false, true }
func draft(s *ci.Situation)    { s.Pull.Draft = true }
func drafts(s *ci.Situation)   { s.Settings.Drafts = true }
func fork(s *ci.Situation)     { s.Pull.Fork = true }
func writer(s *ci.Situation)   { s.MayWrite = true }
func late(s *ci.Situation)     { s.Event.Commit = older }
func onLabel(s *ci.Situation)  { s.Settings.Label = "preview" }
func hasLabel(s *ci.Situation) { s.Pull.Labels = []string{"bug", "preview"} }
func served(s *ci.Situation) {
	s.Serving, s.Said = newest, ci.Record{State: report.Ready, Commit: newest}
}

func outdated(s *ci.Situation) {
	s.Serving, s.Said = older, ci.Record{State: report.Ready, Commit: older}
}
func broken(s *ci.Situation)  { s.Said = ci.Record{State: report.Failed, Commit: newest} }
func again(s *ci.Situation)   { s.Again = true }
func lacking(s *ci.Situation) { s.Lacks = "it has no secrets" }
func bot(s *ci.Situation)     { s.Pull.Author = ci.Dependabot }

// building is what a run that was killed leaves.
func building(s *ci.Situation) { s.Said.State, s.Said.Commit = report.Building, newest }

func wish(w ci.Wish, since string) edit {
	return func(s *ci.Situation) { s.Said.Wish, s.Said.Since = w, since }
}

func label(name string) edit { return func(s *ci.Situation) { s.Event.Label = name } }
func says(text string) edit {
	return func(s *ci.Situation) { s.Event.Text, s.Event.Commit, s.MayWrite = text, "", true }
}
func stranger(s *ci.Situation) { s.MayWrite = false }

// decisions are what a situation leads to: the deed, and words of the reason;
// after a semicolon, what is done for the command.
var decisions = []struct {
	name string
	s    ci.Situation
	want string
}{
	{"opened", situation(forge.Opened), "up: opened"},
	{"opened, run after another", situation(forge.Opened, served), "nothing: serves this commit"},
	{"reopened", situation(forge.Reopened), "up: reopened"},
	{"pushed", situation(forge.Pushed, outdated), "up: pushed"},
	{"pushed, run after another", situation(forge.Pushed, served), "nothing: serves this commit"},
	{"pushed, run again by hand", situation(forge.Pushed, served, again), "up: pushed"},
	{"pushed, after a failure", situation(forge.Pushed, broken), "up: pushed"},
	{"ready", situation(forge.Ready), "up: ready for review"},
	{"pushed before the newest", situation(forge.Pushed, late), "up: missing"},
	{"pushed before the newest, which is served", situation(forge.Pushed, late, served), "nothing: serves this commit"},
	{"pushed, then closed", situation(forge.Pushed, closed), "down: the pull request is closed"},
	{"pushed to a draft", situation(forge.Pushed, draft), "nothing: draft"},
	{"pushed to a wanted draft", situation(forge.Pushed, draft, drafts), "up: pushed"},
	{
		"pushed to a draft with one on request", situation(forge.Pushed, draft, outdated, wish(ci.WishUp, "")),
		"up: pushed",
	},
	{
		"pushed without the label, with one on request",
		situation(forge.Pushed, onLabel, outdated, wish(ci.WishUp, "")),
		"up: pushed",
	},
	{"pushed after a down", situation(forge.Pushed, wish(ci.WishDown, older)), "up: pushed"},
	{"pushed, late, after a down", situation(forge.Pushed, wish(ci.WishDown, newest)), "nothing: until the next push"},
	{"pushed without the label", situation(forge.Pushed, onLabel), `nothing: no label "preview"`},
	{"pushed with the label", situation(forge.Pushed, onLabel, hasLabel), "up: pushed"},
	{"pushed to a fork", situation(forge.Pushed, fork), "wait: nobody has approved"},
	{"pushed to an approved fork", situation(forge.Pushed, fork, outdated), "wait: nobody has approved"},
	{
		"approved and made, then an event of a fork", situation(forge.Pushed, fork, served),
		"nothing: serves this commit",
	},
	{"approved and made, then run again", situation(forge.Pushed, fork, served, again), "nothing: serves this commit"},
	{"pushed without secrets", situation(forge.Pushed, bot, lacking, outdated), "wait: no secrets"},
	{"closed without secrets", situation(forge.Closed, bot, lacking, closed), "down: closed"},
	{"closed", situation(forge.Closed, closed), "down: closed"},
	{"merged", situation(forge.Closed, merged), "down: merged"},
	{"a fork closed", situation(forge.Closed, closed, fork), "down: closed"},
	{"closed, then reopened", situation(forge.Closed, outdated), "up: outdated"},
	{"labeled when closed", situation(forge.Labeled, closed, label("bug")), "down: closed"},
	{"approved when closed", situation(forge.Labeled, closed, fork, writer, label("preview-approved")), "down: closed"},
	{"unlabeled when closed", situation(forge.Unlabeled, closed, onLabel, hasLabel, label("bug")), "down: closed"},
	{"drafted when closed", situation(forge.Drafted, closed, drafts), "down: closed"},
	{"stopped", situation(forge.Stopped, served), "down: environment"},
	{"stopped when closed", situation(forge.Stopped, merged), "down: merged"},
	{"drafted", situation(forge.Drafted, draft, served), "down: draft"},
	{"drafted while it is made", situation(forge.Drafted, draft, building), "down: draft"},
	{"drafted, never made", situation(forge.Drafted, draft), "nothing: draft"},
	{"drafted where drafts are wanted", situation(forge.Drafted, draft, drafts, served), "nothing: serves this commit"},
	{"drafted, then ready", situation(forge.Drafted, outdated), "up: outdated"},
	{"ready, had one on request", situation(forge.Ready, served, wish(ci.WishUp, "")), "tell: serves this commit"},
	{"labeled", situation(forge.Labeled, onLabel, hasLabel, label("preview")), "up: labeled"},
	{"labeled, after a failure", situation(forge.Labeled, onLabel, hasLabel, label("preview"), broken), "up: labeled"},
	{"labeled, without saying with what", situation(forge.Labeled, onLabel, hasLabel), "up: missing"},
	{"unlabeled, without saying so", situation(forge.Labeled, onLabel, served), `down: no label "preview"`},
	{
		"labeled with another", situation(forge.Labeled, onLabel, hasLabel, served, label("bug")),
		"nothing: serves this commit",
	},
	{
		"labeled with another, the run of the push lost",
		situation(forge.Labeled, onLabel, hasLabel, outdated, label("bug")), "up: outdated",
	},
	{"labeled with another, the run of the opening lost", situation(forge.Labeled, label("bug")), "up: missing"},
	{
		"labeled with another, after a failure", situation(forge.Labeled, label("bug"), broken),
		"nothing: could not be made",
	},
	{
		"labeled with another, after a down", situation(forge.Labeled, label("bug"), wish(ci.WishDown, newest)),
		"nothing: until the next push",
	},
	{
		"labeled with another, after a run that was killed", situation(forge.Labeled, label("bug"), building),
		"up: missing",
	},
	{
		"labeled with another, the end of a run lost", situation(forge.Labeled, label("bug"), served, building),
		"tell: serves this commit",
	},
	{
		"labeled, a fork", situation(forge.Labeled, onLabel, hasLabel, label("preview"), fork, writer),
		"wait: nobody has approved",
	},
	{"unlabeled", situation(forge.Unlabeled, onLabel, served, label("preview")), `down: no label "preview"`},
	{
		"unlabeled, then labeled", situation(forge.Unlabeled, onLabel, hasLabel, served, label("preview")),
		"nothing: serves",
	},
	{"unlabeled of another", situation(forge.Unlabeled, onLabel, label("bug")), "nothing: no label"},
	{
		"approved by label", situation(forge.Labeled, fork, writer, label("preview-approved")),
		"up: approved by label of wendy",
	},
	{
		"approved by somebody's label", situation(forge.Labeled, fork, label("preview-approved")),
		"nothing: may not write",
	},
	{
		"approved before a push", situation(forge.Labeled, fork, writer, late, label("preview-approved")),
		"wait: nobody has approved; answer: another commit",
	},
	{
		"approved, no fork", situation(forge.Labeled, writer, served, label("preview-approved")),
		"nothing: serves this commit",
	},
	{"scheduled", situation(forge.Scheduled), "sweep: scheduled"},
	{"other", situation(forge.Other, outdated), "up: outdated"},
	{
		"of no pull request", situation(forge.Other, func(s *ci.Situation) { s.Event.Number = 0 }),
		"nothing: about no pull request",
	},
}

// commands likewise.
var commands = []struct {
	name string
	s    ci.Situation
	want string
}{
	{"a comment", situation(forge.Commented, served, says("nice!\n/preview up")), "nothing: serves this commit"},
	{"a comment after a push", situation(forge.Commented, outdated, says("nice!\n/preview up")), "up: outdated"},
	{"a comment on a fork", situation(forge.Commented, fork, says("nice!"), stranger), "nothing: no command"},
	{"a comment on Dependabot's", situation(forge.Commented, bot, says("nice!"), stranger), "nothing: no command"},
	{
		"our own words", situation(forge.Commented, served, says("<!-- offshoot m -->\n/preview down")),
		"nothing: serves",
	},
	{"/previews", situation(forge.Commented, served, says("/previews down")), "nothing: serves"},
	{"/preview up", situation(forge.Commented, says(" /preview  up\r\nplease")), "up: asked for by wendy"},
	{
		"/preview up of what is served", situation(forge.Commented, served, says("/preview up")),
		"up: asked for by wendy",
	},
	{"/preview up of a draft", situation(forge.Commented, draft, onLabel, says("/preview up")), "up: asked for"},
	{"/preview up of Dependabot's", situation(forge.Commented, bot, says("/preview up")), "up: asked for"},
	{
		"/preview up of a stranger", situation(forge.Commented, served, says("/preview up"), stranger),
		"nothing: serves; nothing: may not write",
	},
	{
		"/preview up of a stranger after a push", situation(forge.Commented, outdated, says("/preview up"), stranger),
		"up: outdated; nothing: may not write",
	},
	{
		"/preview up of a stranger on a draft", situation(forge.Commented, draft, says("/preview up"), stranger),
		"nothing: draft; nothing: may not write",
	},
	{
		"/preview up of a stranger after a failure", situation(forge.Commented, broken, says("/preview up"), stranger),
		"nothing: could not; nothing: may not write",
	},
	{
		"/preview up of a stranger on a fork", situation(forge.Commented, fork, says("/preview up"), stranger),
		"nothing: may not write",
	},
	{
		"/preview up of a stranger on Dependabot's", situation(forge.Commented, bot, says("/preview up"), stranger),
		"nothing: may not write",
	},
	{
		"/preview up when closed", situation(forge.Commented, closed, says("/preview up")),
		"down: closed; nothing: closed",
	},
	{
		"/preview up of a fork", situation(forge.Commented, fork, says("/preview up")),
		"wait: nobody has approved; answer: approve " + newest,
	},
	{"/preview reset", situation(forge.Commented, says("/preview reset")), "reset: asked for"},
	{
		"/preview reset of an approved fork", situation(forge.Commented, fork, served, says("/preview reset")),
		"reset: asked for",
	},
	{
		"/preview reset of another commit of it", situation(forge.Commented, fork, outdated, says("/preview reset")),
		"wait: nobody; answer: approve " + newest,
	},
	{"/preview down", situation(forge.Commented, outdated, says("/preview down")), "down: asked for"},
	{
		"/preview down before a push", situation(forge.Commented, outdated, says("/preview down"), late),
		"up: outdated; answer: a push since",
	},
	{
		"/preview down when closed", situation(forge.Commented, closed, says("/preview down")),
		"down: closed; nothing: closed",
	},
	{
		"/preview down of a stranger", situation(forge.Commented, served, says("/preview down"), stranger),
		"nothing: serves; nothing: may not write",
	},
	{
		"/preview down of a stranger when closed", situation(forge.Commented, closed, says("/preview down"), stranger),
		"down: closed; nothing: may not write",
	},
	{
		"/preview extend", situation(forge.Commented, served, says("/preview extend 3d")),
		"nothing: serves; extend: asked for",
	},
	{
		"/preview extend after a push", situation(forge.Commented, outdated, says("/preview extend 3d")),
		"up: outdated; extend: asked for",
	},
	{
		"/preview extend of a draft", situation(forge.Commented, draft, says("/preview extend 3d")),
		"nothing: draft; answer: no preview",
	},
	{
		"/preview extend when closed", situation(forge.Commented, closed, says("/preview extend 3d")),
		"down: closed; nothing: closed",
	},
	{
		"/preview extend nothing", situation(forge.Commented, served, says("/preview extend")),
		"nothing: serves; answer: no command",
	},
	{
		"/preview extend never", situation(forge.Commented, served, says("/preview extend never")),
		"nothing: serves; answer: no time",
	},
	{
		"/preview extend backwards", situation(forge.Commented, served, says("/preview extend -3h")),
		"nothing: serves; answer: no time",
	},
	{
		"/preview extend for ever", situation(forge.Commented, served, says("/preview extend 9999d")),
		"nothing: serves; answer: too long",
	},
	{
		"/preview dance", situation(forge.Commented, outdated, says("/preview dance")),
		"up: outdated; answer: no command: the commands are",
	},
	{"/preview", situation(forge.Commented, served, says("/preview")), "nothing: serves; answer: no command"},
	{
		"/preview approve", situation(forge.Commented, fork, says("/preview approve "+newest)),
		"up: approved by command of wendy",
	},
	{
		"/preview approve of a stranger", situation(forge.Commented, fork, says("/preview approve "+newest), stranger),
		"nothing: may not write",
	},
	{
		"/preview approve an older one", situation(forge.Commented, fork, says("/preview approve "+older)),
		"wait: nobody; answer: another commit",
	},
	{
		"/preview approve in short", situation(forge.Commented, fork, says("/preview approve bbbbbbb")),
		"wait: nobody; answer: in full",
	},
	{
		"/preview approve, no fork", situation(forge.Commented, served, says("/preview approve "+newest)),
		"nothing: serves; answer: no fork",
	},
	{
		"/preview approve when closed", situation(forge.Commented, fork, closed, says("/preview approve "+newest)),
		"down: closed; nothing: closed",
	},
}

func TestDecide_OfEveryEvent(t *testing.T) {
	for _, test := range append(decisions, commands...) {
		got := ci.Decide(test.s)
		first, then, _ := strings.Cut(test.want, "; ")
		deed, words, _ := strings.Cut(first, ": ")
		if string(got.Do) != deed || !strings.Contains(got.Reason, words) {
			t.Errorf("%s: %v, want %s", test.name, got, test.want)
		}
		deed, words, _ = strings.Cut(then, ": ")
		switch {
		case (got.Answer != nil) != (then != ""):
			t.Errorf("%s: then %v, want %s", test.name, got.Answer, test.want)
		case got.Answer != nil &&
			(string(got.Answer.Do) != deed || !strings.Contains(got.Answer.Reason, words) || got.Answer.Number != 7):
			t.Errorf("%s: then %v, want %s", test.name, got.Answer, test.want)
		}
		if making := got.Do == ci.Up ||
			got.Do == ci.Reset; making && (got.Commit != newest || got.Fork != test.s.Pull.Fork) {
			t.Errorf("%s: makes %+v", test.name, got)
		}
		if got.Number != test.s.Event.Number {
			t.Errorf("%s: of pull request %d", test.name, got.Number)
		}
	}
}

func TestDecide_RemembersWhatSomebodyAskedFor(t *testing.T) {
	for _, c := range []struct {
		s    ci.Situation
		want ci.Wish
	}{
		{situation(forge.Commented, served, says("/preview down")), ci.WishDown},
		{situation(forge.Stopped, served), ci.WishDown},
		{situation(forge.Commented, says("/preview up")), ci.WishNothing},
		{situation(forge.Commented, draft, says("/preview up")), ci.WishUp},
		{situation(forge.Commented, draft, says("/preview reset")), ci.WishUp},
		{situation(forge.Commented, onLabel, fork, says("/preview approve "+newest)), ci.WishUp},
		{situation(forge.Ready, served, wish(ci.WishUp, "")), ci.WishNothing},
		{situation(forge.Pushed, draft, outdated, wish(ci.WishUp, "")), ""},
		{situation(forge.Commented, draft, says("/preview up"), stranger), ""},
		{situation(forge.Closed, merged), ""},
	} {
		if got := ci.Decide(c.s); got.Wish != c.want {
			t.Errorf("%v: %q, want %q", got, got.Wish, c.want)
		}
	}
}

func TestDecide_ACommandKeepsItsCommentAndTime(t *testing.T) {
	got := ci.Decide(situation(forge.Commented, served, says("/preview extend 3d"))).Answer
	if got.Comment != 31 || got.By != 72*time.Hour || got.Refused {
		t.Errorf("%+v", got)
	}
	got = ci.Decide(situation(forge.Commented, says("/preview up"), stranger)).Answer
	if !got.Refused || got.Comment != 31 || got.Reply != "" {
		t.Errorf("a stranger is answered in the comment: %+v", got)
	}
}
