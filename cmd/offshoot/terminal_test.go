package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// onTerminal runs offshoot with stderr on a terminal and returns what it
// showed.
func onTerminal(t *testing.T, dir string, env []string, args ...string) (shown string, code int) {
	t.Helper()
	near, far := hosttest.Terminal(t)
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

// typing runs offshoot with a terminal that controls it, which types and sees
// what is shown.
type typing struct {
	*testing.T
	near *os.File
	cmd  *exec.Cmd

	mutex sync.Mutex // guards what follows
	shown bytes.Buffer
}

func startTyping(t *testing.T, dir string, env []string, args ...string) *typing {
	t.Helper()
	near, far := hosttest.Terminal(t)
	p := &typing{T: t, near: near, cmd: exec.Command(programPath(t), args...)}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = dir, env, far, far, far
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	far.Close()
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := near.Read(b)
			p.mutex.Lock()
			p.shown.Write(b[:n])
			p.mutex.Unlock()
			if err != nil {
				return // EIO when the far side is closed
			}
		}
	}()
	return p
}

// types writes keys, and waits until something is shown behind what was.
func (p *typing) types(keys, want string) {
	p.Helper()
	p.mutex.Lock()
	before := p.shown.Len()
	p.mutex.Unlock()
	if _, err := p.near.WriteString(keys); err != nil {
		p.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		p.mutex.Lock()
		shown := p.shown.String()
		p.mutex.Unlock()
		if strings.Contains(shown[before:], want) {
			return
		}
		if time.Now().After(deadline) {
			_ = p.cmd.Process.Kill()
			p.Fatalf("%q does not show %q: %q", keys, want, shown)
		}
	}
}

func (p *typing) resize(rows, columns uint16) {
	p.Helper()
	if err := unix.IoctlSetWinsize(int(p.near.Fd()), unix.TIOCSWINSZ,
		&unix.Winsize{Row: rows, Col: columns}); err != nil {
		p.Fatal(err)
	}
}

// usesAShell opens a shell inside of a service of a preview by exec, types,
// and sees that it is a terminal whose size is followed.
func usesAShell(t *testing.T, dir string, env []string, exec ...string) {
	t.Helper()
	p := startTyping(t, dir, env, append(exec, "/bin/busybox", "sh")...)
	p.types("", "# ")
	p.types("/bin/busybox stty size\n", "24 60")
	p.resize(40, 100)
	// How soon it follows is not ours to say.
	p.types("until [ \"$(/bin/busybox stty size)\" = '40 100' ]; do :; done; echo it fol''lowed\n", "it followed")
	p.types("echo a c''at; /bin/busybox cat; echo the cat is g''one\n", "a cat\r\n")
	p.types("\x04", "the cat is gone") // ctrl-D ends its input, not ours
	_, _ = p.near.WriteString("exit 5\n")
	_ = p.cmd.Wait()
	if code := p.cmd.ProcessState.ExitCode(); code != 5 {
		t.Errorf("exit code %d, want 5: %q", code, p.shown.String())
	}
}

func TestTerminal_LinesAreLiveAndLeaveItClean(t *testing.T) {
	source, dir := bigSource(t), t.TempDir()
	shown, code := onTerminal(t, dir, []string{"TERM=xterm"}, "subset", "--source", source, "--to",
		filepath.Join(dir, "out.sql"))
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, shown)
	}
	for _, want := range []string{
		"\x1b[1A\r\x1b[J", "\x1b[32mok  \x1b[0m read the source",
		"\x1b[33mwarn\x1b[0m rows are copied", "\x1b[32mok  \x1b[0m copy rows",
	} {
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
		shown, code := onTerminal(t, dir, []string{setting}, "subset", "--source", source, "--to",
			filepath.Join(dir, "out.sql"), "--replace")
		if code != 0 || strings.Contains(shown, "\x1b") || !strings.Contains(shown, "...  read the source\n") {
			t.Errorf("%s: exit code %d: %q", setting, code, shown)
		}
	}
}

func TestTerminal_ErrorsAreThere(t *testing.T) {
	shown, code := onTerminal(t, t.TempDir(), []string{"TERM=xterm"}, "subset", "--source",
		"postgres://u:hunter2hunter2@127.0.0.1:1/x", "--to", "out.sql")
	lines := strings.Split(strings.TrimSpace(shown), "\n")
	if code != 1 || len(lines) < 2 || !strings.HasPrefix(lines[len(lines)-1], "hint: ") ||
		strings.Contains(shown, "hunter2") {
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
