package document_test

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/document"
)

func sheet() document.Sheet {
	var g document.Grid
	g.Add("table", "rows", "kept")
	g.Add("public.a|b", "1,000", "7")
	g.Add("c", "", "1,000")
	return document.Sheet{
		Headlines: []string{"shop: all of it"}, Grids: []document.Grid{g},
		Notes: []string{"left out: x"},
	}
}

func TestWriteText_LinesUpTheColumns(t *testing.T) {
	want := `shop: all of it

table       rows   kept
public.a|b  1,000  7
c                  1,000

left out: x
`
	if diff := cmp.Diff(want, text(t, 80)); diff != "" {
		t.Error(diff)
	}
}

func TestWriteText_PutsBelowWhatDoesNotFitBeside(t *testing.T) {
	want := `shop:
    all of
    it

table
    rows
    kept
public.a|b
    1,000
    7
c

    1,000

left out: x
`
	if diff := cmp.Diff(want, text(t, 12)); diff != "" {
		t.Error(diff)
	}
}

func TestWriteMarkdown_EscapesEveryCell(t *testing.T) {
	want := "- shop: all of it\n\n| table | rows | kept |\n|---|---:|---:|\n| public.a&#124;b | 1,000 | 7 |\n| c | " +
		" | 1,000 |\n\n- left out: x\n"
	var b strings.Builder
	if err := sheet().WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestBeside_GoesOnBelow(t *testing.T) {
	numbers := "table  rows\na      1\n"
	for width, want := range map[int]string{
		120: "table  rowswhy\na      1one two three\n",
		20:  "table  rows\n    why\na      1\n    one two three\n",
	} {
		if diff := cmp.Diff(want, document.Beside(numbers, []string{"why", "one two three"}, width)); diff != "" {
			t.Errorf("%d columns: %s", width, diff)
		}
	}
}

func TestWriteJSON_KeepsAngleBrackets(t *testing.T) {
	var b strings.Builder
	if err := document.WriteJSON(&b, map[string]string{"a": "<b>"}); err != nil ||
		b.String() != "{\n  \"a\": \"<b>\"\n}\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

func text(t *testing.T, width int) string {
	t.Helper()
	var b strings.Builder
	var w io.Writer = document.OfWidth(&b, width)
	if got := document.Columns(w, document.Unbounded); got != width {
		t.Errorf("%d columns, want %d", got, width)
	}
	if err := sheet().WriteText(w); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
