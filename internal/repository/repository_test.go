package repository

import "testing"

func TestSame_GoesByTheNumberWhereBothHaveOneOfTheSameForge(t *testing.T) {
	const hub, tea = "https://api.github.com", "http://127.0.0.1:3000/api/v1"
	for _, c := range []struct {
		what                     string
		name, id, other, otherID string
		same                     bool
	}{
		{"renamed", "a/shop", ID(hub, 1), "a/shop2", ID(hub, 1), true},
		{"somebody took the old name", "a/shop", ID(hub, 1), "a/shop", ID(hub, 2), false},
		{"one number is not known", "a/shop", ID(hub, 1), "a/shop", "", true},
		{"no number is known", "a/shop", "", "a/shop2", "", false},
		{"numbers of two forges", "a/shop", ID(hub, 1), "a/shop", ID(tea, 1), true},
		{"numbers of two forges, two names", "a/shop", ID(hub, 1), "a/shop2", ID(tea, 1), false},
		{"the host's letters", "a/shop", ID(hub, 1), "a/shop2", ID("https://API.github.com/", 1), true},
	} {
		if got := Same(c.name, c.id, c.other, c.otherID); got != c.same {
			t.Errorf("%s: %v", c.what, got)
		}
		if got := Same(c.other, c.otherID, c.name, c.id); got != c.same {
			t.Errorf("%s, the other way round: %v", c.what, got)
		}
	}
}

func TestShort_CutsCommitsAlone(t *testing.T) {
	for commit, want := range map[string]string{"": "", "abc": "abc", "0123456789abcdef": "0123456789"} {
		if got := Short(commit); got != want {
			t.Errorf("%q: %q, want %q", commit, got, want)
		}
	}
}
