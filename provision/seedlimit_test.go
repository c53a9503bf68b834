package provision

import (
	"slices"
	"testing"
	"time"
)

func TestSurplus_DropsTheLeastRecentlyUsedAndFirstWhatNobodyHasACloneOf(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(name string, ago int, bytes int64) keptSeed {
		return keptSeed{seed: seed{name: name}, whole: true, used: now.Add(-time.Duration(ago) * time.Second), bytes: bytes}
	}
	cloned := func(s keptSeed) keptSeed { s.cloned = true; return s }
	half := func(s keptSeed) keptSeed { s.whole = false; return s }
	for name, c := range map[string]struct {
		seeds []keptSeed
		want  []string
	}{
		"none":                        {},
		"all fit":                     {seeds: []keptSeed{at("a", 3, 30), at("b", 2, 30), at("c", 1, 40)}},
		"one too many":                {seeds: []keptSeed{at("b", 2, 1), at("a", 9, 1), at("c", 1, 1), at("d", 3, 1)}, want: []string{"a"}},
		"together too large":          {seeds: []keptSeed{at("a", 2, 60), at("b", 1, 60)}, want: []string{"a"}},
		"too large alone":             {seeds: []keptSeed{at("a", 2, 1), at("b", 1, 600)}, want: []string{"a"}},
		"no gap is filled":            {seeds: []keptSeed{at("a", 3, 10), at("b", 2, 80), at("c", 1, 40)}, want: []string{"b", "a"}},
		"the oldest has a clone":      {seeds: []keptSeed{cloned(at("a", 9, 60)), at("b", 2, 60), at("c", 1, 40)}, want: []string{"b"}},
		"all have clones":             {seeds: []keptSeed{cloned(at("a", 2, 60)), cloned(at("b", 1, 60))}, want: []string{"a"}},
		"left by a killed run":        {seeds: []keptSeed{half(at("a", 1, 0)), at("b", 2, 40)}, want: []string{"a"}},
		"left, and loaded after all":  {seeds: []keptSeed{cloned(half(at("a", 1, 0)))}, want: []string{"a"}},
		"unmarked ones take no space": {seeds: []keptSeed{half(at("x", 1, 99)), at("a", 2, 50), at("b", 3, 50)}, want: []string{"x"}},
	} {
		var got []string
		for _, s := range surplus(c.seeds, 3, 100) {
			got = append(got, s.name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: drops %q, want %q", name, got, c.want)
		}
	}
}
