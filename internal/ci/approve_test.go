package ci_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/forge"
)

// A stranger's commit runs by label only when the label is the one that the
// settings name, somebody who may write has just put it there, and the commit
// that they saw is the newest of an open pull request.
func TestDecide_OneLabelAloneApprovesAForksCommit(t *testing.T) {
	kinds := []forge.EventKind{
		forge.Labeled, forge.Unlabeled, forge.Opened, forge.Reopened, forge.Pushed, forge.Ready, forge.Drafted,
		forge.Closed, forge.Commented, forge.Other,
	}
	approved := 0
	for _, kind := range kinds {
		for _, put := range []string{"preview-approved", "preview", "bug", ""} {
			for _, approves := range []string{"preview-approved", "bug", ""} {
				for bits := range 16 {
					may, open, foreign, late := bits&1 > 0, bits&2 > 0, bits&4 > 0, bits&8 > 0
					s := situation(kind, label(put), onLabel, hasLabel, func(s *ci.Situation) {
						s.MayWrite, s.Pull.Open, s.Pull.Fork, s.Settings.Approve = may, open, foreign, approves
						if late {
							s.Event.Commit = older
						}
					})
					got := ci.Decide(s)
					want := kind == forge.Labeled && put != "" && put == approves && may && open && foreign && !late
					byLabel := got.Do == ci.Up && got.Reason == "approved by label of wendy"
					if byLabel != want || foreign && !want && (got.Do == ci.Up || got.Do == ci.Reset) {
						t.Errorf("%s %q where %q approves, writer %v, open %v, fork %v, late %v: %v",
							kind, put, approves, may, open, foreign, late, got)
					}
					if want {
						approved++
					}
				}
			}
		}
	}
	if approved != 2 {
		t.Errorf("approved in %d situations", approved)
	}
}

func TestDecide_LeavesNothingOpen(t *testing.T) {
	unseen := func(s *ci.Situation) { s.Unseen, s.Serving = true, "" }
	for name, c := range map[string]struct {
		s      ci.Situation
		do     ci.Action
		answer *ci.Action
	}{
		"up of what is served": {
			situation(forge.Commented, served, says("/preview up")),
			ci.Action{Do: ci.Up, Number: 7, Commit: newest, Forced: true, Wish: ci.WishNothing, Comment: 31},
			nil,
		},
		"approved by label": {
			situation(forge.Labeled, fork, writer, label("preview-approved")),
			ci.Action{Do: ci.Up, Number: 7, Commit: newest, Fork: true, Forced: true, Wish: ci.WishNothing},
			nil,
		},
		"down": {
			situation(forge.Commented, served, says("/preview down")),
			ci.Action{Do: ci.Down, Number: 7, Commit: newest, Forced: true, Wish: ci.WishDown, Comment: 31},
			nil,
		},
		"up when closed": {
			situation(forge.Commented, closed, says("/preview up")),
			ci.Action{Do: ci.Down, Number: 7},
			&ci.Action{Do: ci.Nothing, Number: 7, Refused: true, Comment: 31},
		},
		"down when closed": {
			situation(forge.Commented, closed, says("/preview down")),
			ci.Action{Do: ci.Down, Number: 7},
			&ci.Action{Do: ci.Nothing, Number: 7, Comment: 31},
		},
		"another commit approved": {
			situation(forge.Commented, fork, says("/preview approve "+older)),
			ci.Action{Do: ci.Wait, Number: 7, Commit: newest, Fork: true},
			&ci.Action{Do: ci.Answer, Number: 7, Refused: true, Comment: 31},
		},
		"pushed": {situation(forge.Pushed), ci.Action{Do: ci.Up, Number: 7, Commit: newest}, nil},
		"run again": {
			situation(forge.Pushed, served, again), ci.Action{Do: ci.Up, Number: 7, Commit: newest, Forced: true}, nil,
		},
		"an unseen preview of a job without secrets": {
			situation(forge.Labeled, served, lacking, unseen), ci.Action{Do: ci.Nothing, Number: 7}, nil,
		},
		"an unseen preview of a job that has all": {
			situation(forge.Labeled, served, unseen), ci.Action{Do: ci.Up, Number: 7, Commit: newest}, nil,
		},
		"an unseen preview that is being made": {
			situation(forge.Labeled, building, lacking, unseen), ci.Action{Do: ci.Wait, Number: 7, Commit: newest}, nil,
		},
		"an unseen preview of another commit": {
			situation(forge.Labeled, outdated, lacking, unseen), ci.Action{Do: ci.Wait, Number: 7, Commit: newest}, nil,
		},
		"extended by next to nothing": {
			situation(forge.Commented, served, says("/preview extend 1ns")),
			ci.Action{Do: ci.Nothing, Number: 7, Commit: newest},
			&ci.Action{Do: ci.Extend, Number: 7, By: 1, Comment: 31},
		},
		"extended by nothing": {
			situation(forge.Commented, served, says("/preview extend 0s")),
			ci.Action{Do: ci.Nothing, Number: 7, Commit: newest},
			&ci.Action{Do: ci.Answer, Number: 7, Refused: true, Comment: 31},
		},
	} {
		got := ci.Decide(c.s)
		words := cmpopts.IgnoreFields(ci.Action{}, "Reason", "Reply")
		if diff := cmp.Diff(ci.Plan{Action: c.do, Answer: c.answer}, got, words); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAction_IsOneLineOfALog(t *testing.T) {
	for want, a := range map[string]ci.Action{
		"sweep: scheduled":             {Do: ci.Sweep, Reason: "scheduled"},
		"down, pull request 7: merged": {Do: ci.Down, Number: 7, Reason: "merged"},
		"down, pull request 1: merged": {Do: ci.Down, Number: 1, Reason: "merged"},
		"up, pull request 7 at bbbbbbbbbb: it is pushed": {
			Do: ci.Up, Number: 7, Commit: newest,
			Reason: "it is pushed",
		},
	} {
		if got := a.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
