package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for a program to get somewhere.
const patience = 3 * time.Minute

// builtProgram is the variable that names the program to a test that runs itself
// again.
const builtProgram = "OFFSHOOT_TEST_PROGRAM"

// program is the binary as users have it, built once for all tests of this
// run; the gateway's image needs it static.
var program built

type built struct {
	once   sync.Once
	folder string
	err    error
}

func programPath(t *testing.T) string {
	t.Helper()
	if path := os.Getenv(builtProgram); path != "" {
		return path
	}
	program.once.Do(func() {
		program.folder, program.err = os.MkdirTemp("", "offshoot-test-")
		if program.err != nil {
			return
		}
		build := exec.Command("go", "build", "-ldflags=-s -w -X main.version=v0.0.0-test", "-o", program.path(), ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := build.CombinedOutput(); err != nil {
			program.err = fmt.Errorf("build offshoot: %w\n%s", err, output)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return program.path()
}

func (b *built) path() string { return filepath.Join(b.folder, "offshoot") }

func removeProgram() {
	if program.folder != "" {
		_ = os.RemoveAll(program.folder)
	}
}

// process is one offshoot under way.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout bytes.Buffer
	stderr watched
	done   chan struct{}
}

// start starts offshoot in dir with the given environment added.
func start(t *testing.T, dir string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(programPath(t), args...), done: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = append(append(os.Environ(), "HOME="+dir, "XDG_CACHE_HOME="+filepath.Join(dir, "cache")), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
	})
	return p
}

// says waits until a line of stderr contains text; false when the program
// ended without.
func (p *process) says(text string) bool {
	p.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if strings.Contains(p.stderr.String(), text) {
			return true
		}
		select {
		case <-p.done:
			return strings.Contains(p.stderr.String(), text)
		case <-deadline:
			p.t.Fatalf("no %q after %v: %s", text, patience, p.stderr.String())
		case <-tick.C:
		}
	}
}

// ends waits for the program and returns its exit code, -1 after a signal.
func (p *process) ends() int {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case <-p.done:
	case <-ctx.Done():
		p.t.Fatalf("does not end: %s", p.stderr.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// watched is a buffer that one goroutine fills and another reads.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// offshoot runs a command line that must end with the code.
func offshoot(t *testing.T, dir string, code int, args ...string) *process {
	t.Helper()
	p := start(t, dir, nil, args...)
	if got := p.ends(); got != code {
		t.Fatalf("offshoot %s: exit code %d, want %d\n%s%s", login.ReplaceAllString(strings.Join(args, " "), "//$1:…@"),
			got, code, p.stdout.String(), p.stderr.String())
	}
	return p
}

// login is who connects by a URL, with a password that belongs in no output.
var login = regexp.MustCompile(`//([^/:@]*):[^/@]*@`)
