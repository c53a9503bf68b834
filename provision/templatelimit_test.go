package provision

import (
	"slices"
	"testing"
	"time"
)

func TestSurplus_DropsTheLeastRecentlyUsedAndFirstWhatNobodyHasACloneOf(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(name string, ago int, bytes int64) keptTemplate {
		return keptTemplate{
			template: template{name: name}, whole: true,
			used: now.Add(-time.Duration(ago) * time.Second), bytes: bytes,
		}
	}
	cloned := func(s keptTemplate) keptTemplate { s.cloned = true; return s }
	half := func(s keptTemplate) keptTemplate { s.whole = false; return s }
	for name, c := range map[string]struct {
		templates []keptTemplate
		want      []string
	}{
		"none":    {},
		"all fit": {templates: []keptTemplate{at("a", 3, 30), at("b", 2, 30), at("c", 1, 40)}},
		"one too many": {templates: []keptTemplate{
			at("b", 2, 1), at("a", 9, 1), at("c", 1, 1),
			at("d", 3, 1),
		}, want: []string{"a"}},
		"together too large": {templates: []keptTemplate{at("a", 2, 60), at("b", 1, 60)}, want: []string{"a"}},
		"too large alone":    {templates: []keptTemplate{at("a", 2, 1), at("b", 1, 600)}, want: []string{"a"}},
		"no gap is filled": {
			templates: []keptTemplate{at("a", 3, 10), at("b", 2, 80), at("c", 1, 40)},
			want:      []string{"b", "a"},
		},
		"the oldest has a clone": {templates: []keptTemplate{
			cloned(at("a", 9, 60)), at("b", 2, 60),
			at("c", 1, 40),
		}, want: []string{"b"}},
		"all have clones": {
			templates: []keptTemplate{cloned(at("a", 2, 60)), cloned(at("b", 1, 60))},
			want:      []string{"a"},
		},
		"left by a killed run": {
			templates: []keptTemplate{half(at("a", 1, 0)), at("b", 2, 40)},
			want:      []string{"a"},
		},
		"left, and loaded after all": {templates: []keptTemplate{cloned(half(at("a", 1, 0)))}, want: []string{"a"}},
		"unmarked ones take no space": {templates: []keptTemplate{
			half(at("x", 1, 99)), at("a", 2, 50),
			at("b", 3, 50),
		}, want: []string{"x"}},
	} {
		var got []string
		for _, s := range surplus(c.templates, 3, 100) {
			got = append(got, s.name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: drops %q, want %q", name, got, c.want)
		}
	}
}
