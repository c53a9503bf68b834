package ui_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/ui"
)

func TestClean_NeutralisesWhatATerminalOrCIWouldObey(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Grüße, 世界 🙂", "Grüße, 世界 🙂"},
		{"tab", "a\tb", "a\tb"},
		{"colour", "\x1b[1;31mred\x1b[0m", "red"},
		{"title", "\x1b]0;owned\x07after", "after"},
		{"hyperlink", "\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\", "text"},
		{"clear screen", "\x1b[2J\x1b[Hx", "x"},
		{"lone escape", "\x1b", ""},
		{"nested escape", "\x1b\x1b[m[31mx", "[31mx"},
		{"one byte CSI", "a\u009b31mb", `a\u009b31mb`},
		{"backspaces", "good\b\b\b\bevil", `good\x08\x08\x08\x08evil`},
		{"carriage return", "ok\rfail", `ok\x0dfail`},
		{"newline in a name", "a\nb", `a\x0ab`},
		{"direction override", "user\u202egnp.exe", `user\u202egnp.exe`},
		{"line separator", "a\u2028::error::b", `a\u2028::error::b`},
		{"broken text", "a\xff\xfeb", `a\xff\xfeb`},
		{"GitHub command", "::set-output name=x::y", ": :set-output name=x::y"},
		{"GitHub command behind spaces", " \t ::error::x", " \t : :error::x"},
		{"GitHub command behind a wide space", "\u3000::error::x", "\u3000: :error::x"},
		{"GitHub command behind colour", "\x1b[0m::add-mask::x", ": :add-mask::x"},
		{"old GitHub command", "x ##[add-path]/evil", "x # #[add-path]/evil"},
		{"Azure command", "##vso[task.setvariable]x", "# #vso[task.setvariable]x"},
		{"not a command", "std::string, 12 ## notes", "std::string, 12 ## notes"},
	} {
		got := ui.Clean(c.in)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func FuzzClean_LeavesNothingActive(f *testing.F) {
	for _, seed := range []string{
		"", "\x1b[31m", "::error::", "##[x]", "\x1b\x1b]0;\x07", "\xc2\x9b", "####[[",
		":::\x1b[m:",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := ui.Clean(in)
		if again := ui.Clean(got); again != got {
			t.Errorf("cleaning twice: %q then %q", got, again)
		}
		if !utf8.ValidString(got) {
			t.Errorf("not valid text: %q", got)
		}
		for _, r := range got {
			if r != '\t' && (r < 0x20 || r >= 0x7f && r < 0xa0) {
				t.Errorf("control character %U left in %q", r, got)
			}
		}
		if strings.HasPrefix(strings.TrimSpace(got), "::") || strings.Contains(got, "##[") {
			t.Errorf("a CI command is left in %q", got)
		}
	})
}

func TestCleaner_CleansLinesHoweverTheyArrive(t *testing.T) {
	const in = "first\r\n\x1b[32mgreen\x1b[0m\n::error::x\nlast"
	const want = "first\ngreen\n: :error::x\nlast\n"
	for size := 1; size <= len(in); size++ {
		var out bytes.Buffer
		c := &ui.Cleaner{W: &out}
		for rest := in; rest != ""; {
			n := min(size, len(rest))
			if _, err := c.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Fatalf("in pieces of %d: %s", size, diff)
		}
	}
}

func TestCleaner_BoundsWhatItHolds(t *testing.T) {
	var out bytes.Buffer
	c := &ui.Cleaner{W: &out}
	piece := bytes.Repeat([]byte("x"), 1000)
	for range 200 {
		if _, err := c.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	if out.Len() < 100_000 {
		t.Errorf("only %d bytes of an endless line were passed on", out.Len())
	}
}

func TestCleaner_ReportsABrokenWriter(t *testing.T) {
	c := &ui.Cleaner{W: broken{}}
	if _, err := c.Write([]byte("x\n")); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }
