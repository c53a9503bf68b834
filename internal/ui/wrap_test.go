package ui_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/ui"
)

func TestWrap_BreaksBetweenWordsOnly(t *testing.T) {
	for _, c := range []struct {
		line  string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"fits here", 9, []string{"fits here"}},
		{"a line that goes on", 9, []string{"a line", "  that", "  goes on"}},
		{"  indented words", 12, []string{"  indented", "    words"}},
		{
			"see http://pr-12.shop.localhost:8480/ there", 12,
			[]string{"see", "  http://pr-12.shop.localhost:8480/", "  there"},
		},
		{"日本語 日本語 日本", 10, []string{"日本語", "  日本語", "  日本"}},
	} {
		if diff := cmp.Diff(c.want, ui.Wrap(c.line, c.width)); diff != "" {
			t.Errorf("%q in %d: %s", c.line, c.width, diff)
		}
	}
}

func TestSheet_NamesEachPartOnceAndKeepsToItsWidth(t *testing.T) {
	s := &ui.Sheet{Width: 24}
	s.Add("refused")
	s.Add("link", "http://x.localhost/", "the gateway is started before")
	s.Add("machine", "this\x1b[2J one")
	want := `link     http://x.localhost/
         the gateway is
           started
           before
machine  this one
`
	if diff := cmp.Diff(want, s.String()); diff != "" {
		t.Error(diff)
	}
}

func TestFitTable_PutsTheLastCellBelowWhereTheTerminalIsNarrow(t *testing.T) {
	rows := [][]string{
		{"PREVIEW", "STATE", "LINK"},
		{"pr-12", "serving", "http://web--pr-12.x.localhost:8480/ http://api--pr-12.x.localhost:8480/"},
		{"main", "asleep", ""},
	}
	want := `PREVIEW  STATE
  LINK
pr-12    serving
  http://web--pr-12.x.localhost:8480/
    http://api--pr-12.x.localhost:8480/
main     asleep
`
	if diff := cmp.Diff(want, ui.FitTable(rows, 40)); diff != "" {
		t.Error(diff)
	}
	if got := ui.FitTable(rows, 120); got != ui.Table(rows) {
		t.Errorf("a wide terminal shows\n%s", got)
	}
}
