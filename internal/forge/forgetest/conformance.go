package forgetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/offshoot-dev/offshoot/internal/forge"
)

// A World is what is behind a forge: how its users change it, and see it.
type World interface {
	// Open makes a pull request with this title, draft and labels, and returns
	// it as it should be read.
	Open(t *testing.T, like forge.Pull) forge.Pull
	// Push adds a commit to its branch.
	Push(t *testing.T, number int) (commit string)
	// Close closes it without merging.
	Close(t *testing.T, number int)
	// Bodies are the texts of all comments on it, in their order.
	Bodies(t *testing.T, number int) []string
	// Say comments as somebody who is not us.
	Say(t *testing.T, number int, body string)
	// People are one who may write, one who may only read, and a name of nobody.
	People() (writer, reader, nobody string)
}

// A Subject is a forge under test.
type Subject struct {
	Forge forge.Forge
	World World
	Many  int // more open pull requests than one page has
}

// Conformance tests that a forge keeps the contract.
func Conformance(t *testing.T, make func(t *testing.T) Subject) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Subject)
	}{
		{"PullIsReadAsItIs", readsPull},
		{"PullFollowsItsBranch", followsBranch},
		{"UnknownPullIsNotFound", unknownPull},
		{"OpenPullsAreComplete", listsAll},
		{"CommentIsEditedInPlace", editsComment},
		{"CommentIsReadBack", readsComment},
		{"CommentsOfOthersAreLeftAlone", sparesOthers},
		{"CommentersAtOnceLeaveOne", commentsAtOnce},
		{"CommentNeedsAMarker", refusesMarker},
		{"OnlyWritersMayWrite", tellsWriters},
		{"UnknownFileIsNotFound", unknownFile},
		{"StatusCanBeSetAgain", setsStatus},
		{"EndedContextIsAnError", ends},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, make(t)) })
	}
}

var now = cmp.Options{cmpopts.IgnoreFields(forge.Pull{}, "Updated"), cmpopts.EquateEmpty()}

func readsPull(t *testing.T, s Subject) {
	want := s.World.Open(t, forge.Pull{Title: "A **change** @all", Labels: []string{"preview"}})
	got, err := s.Forge.Pull(t.Context(), want.Number)
	if diff := cmp.Diff(want, got, now); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if !got.Open || got.Fork || got.Commit == "" || got.Updated.IsZero() {
		t.Errorf("not an open pull request of this repository: %+v", got)
	}
}

func unknownFile(t *testing.T, s Subject) {
	p := s.World.Open(t, forge.Pull{Title: "Change"})
	if content, err := s.Forge.File(t.Context(), p.Base, "no/such/file"); !errors.Is(err, forge.ErrNotFound) ||
		content != nil {
		t.Errorf("%q, %v", content, err)
	}
}

func followsBranch(t *testing.T, s Subject) {
	p := s.World.Open(t, forge.Pull{Title: "Change"})
	commit := s.World.Push(t, p.Number)
	got, err := s.Forge.Pull(t.Context(), p.Number)
	if err != nil || got.Commit != commit {
		t.Errorf("after a push: %s, %v; want %s", got.Commit, err, commit)
	}
	s.World.Close(t, p.Number)
	got, err = s.Forge.Pull(t.Context(), p.Number)
	if err != nil || got.Open || got.Merged {
		t.Errorf("after closing: %+v, %v", got, err)
	}
}

func unknownPull(t *testing.T, s Subject) {
	_, err := s.Forge.Pull(t.Context(), 999_999)
	if !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	err = s.Forge.Comment(t.Context(), 999_999, forge.Comment{Marker: "m", Text: "text"})
	if !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("a comment on it: %v", err)
	}
}

func listsAll(t *testing.T, s Subject) {
	want := []forge.Pull{}
	for i := range s.Many {
		p := s.World.Open(t, forge.Pull{Title: fmt.Sprintf("Change %d", i)})
		if i == 1 {
			s.World.Close(t, p.Number)
			continue
		}
		want = append(want, p)
	}
	got, err := s.Forge.OpenPulls(t.Context())
	if diff := cmp.Diff(want, got, now); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func editsComment(t *testing.T, s Subject) {
	p := s.World.Open(t, forge.Pull{Title: "Change"})
	if err := s.Forge.Comment(t.Context(), p.Number,
		forge.Comment{Marker: "shop-pr", Text: "removed", Existing: true}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"building", "ready\n\n| a | b |\n|---|---|\n", "ready\n\n| a | b |\n|---|---|\n"} {
		if err := s.Forge.Comment(t.Context(), p.Number, forge.Comment{Marker: "shop-pr", Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Forge.Comment(t.Context(), p.Number, forge.Comment{Marker: "other", Text: "another"}); err != nil {
		t.Fatal(err)
	}
	bodies := s.World.Bodies(t, p.Number)
	if len(bodies) != 2 || !strings.Contains(bodies[0], "ready") || !strings.Contains(bodies[1], "another") {
		t.Errorf("comments %q, want one of each marker, the first edited", bodies)
	}
}

// What a forge changes in a text by itself is white space at its end.
func readsComment(t *testing.T, s Subject) {
	p := s.World.Open(t, forge.Pull{Title: "Change"})
	s.World.Say(t, p.Number, "<!-- offshoot shop-pr -->\n<!-- a stranger's -->")
	if said, err := s.Forge.Said(t.Context(), p.Number, "shop-pr"); said != "" || err != nil {
		t.Errorf("before the first: %q, %v", said, err)
	}
	for _, text := range []string{"<!-- one -->\n### Building", "<!-- two -->\n### Ready\n\n| a | b |\n|---|---|"} {
		if err := s.Forge.Comment(t.Context(), p.Number, forge.Comment{Marker: "shop-pr", Text: text}); err != nil {
			t.Fatal(err)
		}
		if said, err := s.Forge.Said(t.Context(), p.Number, "shop-pr"); strings.TrimSpace(said) != text || err != nil {
			t.Errorf("read back: %q, %v; want %q", said, err, text)
		}
	}
}

func sparesOthers(t *testing.T, s Subject) {
	p := s.World.Open(t, forge.Pull{Title: "Change"})
	copied := "<!-- offshoot shop-pr -->\nclick https://evil.test"
	s.World.Say(t, p.Number, copied)
	if err := s.Forge.Comment(t.Context(), p.Number, forge.Comment{Marker: "shop-pr", Text: "ours"}); err != nil {
		t.Fatal(err)
	}
	bodies := s.World.Bodies(t, p.Number)
	if len(bodies) != 2 || bodies[0] != copied || !strings.Contains(bodies[1], "ours") {
		t.Errorf("comments %q", bodies)
	}
}

func commentsAtOnce(t *testing.T, s Subject) {
	p := s.World.Open(t, forge.Pull{Title: "Change"})
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			if err := s.Forge.Comment(t.Context(), p.Number,
				forge.Comment{Marker: "shop-pr", Text: fmt.Sprint("run ", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if bodies := s.World.Bodies(t, p.Number); len(bodies) != 1 || !strings.Contains(bodies[0], "run ") {
		t.Errorf("comments %q, want one", bodies)
	}
}

func refusesMarker(t *testing.T, s Subject) {
	p := s.World.Open(t, forge.Pull{Title: "Change"})
	for _, marker := range []string{"", "a --> <b>", "a\nb"} {
		if err := s.Forge.Comment(t.Context(), p.Number, forge.Comment{Marker: marker, Text: "text"}); err == nil {
			t.Errorf("marker %q is accepted", marker)
		}
	}
	if bodies := s.World.Bodies(t, p.Number); len(bodies) > 0 {
		t.Errorf("comments %q", bodies)
	}
}

func tellsWriters(t *testing.T, s Subject) {
	writer, reader, nobody := s.World.People()
	for login, want := range map[string]bool{writer: true, reader: false, nobody: false} {
		if got, err := s.Forge.MayWrite(t.Context(), login); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", login, got, err, want)
		}
	}
}

func setsStatus(t *testing.T, s Subject) {
	p := s.World.Open(t, forge.Pull{Title: "Change"})
	for _, state := range []forge.State{forge.Pending, forge.Pending, forge.Success, forge.Failure, forge.Cancelled} {
		err := s.Forge.Status(t.Context(), p.Commit, forge.Status{
			Context: "offshoot", State: state, Text: strings.Repeat("long ", 60),
			URL: "http://pr-1.shop.localhost:8480/",
		})
		if err != nil {
			t.Errorf("%s: %v", state, err)
		}
	}
}

func ends(t *testing.T, s Subject) {
	p := s.World.Open(t, forge.Pull{Title: "Change"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cancel()
	_, err := s.Forge.Pull(ctx, p.Number)
	_, listed := s.Forge.OpenPulls(ctx)
	for _, err := range []error{err, listed, s.Forge.Comment(ctx, p.Number, forge.Comment{Marker: "m", Text: "t"})} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}
