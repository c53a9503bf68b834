package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const images = "../../docs/images/"

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPictures_AreWellFormed(t *testing.T) {
	files, err := filepath.Glob(images + "*.svg")
	if err != nil || len(files) < 3 {
		t.Fatalf("%q %v", files, err)
	}
	for _, file := range files {
		text := read(t, file)
		decoder := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: %v", file, err)
				break
			}
		}
		for _, want := range []string{"prefers-color-scheme:dark", "<title>", "aria-label="} {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %s", file, want)
			}
		}
		if strings.Contains(text, "<script") || strings.Contains(text, "@import") {
			t.Errorf("%s would not be shown: it wants more than itself", file)
		}
	}
}

func TestComment_IsDrawnOfTheCommentThatWasRecorded(t *testing.T) {
	want, err := comment([]byte(read(t, images+"comment.md")))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, read(t, images+"comment.svg")); diff != "" {
		t.Errorf("stale: go run ./internal/picture comment docs/images/comment.md docs/images/comment.svg\n%s", diff)
	}
}

// lasting are the lines that stand at the end of a recording.
func lasting(svg string) []string {
	var lines []string
	for _, found := range regexp.MustCompile(`<text class="s e"[^>]*>(.*)</text>`).FindAllStringSubmatch(svg, -1) {
		lines = append(lines, regexp.MustCompile(`<[^>]*>`).ReplaceAllString(found[1], ""))
	}
	return lines
}

func TestRecording_ShowsTheStepsThatThereAre(t *testing.T) {
	var steps []string
	for _, found := range regexp.MustCompile(`(?m)^\s+Step\w+\s+(?:Step\s+)?= "(.*)"`).
		FindAllStringSubmatch(read(t, "../../provision/event.go"), -1) {
		steps = append(steps, found[1])
	}
	shown := 0
	for _, line := range lasting(read(t, images+"up.svg")) {
		if name, ok := strings.CutPrefix(line, "ok   "); ok {
			shown++
			if name, _, _ = strings.Cut(name, "  "); !slices.Contains(steps, name) {
				t.Errorf("%q is no step of up any more: make pictures", name)
			}
		}
	}
	if shown < 10 || !slices.Contains(lasting(read(t, images+"up.svg")), "http://pr-12.shop.localhost:8480/") {
		t.Errorf("%d steps, or no link at the end", shown)
	}
}

func TestReplay_ShowsWhatATerminalWould(t *testing.T) {
	output := "Script started on now\n...  lock  0.0s\r\n\x1b[1A\r\x1b[J\x1b[32mok  \x1b[0m lock  0.1s\r\nhttp://a/\r\n"
	frames, err := replay([]byte(output), "0.5 17\n0.25 5\n1.0 99\n")
	if err != nil {
		t.Fatal(err)
	}
	last := frames[len(frames)-1]
	if diff := cmp.Diff([]string{"\x1b[32mok  \x1b[0m lock  0.1s", "http://a/"}, last.lines); diff != "" {
		t.Error(diff)
	}
	if frames[0].lines[0] != "...  lock  0.0s" || last.at != 1750*time.Millisecond {
		t.Errorf("%+v", frames)
	}
	if _, err := replay([]byte("\x1b[2K12345678"), "0.1 12\n"); err == nil {
		t.Error("a sequence that is not known passes for text")
	}
}

func TestTerminal_EndsWithTheLastFrame(t *testing.T) {
	svg := terminal("offshoot up", []frame{
		{at: 0, lines: []string{"...  lock  0.0s"}},
		{at: time.Second, lines: []string{"\x1b[32mok  \x1b[0m lock  1.0s", "a < b & " + strings.Repeat("x", 200)}},
	})
	got := lasting(svg)
	want := []string{"$ offshoot up", "ok   lock  1.0s", "a &lt; b &amp; " + strings.Repeat("x", columns-9) + "…"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(svg, `>...  lock  0.0s</text>`) {
		t.Error("what was shown for a second is left out")
	}
}
