package remote_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

func TestUp_RunsOnTheMachineWithWhatWasSent(t *testing.T) {
	t.Parallel()
	r := newRig(t, host.Local{})
	r.write("app/page", "hello", 0o644)
	archive := filepath.Join(t.TempDir(), "shop.sql")
	if err := os.WriteFile(archive, []byte("SELECT 1;"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := r.delivery(map[string]string{"STEPS": "2", "SHOW": "page"})
	d.Archive, d.Dir, d.Request.Front.Address = archive, "app", netip.MustParseAddr("203.0.113.7")
	result, events := r.up(d)
	want := []string{"hello", "SELECT 1;"}
	if diff := cmp.Diff(want, result.Migrated.Output); diff != "" || result.Links[0].URL != "http://203.0.113.7/" ||
		result.Commit != "c0ffee" {
		t.Errorf("%+v: %s", result, diff)
	}
	var told []string
	for _, e := range events {
		told = append(told, fmt.Sprintf("%s %s %.12s", e.Step, e.Kind, e.Text))
	}
	if diff := cmp.Diff([]string{
		"send files began ", "send files done 3 files, 27 ", "start on the machine began ",
		"start on the machine done ",
		"build and pull progress 0 xxxxxxxxxx", "build and pull progress 1 xxxxxxxxxx",
	}, told); diff != "" {
		t.Error(diff)
	}
	if exit, err := os.ReadFile(filepath.Join(r.runs()[0], "exit")); err != nil || string(exit) != "0\n" {
		t.Errorf("exit file %q, %v", exit, err)
	}
}

func TestUp_SendsTheArchivesOfFurtherDatabases(t *testing.T) {
	t.Parallel()
	r := newRig(t, host.Local{})
	r.write("page", "hello", 0o644)
	folder := t.TempDir()
	d := r.delivery(map[string]string{"SHOW": "page"})
	d.Archive, d.Archives = filepath.Join(folder, "shop.sql"), map[string]string{}
	for name, content := range map[string]string{
		"shop": "SELECT 1;", "events": "SELECT 2;", "reports": "SELECT 3;",
		"same": "SELECT 3;",
	} {
		file := filepath.Join(folder, name+".sql")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if name != "shop" {
			d.Archives[name] = file
		}
	}
	result, _ := r.up(d)
	want := []string{"hello", "SELECT 1; events: SELECT 2; reports: SELECT 3; same: SELECT 3;"}
	if diff := cmp.Diff(want, result.Migrated.Output); diff != "" {
		t.Error(diff)
	}
}

func TestUp_SendsOnlyWhatChangedAndSecretsNeitherInArgumentsNorReadable(t *testing.T) {
	t.Parallel()
	h := &recorder{Host: host.Local{}}
	r := newRig(t, h)
	r.write("large", strings.Repeat("large ", 1000), 0o644)
	environment := map[string]string{"SHOW": "small", "TOKEN": "hunter2hunter2"}
	archive := filepath.Join(t.TempDir(), "shop.dump")
	if err := os.WriteFile(archive, []byte("rows of production"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		r.write("small", text, 0o644)
		d := r.delivery(environment)
		d.Archive = archive
		if result, _ := r.up(d); result.Migrated.Output[0] != text {
			t.Errorf("%q was shown for %q", result.Migrated.Output[0], text)
		}
	}
	if sent := h.sent.String(); strings.Contains(sent, "large") || strings.Contains(sent, "rows") ||
		!strings.Contains(sent, "two") {
		t.Errorf("the second time %.200q was sent", sent)
	}
	if text := fmt.Sprint(h.commands); strings.Contains(text, "hunter2") {
		t.Errorf("a secret in the arguments: %s", text)
	}
	err := filepath.WalkDir(r.site.Folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), "hunter2") {
			t.Errorf("after the run a secret is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	info, err := os.Stat(r.site.Folder)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v", info.Mode(), err)
	}
}

func TestUp_ASecondTimeWithNothingChangedSendsNothing(t *testing.T) {
	t.Parallel()
	h := &recorder{Host: host.Local{}}
	r := newRig(t, h)
	r.up(r.delivery(nil))
	h.commands = nil
	if err := r.site.Install(t.Context(), program(t)); err != nil {
		t.Fatal(err)
	}
	r.up(r.delivery(nil))
	for _, c := range h.commands {
		if slices.Contains(c, "receive") || len(c) > 2 && strings.Contains(c[2], "cat >") {
			t.Errorf("sent again: %q", c)
		}
	}
}

func TestUp_FailsWithTheWordsOfTheRun(t *testing.T) {
	t.Parallel()
	r := newRig(t, host.Local{})
	_, err := r.site.Up(t.Context(), r.delivery(map[string]string{"EXIT": "3"}), nil)
	var run *remote.RunError
	if !errors.As(err, &run) || run.Outcome.Exit != 3 || err.Error() != "up pr-1: migrate: tool: exit 1" {
		t.Fatalf("%v", err)
	}
	if diff := cmp.Diff([]string{"mend it"}, hint.Of(err)); diff != "" || run.Outcome.Part != "tool" ||
		run.Outcome.Tail[0] != "no such table" {
		t.Errorf("%+v: %s", run.Outcome, diff)
	}
	if exists(filepath.Join(r.runs()[0], "checkout")) {
		t.Error("the checkout of a run that failed was left")
	}
}

func TestUp_GoesOnWithoutWhoStartedItAndTheNextJoins(t *testing.T) {
	t.Parallel()
	r := newRig(t, host.Local{})
	gate := filepath.Join(t.TempDir(), "gate")
	d := r.delivery(map[string]string{"STEPS": "1", "GATE": gate})
	ctx, kill := context.WithCancel(t.Context())
	_, err := r.site.Up(ctx, d, func(e provision.Event) {
		if e.Step == provision.StepImages {
			kill()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	joined := ""
	_, err = r.site.Up(t.Context(), d, func(e provision.Event) {
		if e.Step == remote.StepRun && e.Kind == provision.Done {
			joined = e.Text
			open(t, gate, 0)
		}
	})
	if err != nil || joined != "joined a run of the same commit" || len(r.runs()) != 1 {
		t.Errorf("%v, %q, runs %v", err, joined, r.runs())
	}
}

// open opens the gate behind a step.
func open(t *testing.T, gate string, step int) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("%s-%d", gate, step), nil, 0o600); err != nil {
		t.Error(err)
	}
}

func TestUp_OfANewerCommitWinsOverAnOlderRun(t *testing.T) {
	t.Parallel()
	r := newRig(t, host.Local{})
	gate := filepath.Join(t.TempDir(), "gate")
	older := r.delivery(map[string]string{"STEPS": "1", "GATE": gate})
	older.Request.Committed = time.Unix(1000, 0)
	newer := r.delivery(nil)
	newer.Request.Committed, newer.Request.Options.Commit = time.Unix(2000, 0), "decade"
	failed, told := make(chan error, 1), make(chan struct{})
	go func() {
		_, err := r.site.Up(t.Context(), older, func(e provision.Event) {
			if e.Step == provision.StepImages {
				close(told)
			}
		})
		failed <- err
	}()
	<-told
	if result, _ := r.up(newer); result.Commit != "decade" {
		t.Errorf("%+v", result)
	}
	var run *remote.RunError
	if err := <-failed; !errors.As(err, &run) || run.Outcome.Exit != 11 || err.Error() != "gave way to commit decade" {
		t.Errorf("the older: %v", err)
	}
}

func TestUp_OfAnOlderCommitDoesNotDisturbANewerRun(t *testing.T) {
	t.Parallel()
	r := newRig(t, host.Local{})
	gate := filepath.Join(t.TempDir(), "gate")
	newer := r.delivery(map[string]string{"STEPS": "1", "GATE": gate})
	newer.Request.Committed = time.Unix(2000, 0)
	older := r.delivery(nil)
	older.Request.Committed = time.Unix(1000, 0)
	_, err := r.site.Up(t.Context(), newer, func(e provision.Event) {
		if e.Step != provision.StepImages {
			return
		}
		_, err := r.site.Up(t.Context(), older, nil)
		var refused *remote.NewerError
		if !errors.As(err, &refused) || refused.Commit != "c0ffee" {
			t.Errorf("the older: %v", err)
		}
		open(t, gate, 0)
	})
	if err != nil {
		t.Errorf("the newer: %v", err)
	}
}

// What is pushed by force may have been committed before what it replaces.
func TestUp_WhatIsWantedWinsOverACommitThatLooksNewer(t *testing.T) {
	t.Parallel()
	r := newRig(t, host.Local{})
	gate := filepath.Join(t.TempDir(), "gate")
	replaced := r.delivery(map[string]string{"STEPS": "1", "GATE": gate})
	replaced.Request.Committed = time.Now().Add(-time.Minute)
	forced := r.delivery(nil)
	forced.Request.Committed, forced.Request.Options.Commit = time.Unix(1000, 0), "decade"
	asked, late := 0, errors.New("there is a newer commit")
	_, err := r.site.Up(t.Context(), replaced, func(e provision.Event) {
		if e.Step != provision.StepImages {
			return
		}
		forced.Wanted = func(context.Context) error { return late }
		if _, err := r.site.Up(t.Context(), forced, nil); !errors.Is(err, late) {
			t.Errorf("what is not wanted: %v", err)
		}
		forced.Wanted = func(context.Context) error { asked++; return nil }
		if result, _ := r.up(forced); result.Commit != "decade" || asked != 2 {
			t.Errorf("asked %d times: %+v", asked, result)
		}
	})
	if err == nil || err.Error() != "gave way to commit decade" {
		t.Errorf("the replaced: %v", err)
	}
}

func TestUp_SaysThatARunWasKilled(t *testing.T) {
	t.Parallel()
	r := newRig(t, host.Local{})
	d := r.delivery(map[string]string{"STEPS": "1", "GATE": filepath.Join(t.TempDir(), "gate")})
	_, err := r.site.Up(t.Context(), d, func(e provision.Event) {
		if e.Step != provision.StepImages {
			return
		}
		pid := 0
		content, err := os.ReadFile(filepath.Join(r.runs()[0], "pid"))
		if _, scanned := fmt.Sscan(string(content), &pid); err != nil || scanned != nil {
			t.Errorf("pid %q, %v", content, err)
			return
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	})
	if err == nil || err.Error() != "the run was killed on the machine" {
		t.Errorf("%v", err)
	}
	if _, err := r.site.Up(t.Context(), r.delivery(nil), nil); err != nil {
		t.Errorf("the next: %v", err)
	}
}

// The connection is cut at every event, in the middle of a long line, and while
// files are sent.
func TestUp_EndsRightOverAConnectionThatIsCutTenTimes(t *testing.T) {
	t.Parallel()
	server := hosttest.Start(t)
	cable := hosttest.NewCable(t, server.Remote.Address)
	server.Remote.Address = hosttest.Address(cable.Port)
	r := newRig(t, server.Dial(t))
	r.write("large", strings.Repeat("0123456789abcdef", 1<<16), 0o644)
	r.write("page", "hello", 0o644)
	gate := filepath.Join(t.TempDir(), "gate")
	cuts, seen := 0, 0
	result, err := r.site.Up(t.Context(), r.delivery(map[string]string{"STEPS": "10", "GATE": gate, "SHOW": "page"}),
		func(e provision.Event) {
			if e.Step != provision.StepImages {
				return
			}
			if want := fmt.Sprintf("%d x", seen); !strings.HasPrefix(e.Text, want) {
				t.Errorf("event %.10q, want %q", e.Text, want)
			}
			cable.Cut()
			open(t, gate, seen)
			cuts, seen = cuts+1, seen+1
		})
	if err != nil || cuts != 10 || result.Migrated.Output[0] != "hello" {
		t.Errorf("%d cuts, %v, %+v", cuts, err, result)
	}
	if made := cable.Made(); made < 11 {
		t.Errorf("only %d connections", made)
	}
}
