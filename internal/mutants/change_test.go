package main

import (
	"go/format"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

const decides = `// Package p decides.
package p

import "time"

const fixed = 1 < 2

func f(a, b []int, open bool) (bool, time.Duration) {
	if len(a) == 0 && !open || len(b) < 3 {
		return true, 30 * time.Second
	}
	return len(a)+1 >=
		len(b), 2 * time.Minute
}
`

func rewritten(t *testing.T, without map[int]bool) (string, []change) {
	t.Helper()
	r := rewriter{name: "p.go", text: []byte(decides), first: 1, without: without}
	text, err := r.rewrite()
	if err != nil {
		t.Fatal(err)
	}
	return text, r.changes
}

func TestRewrite_ChangesWhatDecides(t *testing.T) {
	_, changes := rewritten(t, nil)
	var got []string
	for _, c := range changes {
		got = append(got, c.String())
	}
	slices.Sort(got)
	want := []string{
		"p.go:12: >= becomes <",
		"p.go:9: ! is dropped", "p.go:9: && becomes ||", "p.go:9: 0 becomes 1", "p.go:9: 3 becomes 2",
		"p.go:9: 3 becomes 4",
		"p.go:9: < becomes >=", "p.go:9: == becomes !=", "p.go:9: || becomes &&", "p.go:10: true becomes false",
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestRewrite_LeavesAProgramWithItsLines(t *testing.T) {
	text, changes := rewritten(t, nil)
	if _, err := format.Source([]byte(text)); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	before, after := strings.Split(decides, "\n"), strings.Split(text, "\n")
	if len(before) != len(after) {
		t.Fatalf("%d lines of %d", len(after), len(before))
	}
	for i := range before {
		changed := slices.ContainsFunc(changes, func(c change) bool { return c.line == i+1 || c.line == i })
		if before[i] != after[i] && !changed {
			t.Errorf("line %d: %s", i+1, after[i])
		}
	}
}

func TestRewrite_LeavesOutLinesThatDoNotCompileWithIt(t *testing.T) {
	text, changes := rewritten(t, map[int]bool{9: true})
	if len(changes) != 2 || strings.Split(text, "\n")[8] != strings.Split(decides, "\n")[8] {
		t.Errorf("%v in\n%s", changes, text)
	}
}

func TestDraw_IsRepeatedByItsSeed(t *testing.T) {
	_, all := rewritten(t, nil)
	drawn := func(seed uint64) []change { return draw(all, 5, rand.New(rand.NewPCG(seed, 1))) }
	if !slices.Equal(drawn(1), drawn(1)) || slices.Equal(drawn(1), drawn(2)) || len(drawn(1)) != 5 {
		t.Errorf("%v, then %v", drawn(1), drawn(2))
	}
}

func TestScore_AsksTheSameShareOfASmallPackage(t *testing.T) {
	for s, want := range map[score]bool{
		{changes: 24, noticed: 22}:   true,
		{changes: 24, noticed: 21}:   false,
		{changes: 2, noticed: 2}:     true,
		{changes: 2, noticed: 1}:     false,
		{changes: 240, noticed: 220}: true,
		{}:                           true,
	} {
		if s.passes() != want {
			t.Errorf("%d of %d: %v", s.noticed, s.changes, s.passes())
		}
	}
}

func TestBlame_NamesTheTestOrTheEnd(t *testing.T) {
	for output, want := range map[string]string{
		"ok\n--- FAIL: TestA_Holds (0.00s)\n    x_test.go:3: no\nFAIL\n": "TestA_Holds",
		"panic: test timed out after 30s\n":                              "test timed out",
		"panic: nil map\n":                                               "panic",
		"":                                                               "no clean end",
	} {
		if got := blame(output); got != want {
			t.Errorf("%q: %s, want %s", output, got, want)
		}
	}
}
