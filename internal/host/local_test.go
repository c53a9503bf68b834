package host_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/host"
)

func sh(script string, args ...string) host.Command {
	return host.Command{
		Args: append([]string{"/bin/sh", "-c", script, "sh"}, args...),
		Env:  []string{"PATH=/usr/bin:/bin"},
	}
}

func TestRun_PassesStreamsArgumentsAndEnvironment(t *testing.T) {
	var out, errs bytes.Buffer
	c := sh(`cat; printf '%s|' "$@"; printf '%s' "$GREETING" >&2; pwd`, "a b", "", "$HOME")
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader("in "), &out, &errs
	c.Env = append(c.Env, "GREETING=hello")
	c.Dir = "/"
	if err := (host.Local{}).Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"in a b||$HOME|/\n", "hello"}, []string{out.String(), errs.String()}); diff != "" {
		t.Error(diff)
	}
}

func TestRun_InheritsNoEnvironment(t *testing.T) {
	t.Setenv("OFFSHOOT_SECRET", "x")
	var out bytes.Buffer
	c := host.Command{Args: []string{"/usr/bin/env"}, Stdout: &out}
	if err := (host.Local{}).Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "OFFSHOOT_SECRET") {
		t.Errorf("inherited: %s", out.String())
	}
}

func TestRun_ReportsExitCodeAndMessages(t *testing.T) {
	err := (host.Local{}).Run(t.Context(), sh("echo first >&2; echo; echo second >&2; exit 7"))
	var exit *host.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("got %v", err)
	}
	want := &host.ExitError{Program: "sh", Code: 7, Stderr: "first\nsecond"}
	if diff := cmp.Diff(want, exit); diff != "" {
		t.Error(diff)
	}
	if got, want := err.Error(), "sh: exit 7: first; second"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRun_KeepsOnlyTheEndOfLongMessages(t *testing.T) {
	script := `i=0; while [ $i -lt 2000 ]; do echo "line $i" >&2; i=$((i+1)); done; exit 1`
	err := (host.Local{}).Run(t.Context(), sh(script))
	var exit *host.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("got %v", err)
	}
	if len(exit.Stderr) > 4096 || !strings.HasSuffix(exit.Stderr, "line 1999") ||
		!strings.HasPrefix(exit.Stderr, "line ") {
		t.Errorf("%d bytes, from %.20q to %q", len(exit.Stderr), exit.Stderr, exit.Stderr[len(exit.Stderr)-20:])
	}
}

func TestRun_ReportsTheSignal(t *testing.T) {
	err := (host.Local{}).Run(t.Context(), sh("kill -KILL $$"))
	var exit *host.ExitError
	if !errors.As(err, &exit) || exit.Signal != "killed" || exit.Code != -1 {
		t.Errorf("got %#v", err)
	}
}

func TestRun_NamesAMissingProgram(t *testing.T) {
	err := (host.Local{}).Run(t.Context(), host.Command{Args: []string{"/nowhere/pg_dump"}})
	if !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "pg_dump: ") {
		t.Errorf("got %v", err)
	}
	if err := (host.Local{}).Run(t.Context(), host.Command{}); err == nil {
		t.Error("an empty command ran")
	}
}

func TestRun_StopsTheWholeGroupWhenCancelled(t *testing.T) {
	for name, trap := range map[string]string{"obedient": "", "deaf": "trap '' TERM;"} {
		t.Run(name, func(t *testing.T) {
			pids := filepath.Join(t.TempDir(), "pids")
			c := sh(trap+`sleep 600 & echo $! $$ >"$1.new"; mv "$1.new" "$1"; wait; sleep 600`, pids)
			c.Grace = 200 * time.Millisecond
			cause := errors.New("another commit came")
			ctx, cancel := context.WithCancelCause(t.Context())
			done := make(chan error, 1)
			go func() { done <- host.Local{}.Run(ctx, c) }()
			var started []byte
			await(t, "start", func() bool { started, _ = os.ReadFile(pids); return len(started) > 0 })
			cancel(cause)
			if err := <-done; !errors.Is(err, cause) {
				t.Errorf("got %v", err)
			}
			for _, pid := range strings.Fields(string(started)) {
				await(t, "end of "+pid, func() bool { return gone(pid) })
			}
		})
	}
}

// gone reports whether a process has ended; one that nobody has waited for
// still has a pid, in state Z.
func gone(pid string) bool {
	n, _ := strconv.Atoi(pid)
	if errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("no %s in time", what)
		}
	}
}

func TestRun_DoesNotStartWhenAlreadyCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "x")
	if err := (host.Local{}).Run(ctx, sh(`: >"$1"`, path)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it ran")
	}
}

func TestDetach_GoesOnInASessionOfItsOwnAndKeepsWhatItPrints(t *testing.T) {
	folder := t.TempDir()
	log, gate := filepath.Join(folder, "log"), filepath.Join(folder, "gate")
	c := sh(`read line; ps -o sid= -p $$; echo "$GREETING" >&2; until [ -e "$1" ]; do sleep 0.01; done; pwd`, gate)
	c.Env, c.Dir = append(c.Env, "GREETING=hello"), "/"
	if err := (host.Local{}).Detach(c, log); err != nil {
		t.Fatal(err)
	}
	read := func() string { text, _ := os.ReadFile(log); return string(text) }
	await(t, "greeting", func() bool { return strings.Contains(read(), "hello\n") })
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	await(t, "end", func() bool { return strings.HasSuffix(read(), "hello\n/\n") })
	if sid, _, _ := strings.Cut(strings.TrimSpace(read()), "\n"); sid == "" || sid == strconv.Itoa(os.Getpid()) {
		t.Errorf("its session is %q", sid)
	}
	if err := (host.Local{}).Detach(host.Command{Args: []string{"/nowhere/x"}}, log); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := (host.Local{}).Detach(host.Command{}, log); err == nil {
		t.Error("an empty command was started")
	}
}
