package ui_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/ui"
)

func TestDuration_IsShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second:                          "0.0s",
		0:                                     "0.0s",
		1234 * time.Millisecond:               "1.2s",
		59*time.Second + 960*time.Millisecond: "1m00s",
		125 * time.Second:                     "2m05s",
		62*time.Minute + 40*time.Second:       "1h02m",
	} {
		if got := ui.Duration(d); got != want {
			t.Errorf("Duration(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestPlural_CountsANoun(t *testing.T) {
	got := []string{
		ui.Plural(1, "row"), ui.Plural(0, "row"), ui.Plural(12000, "row"),
	}
	want := []string{
		"1 row", "0 rows", "12,000 rows",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTable_AlignsByColumnsNotBytes(t *testing.T) {
	got := ui.Table([][]string{
		{"table", "kept", "forced by"},
		{"Größe", "7", ""},
		{"世界", "1,974", "\x1b[31mfk"},
	}, 1)
	want := "table   kept  forced by\nGröße      7\n世界   1,974  fk\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTruncate_CountsColumnsAndKeepsColourWhole(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"short", 10, "short"},
		{"exactly", 7, "exactly"},
		{"too long", 5, "too …"},
		{"世界世界", 5, "世界…"},
		{"世界世界", 4, "世…"},
		{"e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"},
		{"\x1b[32mok\x1b[0m and more", 4, "\x1b[32mok\x1b[0m …"},
	} {
		if diff := cmp.Diff(c.want, ui.Truncate(c.in, c.width)); diff != "" {
			t.Errorf("%q to %d: %s", c.in, c.width, diff)
		}
		if got := ui.Width(ui.Truncate(c.in, c.width)); got > c.width {
			t.Errorf("%q takes %d columns, want at most %d", c.in, got, c.width)
		}
	}
}

func TestWriteJSON_OneVersionedDocumentWithoutSecrets(t *testing.T) {
	secrets := &ui.Secrets{}
	secrets.Add("hunter22")
	var out bytes.Buffer
	doc := ui.Document{
		Command: "subset", Exit: 3, Result: map[string]int{"kept": 7},
		Error: "dial hunter22", Hints: []string{"try again"},
	}
	if err := ui.WriteJSON(&out, secrets, doc); err != nil {
		t.Fatal(err)
	}
	const want = `{
  "version": 1,
  "command": "subset",
  "exit": 3,
  "result": {
    "kept": 7
  },
  "error": "dial ***",
  "hints": [
    "try again"
  ]
}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	if err := ui.WriteJSON(&out, secrets, ui.Document{Result: func() {}}); err == nil {
		t.Error("what JSON cannot hold is not reported")
	}
}
