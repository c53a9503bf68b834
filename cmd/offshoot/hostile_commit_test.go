package main

import (
	"errors"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// An approval is for one commit, and not for what is built upon it.
func TestHostile_AChildOfTheApprovedCommitWantsItsApproval(t *testing.T) {
	dir := gitRepository(t)
	base := git(t, dir, "rev-parse", "HEAD")
	commit := func(title string, parents ...string) string {
		args := []string{"-c", "user.name=t", "-c", "user.email=t@example.com", "commit-tree", "-m", title}
		for _, p := range parents {
			args = append(args, "-p", p)
		}
		return git(t, dir, append(args, "HEAD^{tree}")...)
	}
	approved, later := commit("approved", base), commit("later", base)
	for name, c := range map[string]struct {
		head      string
		own, fork bool // what it may be
	}{
		"itself":                             {approved, true, true},
		"its child":                          {commit("child", approved), false, false},
		"merged with the base":               {commit("merge", later, approved), true, false},
		"the base merged into it":            {commit("update", approved, later), false, false},
		"merged with the base and something": {commit("octopus", later, approved, base), false, false},
		"the base":                           {base, false, false},
	} {
		git(t, dir, "checkout", "-q", "--detach", c.head)
		at, err := here().checkout(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		p := &ciPreviews{jobs: jobs{here()}, git: at}
		for fork, may := range map[bool]bool{false: c.own, true: c.fork} {
			err := p.holds(ci.Order{Commit: approved, Fork: fork})
			if (err == nil) != may || err != nil && !errors.Is(err, hint.ErrUsage) {
				t.Errorf("%s, fork %v: %v", name, fork, err)
			}
		}
	}
}
