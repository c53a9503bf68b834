package ui_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/ui"
)

func TestDuration_GoesToTheNextUnitWithoutA60(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{49 * time.Millisecond, "0.0s"},
		{51 * time.Millisecond, "0.1s"},
		{59*time.Second + 940*time.Millisecond, "59.9s"},
		{time.Minute, "1m00s"},
		{time.Minute + 59*time.Second + 600*time.Millisecond, "2m00s"},
		{59*time.Minute + 59*time.Second + 400*time.Millisecond, "59m59s"},
		{59*time.Minute + 59*time.Second + 600*time.Millisecond, "1h00m"},
		{time.Hour, "1h00m"},
		{23*time.Hour + 59*time.Minute + 59*time.Second, "23h59m"},
		{100 * time.Hour, "100h00m"},
		{math.MinInt64, "0.0s"},
	} {
		if got := ui.Duration(c.d); got != c.want {
			t.Errorf("Duration(%v) = %s, want %s", c.d, got, c.want)
		}
	}
}

func TestDuration_NeverSays60(t *testing.T) {
	widest := 0
	for d := time.Duration(0); d < 3*time.Hour; d += 13 * time.Second / 10 {
		widest = max(widest, len(ui.Duration(d)))
		if text := ui.Duration(d); strings.Contains(text, "60") {
			t.Errorf("%v is written %s", d, text)
		}
	}
	if widest != len("59m59s") {
		t.Errorf("widest %d columns, want %d", widest, len("59m59s"))
	}
}

func TestPlural_TheEndsOfItsRange(t *testing.T) {
	got := []string{
		ui.Plural(-1, "row"), ui.Plural(2, "table"), ui.Plural(1000, "key"),
	}
	want := []string{
		"-1 rows", "2 tables", "1,000 keys",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWidth_CountsColumns(t *testing.T) {
	for text, want := range map[string]int{
		"":                          0,
		"plain":                     5,
		"Größe":                     5,
		"Gro\u0308ße":               5,
		"世界":                        4,
		"カタカナ":                      8,
		"ｶﾀｶﾅ":                      4,
		"한국어":                       6,
		"ＦＵＬＬ":                      8,
		"🙂":                         2,
		"👩‍💻":                       2, // woman, joiner, laptop
		"👍🏽":                        2, // with a skin tone
		"🇩🇪":                        2, // two letters make a flag
		"❤️":                        2, // shown as an emoji
		"⌚":                         2, // wide outside of all wide blocks
		"a\u200bb":                  2,
		"\u202ax":                   1,
		"\x1b[1;31mred\x1b[0m":      3,
		"\x1b]8;;http://x\x07l\x1b": 1,
	} {
		if got := ui.Width(text); got != want {
			t.Errorf("Width(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestTruncate_NeverTooWideAndNeverCutsACharacter(t *testing.T) {
	for _, text := range []string{
		"plain text", "世界 a 世界", "한국어 text", "e\u0301tat", "🙂🙂🙂", "👩‍💻🇩🇪👍🏽",
		"\x1b[31m世界\x1b[0m red no more",
	} {
		for width := 1; width <= 20; width++ {
			got := ui.Truncate(text, width)
			if ui.Width(got) > width {
				t.Errorf("%q to %d columns became %q, %d wide", text, width, got, ui.Width(got))
			}
			if strings.Contains(got, "\ufffd") {
				t.Errorf("%q to %d columns cut a character: %q", text, width, got)
			}
			if fits := ui.Width(text) <= width; fits != (got == text) {
				t.Errorf("%q to %d columns became %q", text, width, got)
			}
			if strings.LastIndex(got, "\x1b[31m") > strings.LastIndex(got, "\x1b[0m") {
				t.Errorf("colour stays on: %q", got)
			}
		}
	}
}

func TestTable_RaggedRowsAndWideCells(t *testing.T) {
	for _, c := range []struct {
		name  string
		rows  [][]string
		right []int
		want  string
	}{
		{"nothing", nil, nil, ""},
		{"one cell", [][]string{{"a"}}, nil, "a\n"},
		{"an empty row", [][]string{{"a", "b"}, {}, {"c"}}, nil, "a  b\n\nc\n"},
		{"a longer row below", [][]string{{"a"}, {"bb", "c", "d"}}, nil, "a\nbb  c  d\n"},
		{"an empty column", [][]string{{"a", "", "b"}, {"c", "", "d"}}, nil, "a    b\nc    d\n"},
		{"all to the right", [][]string{{"1", "10"}, {"100", "2"}}, []int{0, 1}, "  1  10\n100   2\n"},
		{"wide and narrow", [][]string{{"한국", "x"}, {"abc", "y"}, {"ｶﾅ", "z"}}, nil, "한국  x\nabc   y\nｶﾅ    z\n"},
		{"combining marks", [][]string{{"e\u0301", "x"}, {"e", "y"}}, nil, "e\u0301  x\ne  y\n"},
		{"a newline in a cell", [][]string{{"a\nb", "x"}, {"a", "y"}}, nil, "a\\x0ab  x\na       y\n"},
		{"a command in the first cell", [][]string{{"::error::", "x"}}, nil, ": :error::  x\n"},
	} {
		if diff := cmp.Diff(c.want, ui.Table(c.rows, c.right...)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestUI_PlainProgressComesAtIntervals(t *testing.T) {
	var out bytes.Buffer
	c := &clock{}
	u := ui.New(ui.Options{Err: &out, Now: c.Now, Every: 10 * time.Second})
	s := u.Start("copy rows")
	for n := range 26 { // one a second, from the first on
		s.Progress(int64(n), 25, fmt.Sprintf("table %d", n))
		c.Add(time.Second)
	}
	s.Done("25 rows")
	s.Progress(1, 1, "over")
	s.Fail("over")
	u.Close()
	want := `...  copy rows
...  copy rows  40%  10.0s  table 10
...  copy rows  80%  20.0s  table 20
ok   copy rows  26.0s  25 rows
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestUI_TheBarStaysWithinItsBrackets(t *testing.T) {
	for _, c := range []struct {
		done, total int64
		want        string
	}{
		{0, 4, "...  copy  [                    ]   0%  0.0s"},
		{1, 4, "...  copy  [=====               ]  25%  0.0s"},
		{4, 4, "...  copy  [====================] 100%  0.0s"},
		{9, 4, "...  copy  [====================] 100%  0.0s"},
		{-9, 4, "...  copy  [                    ]   0%  0.0s"},
		{math.MaxInt64, math.MaxInt64, "...  copy  [====================] 100%  0.0s"},
		{5, 0, "...  copy  0.0s"},
		{5, -1, "...  copy  0.0s"},
	} {
		screen, clock := &screen{}, &clock{}
		ticks := make(chan time.Time)
		u := ui.New(ui.Options{Err: screen, Live: true, Now: clock.Now, Redraw: ticks})
		u.Start("copy").Progress(c.done, c.total, "")
		ticks <- clock.Now()
		ticks <- clock.Now() // taken only once the first was drawn
		if diff := cmp.Diff(c.want, screen.lastLine()); diff != "" {
			t.Errorf("%d of %d: %s", c.done, c.total, diff)
		}
		u.Close()
	}
}

func TestUI_LiveLinesNeverReachTheLastColumn(t *testing.T) {
	for _, width := range []int{0, 1, 20, 33, 80, 500} {
		screen, clock := &screen{}, &clock{}
		u := ui.New(ui.Options{
			Err: screen, Live: true, Now: clock.Now, Redraw: make(chan time.Time),
			Width: func() int { return width },
		})
		u.Start("build 世界世界世界 " + strings.Repeat("long ", 100))
		if got := ui.Width(screen.lastLine()); got >= max(20, width) {
			t.Errorf("%d columns on a terminal of %d", got, width)
		}
		u.Close()
	}
}

func TestUI_BlockKeepsTheShapeOfForeignText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "", "     |\n"},
		{"only newlines", "\n\n\n", "     |\n"},
		{"an empty line within", "a\n\nb\n", "     | a\n     |\n     | b\n"},
		{"indentation", "  a\n\tb\n", "     |   a\n     | \tb\n"},
		{"DOS lines", "a\r\nb\r\n", "     | a\n     | b\n"},
		{"a progress bar", "1%\r2%\r100%\n", "     | 1%\\x0d2%\\x0d100%\n"},
		{
			"commands", "::warning::x\n##[error]y\n##vso[task.complete]z\n",
			"     | : :warning::x\n     | # #[error]y\n     | # #vso[task.complete]z\n",
		},
		{"colour over two lines", "\x1b[31mred\nstill\x1b[0m\n", "     | red\n     | still\n"},
		{"no text at all", "\xff\xfe\x00\n", "     | \\xff\\xfe\\x00\n"},
	} {
		var out bytes.Buffer
		u := ui.New(ui.Options{Err: &out})
		u.Block(c.in)
		u.Close()
		if diff := cmp.Diff(c.want, out.String()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
