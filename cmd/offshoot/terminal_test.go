package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// terminal opens a pseudo terminal: what is written to far is read from near.
func terminal(t *testing.T) (near, far *os.File) {
	t.Helper()
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	t.Cleanup(func() { near.Close() })
	if err := unix.IoctlSetPointerInt(int(near.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("unlock the pseudo terminal: %v", err)
	}
	n, err := unix.IoctlGetInt(int(near.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skipf("name of the pseudo terminal: %v", err)
	}
	far, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("open the pseudo terminal: %v", err)
	}
	if err := unix.IoctlSetWinsize(int(far.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60}); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// onTerminal runs offshoot with stderr on a terminal and returns what it
// showed.
func onTerminal(t *testing.T, dir string, env []string, args ...string) (shown string, code int) {
	t.Helper()
	near, far := terminal(t)
	cmd := exec.Command(programPath(t), args...)
	cmd.Dir, cmd.Stderr = dir, far
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); name != "CI" && name != "NO_COLOR" && name != "TERM" {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	far.Close()
	var out bytes.Buffer
	_, _ = io.Copy(&out, near) // ends with EIO when the far side is closed
	_ = cmd.Wait()
	return strings.ReplaceAll(out.String(), "\r\n", "\n"), cmd.ProcessState.ExitCode()
}

func TestTerminal_LinesAreLiveAndLeaveItClean(t *testing.T) {
	source, dir := bigSource(t), t.TempDir()
	shown, code := onTerminal(t, dir, []string{"TERM=xterm"}, "subset", "--source", source, "--to", filepath.Join(dir, "out.sql"))
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, shown)
	}
	for _, want := range []string{"\x1b[1A\r\x1b[J", "\x1b[32mok  \x1b[0m read the source", "\x1b[33mwarn\x1b[0m rows are copied", "\x1b[32mok  \x1b[0m copy rows"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not in %q", want, shown)
		}
	}
	if strings.Count(shown, "\x1b[3") != strings.Count(shown, "\x1b[0m") || strings.Contains(shown, "\x1b[?25l") {
		t.Errorf("colour is left on, or the cursor hidden: %q", shown)
	}
}

func TestTerminal_PlainWhereItIsAskedFor(t *testing.T) {
	source, dir := pgtest.New(t), t.TempDir()
	pgtest.Exec(t, source, "CREATE TABLE small (id int PRIMARY KEY); INSERT INTO small VALUES (1); ANALYZE")
	for _, setting := range []string{"CI=true", "NO_COLOR=1", "TERM=dumb"} {
		shown, code := onTerminal(t, dir, []string{setting}, "subset", "--source", source, "--to", filepath.Join(dir, "out.sql"), "--replace")
		if code != 0 || strings.Contains(shown, "\x1b") || !strings.Contains(shown, "...  read the source\n") {
			t.Errorf("%s: exit code %d: %q", setting, code, shown)
		}
	}
}

func TestTerminal_ErrorsAreThere(t *testing.T) {
	shown, code := onTerminal(t, t.TempDir(), []string{"TERM=xterm"}, "subset", "--source", "postgres://u:hunter2hunter2@127.0.0.1:1/x", "--to", "out.sql")
	lines := strings.Split(strings.TrimSpace(shown), "\n")
	if code != 1 || len(lines) < 2 || !strings.HasPrefix(lines[len(lines)-1], "hint: ") || strings.Contains(shown, "hunter2") {
		t.Errorf("exit code %d: %q", code, shown)
	}
}

// The answer of --help, version and list goes to stdout alone.
func TestTerminal_NothingOnStderrWithoutNeed(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"version"}, {"completion", "bash"}, {"subset", "--help"}} {
		if shown, code := onTerminal(t, t.TempDir(), []string{"TERM=xterm"}, args...); code != 0 || shown != "" {
			t.Errorf("%q: exit code %d: %q", args, code, shown)
		}
	}
}
