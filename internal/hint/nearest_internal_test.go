package hint

import "testing"

func TestNearest_FindsTypingSlips(t *testing.T) {
	known := []string{"source", "subset", "preview", "provider"}
	for word, want := range map[string]string{
		"sorce": "source", "Source": "source", "suorce": "source", "previews": "preview", "zebra": "", "p": "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestNearest_KeepsToTheFirstOfEqualsAndToLetters(t *testing.T) {
	for _, c := range []struct {
		word  string
		known []string
		want  string
	}{
		{"lost", []string{"list", "last"}, "list"},
		{"lost", []string{"last", "list"}, "last"},
		{"log", []string{"logs", "down"}, "logs"},
		{"LOGS", []string{"logs"}, "logs"},
		{"dwon", []string{"logs", "down"}, "down"},
		{"environments", []string{"environment"}, "environment"},
		{"enviroment", []string{"expose", "environment"}, "environment"},
		{"", []string{"up"}, ""},
		{"xy", []string{"up", "open"}, ""},
		{"up", nil, ""},
	} {
		if got := Nearest(c.word, c.known); got != c.want {
			t.Errorf("Nearest(%q, %q) = %q, want %q", c.word, c.known, got, c.want)
		}
	}
}

func FuzzNearest_IsACandidateOrNone(f *testing.F) {
	f.Add("sorce")
	f.Add("")
	f.Add("Größe")
	f.Fuzz(func(t *testing.T, word string) {
		known := []string{"source", "subset", "preview"}
		got := Nearest(word, known)
		if got != "" && got != "source" && got != "subset" && got != "preview" {
			t.Errorf("Nearest(%q) = %q", word, got)
		}
		for _, k := range known {
			if d := distance(word, k); d != distance(k, word) || (d == 0) != (word == k) {
				t.Errorf("distance of %q and %q is %d", word, k, d)
			}
		}
	})
}
