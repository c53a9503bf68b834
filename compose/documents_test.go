package compose_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// loadText loads a folder whose compose.yaml has the text.
func loadText(t *testing.T, text string) error {
	t.Helper()
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(text), 0o600))
	_, _, err := compose.Load(t.Context(), compose.Source{Dir: dir, Name: "shop"})
	return err
}

// laughs is the "billion laughs": every line stands for ten of the line above.
func laughs(lines int) string {
	text := "x-0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n"
	for i := 1; i <= lines; i++ {
		text += fmt.Sprintf("x-%d: &l%d [%s*l%d]\n", i, i, strings.Repeat(fmt.Sprintf("*l%d, ", i-1), 9), i-1)
	}
	return text
}

// Each of these takes the loader minutes, or its stack.
func TestLoad_FilesThatWouldHangTheLoader(t *testing.T) {
	const service = "services: {a: {image: b}}\n"
	for name, c := range map[string]struct{ text, want string }{
		"aliases of aliases": {
			laughs(9) + service,
			"compose.yaml: more than 30000 values when its aliases are expanded",
		},
		"in a later document": {service + "---\n" + laughs(9), "compose.yaml: more than 30000 values"},
		"an alias of itself": {
			"x-a: &a {b: *a}\n" + service,
			"compose.yaml: line 1: an alias inside of what it stands for",
		},
		"a merge of itself": {
			"x-a: &a {<<: *a}\n" + service,
			"compose.yaml: line 1: an alias inside of what it stands for",
		},
		"a huge file": {
			service + strings.Repeat("# padding\n", 200_000),
			"compose.yaml: larger than 1024 KiB",
		},
		"a huge value": {
			service + "x-a: " + strings.Repeat("a", 2<<20),
			"compose.yaml: larger than 1024 KiB",
		},
		"a deep file": {
			service + "x-a: " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
			"compose.yaml: yaml: ",
		},
		"a huge file of no lines": {strings.Repeat("\x00", 2<<20), "compose.yaml: yaml: "},
	} {
		t.Run(name, func(t *testing.T) {
			err := loadText(t, c.text)
			if !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want a usage error with %q", err, c.want)
			}
			if n := len(err.Error()); n > 300 {
				t.Errorf("the error has %d bytes", n)
			}
		})
	}
}

func TestLoad_FilesThatAreNoComposeFile(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "blank": "\n\n", "comment": "# nothing\n", "null": "null\n", "number": "42\n", "text": "hello\n",
		"list":   "- a\n- b\n",
		"binary": "\x7fELF\x02\x01\x01\x00\x00", "utf-16": "\xff\xfes\x00e\x00",
		"invalid utf-8": "services: \xff\xfe\n", "json cut off": `{"services": {`,
		"reset root": "!reset {a: b}\n", "two of nothing": "---\n---\n",
		"a tab": "services:\n\ta: b\n", "number as a key": "1: {}\n", "services are a list": "services: [a]\n",
		"service is a text": "services: {a: b}\n",
	} {
		t.Run(name, func(t *testing.T) {
			err := loadText(t, text)
			if !errors.Is(err, hint.ErrUsage) || !strings.HasPrefix(err.Error(), "compose file") {
				t.Fatalf("got %v, want a usage error of the compose file", err)
			}
			if text := err.Error(); strings.ContainsAny(text, "\n\x00") || !utf8.ValidString(text) ||
				len(hint.Of(err)) != 1 {
				t.Errorf("not one line with one hint: %q, %q", err, hint.Of(err))
			}
		})
	}
}

func TestLoad_LargeAndRepetitiveFilesAreFine(t *testing.T) {
	var b strings.Builder
	b.WriteString("x-env: &env {A: '1', B: '2', C: '3'}\n" +
		"x-base: &base {image: busybox, environment: *env}\nservices:\n")
	for i := range 100 {
		fmt.Fprintf(&b, "  s%d: {<<: *base, labels: {n: '%d'}}\n", i, i)
	}
	check(t, loadText(t, b.String()))
	check(t, loadText(t, `{"services": {"a": {"image": "b"}}}`))
	check(t, loadText(t, "\ufeffservices: {a: {image: b}}\r\n"))
	check(t,
		loadText(t,
			"services: {a: {image: b}}\n---\nservices: {a: {command: c}}\n---\n"+
				"services: {a: {command: !reset null}}\n"))
}
