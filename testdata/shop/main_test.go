package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/shop/internal/database"
	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
)

// shop runs a command line to its end.
func shop(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}

func TestRun_MigrateSeedMigrateWork(t *testing.T) {
	t.Setenv("DATABASE_URL", shoptest.Empty(t).URL)
	for _, step := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"migrate", "--set", "production"}, 0, "applied 0006_stats.sql"},
		{[]string{"seed", "--scale", "0.01", "--seed", "5"}, 0, "rows in all"},
		{[]string{"seed", "--scale", "0.01"}, 1, "already has rows"},
		{[]string{"migrate"}, 0, "applied 0009_tracking.sql"},
		{[]string{"migrate"}, 0, "nothing to apply"},
		{[]string{"worker", "--once"}, 0, ""},
		{[]string{"migrate", "--broken"}, 1, "waterings_per_month"},
		{[]string{"migrate", "--set", "staging"}, 2, "want production, pullrequest or broken"},
	} {
		code, out, errs := shop(t, step.args...)
		if code != step.code || !strings.Contains(out+errs, step.want) {
			t.Errorf("%v: exit %d, %q%q; want exit %d, %q", step.args, code, out, errs, step.code, step.want)
		}
	}
}

func TestRun_UsageMistakes(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	for _, step := range []struct {
		args []string
		code int
	}{
		{nil, 0},
		{[]string{"help"}, 0},
		{[]string{"seed", "-h"}, 0},
		{[]string{"grow"}, 2},
		{[]string{"web", "extra"}, 2},
		{[]string{"seed", "--scale", "0"}, 2},
		{[]string{"seed", "--scale", "many"}, 2},
		{[]string{"migrate"}, 1},
		{[]string{"worker", "--once"}, 1},
	} {
		if code, out, errs := shop(t, step.args...); code != step.code || out+errs == "" {
			t.Errorf("%v: exit %d, %q%q; want exit %d and a word", step.args, code, out, errs, step.code)
		}
	}
}

func TestPrepare_MakesFoldersTwiceAndChecksSecret(t *testing.T) {
	uploads := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATABASE_URL", "postgres://shop@nowhere.invalid/shop")
	t.Setenv("DATABASE_PASSWORD_FILE", secret)
	for range 2 {
		if code, _, errs := shop(t, "init", "--uploads", uploads); code != 0 {
			t.Fatalf("exit %d: %s", code, errs)
		}
	}
	if info, err := os.Stat(filepath.Join(uploads, "reviews")); err != nil || !info.IsDir() {
		t.Errorf("no folder for reviews: %v", err)
	}
	t.Setenv("DATABASE_PASSWORD_FILE", secret+".gone")
	if code, _, _ := shop(t, "init", "--uploads", uploads); code != 1 {
		t.Errorf("exit %d without the secret, want 1", code)
	}
}

func TestCheckHealth_FollowsTheAnswer(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
		_ *http.Request,
	) {
		w.WriteHeader(status)
	}))
	if code, _, errs := shop(t, "healthcheck", "--address", server.URL); code != 0 {
		t.Errorf("healthy: exit %d, %s", code, errs)
	}
	status = http.StatusServiceUnavailable
	if code, _, errs := shop(t, "healthcheck", "--address", server.URL); code != 1 || !strings.Contains(errs, "503") {
		t.Errorf("unhealthy: exit %d, %s", code, errs)
	}
	server.Close()
	if code, _, _ := shop(t, "healthcheck", "--address", server.URL); code != 1 {
		t.Errorf("gone: exit %d", code)
	}
}

// A stop must not cut off a page that is being written.
func TestServeUntil_FinishesOpenRequests(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		stop()
		w.Write([]byte("whole"))
	})
	done := make(chan error, 1)
	go func() { done <- serveUntil(ctx, listener, handler) }()
	response, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil || body.String() != "whole" {
		t.Errorf("got %q, %v", body.String(), err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("got %v, want a clean end", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the server did not stop")
	}
}

func TestServe_AnswersAndStops(t *testing.T) {
	address := shoptest.Migrated(t, schema.PullRequest)
	ctx, stop := context.WithCancel(t.Context())
	log := &lines{found: make(chan string, 1)}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"web", "--url", address.URL, "--listen", "127.0.0.1:0", "--uploads", t.TempDir()},
			log, log)
	}()
	select {
	case at := <-log.found:
		if got, _, errs := shop(t, "healthcheck", "--address", "http://"+at+"/healthz"); got != 0 {
			t.Errorf("healthcheck: exit %d, %s", got, errs)
		}
	case <-time.After(10 * time.Second):
		t.Error("the server did not say where it listens")
	}
	stop()
	if got := <-code; got != 0 {
		t.Errorf("exit %d, want 0", got)
	}
}

// lines looks in the log for the address that the server got.
type lines struct{ found chan string }

func (l *lines) Write(p []byte) (int, error) {
	if _, at, ok := strings.Cut(string(p), "address="); ok {
		l.found <- strings.TrimSpace(at)
	}
	return len(p), nil
}

func TestCompose_SecretIsWhatTheFlagsRead(t *testing.T) {
	config, err := database.Address{URL: "postgres://shop@db/shop", PasswordFile: "secrets/db_password.txt"}.Config()
	if err != nil || config.ConnConfig.Password == "" {
		t.Fatalf("the demo secret cannot be read: %v", err)
	}
}
