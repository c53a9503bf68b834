package ci_test

import (
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/forge"
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
func served(s *ci.Situation)   { s.Serving = newest }

func label(name string) edit { return func(s *ci.Situation) { s.Event.Label = name } }
func says(text string) edit {
	return func(s *ci.Situation) { s.Event.Text, s.Event.Commit, s.MayWrite = text, "", true }
}
func stranger(s *ci.Situation) { s.MayWrite = false }

func TestDecide_OfEveryEvent(t *testing.T) {
	for _, test := range []struct {
		name string
		s    ci.Situation
		want string // the deed, and words of the reason
	}{
		{"opened", situation(forge.Opened), "up: opened"},
		{"reopened", situation(forge.Reopened), "up: reopened"},
		{"pushed", situation(forge.Pushed), "up: pushed"},
		{"ready", situation(forge.Ready), "up: ready for review"},
		{"pushed before the newest", situation(forge.Pushed, late), "nothing: superseded by bbbbbbbbbb"},
		{"pushed, then closed", situation(forge.Pushed, closed), "down: the pull request is closed"},
		{"pushed to a draft", situation(forge.Pushed, draft), "nothing: draft"},
		{"pushed to a wanted draft", situation(forge.Pushed, draft, drafts), "up: pushed"},
		{"pushed without the label", situation(forge.Pushed, onLabel), `nothing: no label "preview"`},
		{"pushed with the label", situation(forge.Pushed, onLabel, hasLabel), "up: pushed"},
		{"pushed to a fork", situation(forge.Pushed, fork), "wait: nobody has approved"},
		{"closed", situation(forge.Closed, closed), "down: closed"},
		{"merged", situation(forge.Closed, merged), "down: merged"},
		{"a fork closed", situation(forge.Closed, closed, fork), "down: closed"},
		{"closed, then reopened", situation(forge.Closed), "nothing: open again"},
		{"labeled when closed", situation(forge.Labeled, closed, label("bug")), "down: closed"},
		{"approved when closed", situation(forge.Labeled, closed, fork, writer, label("preview-approved")), "down: closed"},
		{"unlabeled when closed", situation(forge.Unlabeled, closed, onLabel, hasLabel, label("bug")), "down: closed"},
		{"drafted when closed", situation(forge.Drafted, closed, drafts), "down: closed"},
		{"/preview extend when closed", situation(forge.Commented, closed, says("/preview extend 3d")), "down: closed"},
		{"/preview down when closed", situation(forge.Commented, closed, says("/preview down")), "down: closed"},
		{"/preview down of a stranger when closed", situation(forge.Commented, closed, says("/preview down"), stranger), "nothing: may not write"},
		{"stopped", situation(forge.Stopped), "down: environment"},
		{"drafted", situation(forge.Drafted, draft), "down: draft"},
		{"drafted where drafts are wanted", situation(forge.Drafted, draft, drafts), "nothing: drafts have previews"},
		{"drafted, then ready", situation(forge.Drafted), "nothing: ready for review again"},
		{"labeled", situation(forge.Labeled, onLabel, hasLabel, label("preview")), "up: labeled"},
		{"labeled, Gitea", situation(forge.Labeled, onLabel, hasLabel), "up: labeled"},
		{"labeled with another", situation(forge.Labeled, onLabel, hasLabel, label("bug")), "nothing: means nothing"},
		{"labeled where no label counts", situation(forge.Labeled, label("preview")), "nothing: means nothing"},
		{"labeled, a fork", situation(forge.Labeled, onLabel, hasLabel, label("preview"), fork, writer), "wait: nobody has approved"},
		{"unlabeled", situation(forge.Unlabeled, onLabel, label("preview")), "down: removed"},
		{"unlabeled, then labeled", situation(forge.Unlabeled, onLabel, hasLabel, label("preview")), "nothing: again"},
		{"unlabeled of another", situation(forge.Unlabeled, onLabel, label("bug")), "nothing: means nothing"},
		{"approved by label", situation(forge.Labeled, fork, writer, label("preview-approved")), "up: approved by label of wendy"},
		{"approved by somebody's label", situation(forge.Labeled, fork, label("preview-approved")), "nothing: may not write"},
		{"approved before a push", situation(forge.Labeled, fork, writer, late, label("preview-approved")), "answer: another commit"},
		{"approved, no fork", situation(forge.Labeled, writer, label("preview-approved")), "nothing: means nothing"},
		{"scheduled", situation(forge.Scheduled), "sweep: scheduled"},
		{"other", situation(forge.Other), "nothing: no interest"},
		{"a comment", situation(forge.Commented, says("nice!\n/preview up")), "nothing: no command"},
		{"our own words", situation(forge.Commented, says("<!-- offshoot m -->\n/preview down")), "nothing: no command"},
		{"/previews", situation(forge.Commented, says("/previews up")), "nothing: no command"},
		{"/preview up", situation(forge.Commented, says(" /preview  up\r\nplease")), "up: asked for by wendy"},
		{"/preview up of a draft", situation(forge.Commented, draft, onLabel, says("/preview up")), "up: asked for"},
		{"/preview up of a stranger", situation(forge.Commented, says("/preview up"), stranger), "nothing: may not write"},
		{"/preview up when closed", situation(forge.Commented, closed, says("/preview up")), "down: closed"},
		{"/preview up of a fork", situation(forge.Commented, fork, says("/preview up")), "answer: approve " + newest},
		{"/preview reset", situation(forge.Commented, says("/preview reset")), "reset: asked for"},
		{"/preview reset of an approved fork", situation(forge.Commented, fork, served, says("/preview reset")), "reset: asked for"},
		{"/preview down", situation(forge.Commented, says("/preview down")), "down: asked for"},
		{"/preview down of a stranger", situation(forge.Commented, says("/preview down"), stranger), "nothing: may not write"},
		{"/preview extend", situation(forge.Commented, says("/preview extend 3d")), "extend: asked for"},
		{"/preview extend nothing", situation(forge.Commented, says("/preview extend")), "answer: no command"},
		{"/preview extend never", situation(forge.Commented, says("/preview extend never")), "answer: no time"},
		{"/preview extend backwards", situation(forge.Commented, says("/preview extend -3h")), "answer: no time"},
		{"/preview extend for ever", situation(forge.Commented, says("/preview extend 9999d")), "answer: too long"},
		{"/preview dance", situation(forge.Commented, says("/preview dance")), "answer: no command: the commands are"},
		{"/preview", situation(forge.Commented, says("/preview")), "answer: no command"},
		{"/preview approve", situation(forge.Commented, fork, says("/preview approve "+newest)), "up: approved by command of wendy"},
		{"/preview approve of a stranger", situation(forge.Commented, fork, says("/preview approve "+newest), stranger), "nothing: may not write"},
		{"/preview approve an older one", situation(forge.Commented, fork, says("/preview approve "+older)), "answer: another commit"},
		{"/preview approve in short", situation(forge.Commented, fork, says("/preview approve bbbbbbb")), "answer: in full"},
		{"/preview approve, no fork", situation(forge.Commented, says("/preview approve "+newest)), "answer: no fork"},
		{"/preview approve when closed", situation(forge.Commented, fork, closed, says("/preview approve "+newest)), "down: closed"},
	} {
		got := ci.Decide(test.s)
		deed, words, _ := strings.Cut(test.want, ": ")
		if string(got.Do) != deed || !strings.Contains(got.Reason, words) {
			t.Errorf("%s: %v, want %s", test.name, got, test.want)
		}
		if making := got.Do == ci.Up || got.Do == ci.Reset; making && (got.Commit != newest || got.Fork != test.s.Pull.Fork) {
			t.Errorf("%s: makes %+v", test.name, got)
		}
		if got.Number != 7 {
			t.Errorf("%s: of pull request %d", test.name, got.Number)
		}
	}
}

func TestDecide_ACommandKeepsItsCommentAndTime(t *testing.T) {
	got := ci.Decide(situation(forge.Commented, says("/preview extend 3d")))
	if got.Comment != 31 || got.By != 72*time.Hour || got.Refused {
		t.Errorf("%+v", got)
	}
	if got := ci.Decide(situation(forge.Commented, says("/preview up"), stranger)); !got.Refused || got.Comment != 31 || got.Reply != "" {
		t.Errorf("a stranger is answered in the comment: %+v", got)
	}
}
