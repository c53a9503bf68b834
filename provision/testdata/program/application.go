package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// An application is a web framework's server for development: it reads its
// pages anew for each request, refuses hosts that its settings do not allow,
// leaves files where it runs, and does not start with broken code.
type application struct {
	pages    []string
	settings string   // a file that allows the preview's host by naming OFFSHOOT_HOST; empty: every host is allowed
	refusal  string   // the status and the text for hosts that are not allowed
	leaves   []string // files that it writes
	debugger string   // an address that takes connections and says nothing
}

// runApplication is told the rest by its environment, as servers are by files of
// the framework's own.
func runApplication(ctx context.Context, address string, pages []string) error {
	a := application{
		pages: pages, settings: os.Getenv("SETTINGS"), refusal: os.Getenv("REFUSAL"),
		leaves: strings.Fields(os.Getenv("LEAVES")), debugger: os.Getenv("DEBUGGER"),
	}
	if err := a.begin(ctx); err != nil {
		return err
	}
	server := &http.Server{Addr: address, Handler: a, ReadHeaderTimeout: 10 * time.Second}
	go func() { <-ctx.Done(); server.Close() }()
	return server.ListenAndServe()
}

func (a application) begin(ctx context.Context) error {
	text, err := a.read(append(a.pages, a.settings))
	if err != nil {
		return err
	}
	if strings.Contains(text, "syntax error") {
		return errors.New("syntax error")
	}
	for _, name := range a.leaves {
		if err := leave(name); err != nil {
			return err
		}
	}
	if a.debugger == "" {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", a.debugger)
	if err != nil {
		return err
	}
	go takeInSilence(listener)
	return nil
}

func (a application) read(names []string) (string, error) {
	var b strings.Builder
	for _, name := range names {
		if name == "" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		b.WriteString(strings.TrimSpace(string(text)))
	}
	return b.String(), nil
}

// leave writes a file, which must not be there yet where it says who runs.
func leave(name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	how := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if strings.HasSuffix(name, ".pid") {
		how |= os.O_EXCL
	}
	file, err := os.OpenFile(name, how, 0o644)
	if err != nil {
		return fmt.Errorf("a server is already running: %w", err)
	}
	fmt.Fprintln(file, os.Getpid())
	return file.Close()
}

func takeInSilence(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(io.Discard, conn); conn.Close() }()
	}
}

func (a application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !a.allows(r.Host) {
		status, text, _ := strings.Cut(a.refusal, " ")
		code, _ := strconv.Atoi(status)
		w.WriteHeader(code)
		fmt.Fprint(w, text)
		return
	}
	text, err := a.read(a.pages)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprint(w, text)
}

func (a application) allows(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if a.settings == "" || host == "localhost" || net.ParseIP(host) != nil {
		return true
	}
	settings, err := os.ReadFile(a.settings)
	return err == nil && strings.Contains(string(settings), "OFFSHOOT_HOST") && host == os.Getenv("OFFSHOOT_HOST")
}

// keep is a database's server: what is in its folder is its own from then on,
// and a folder that another one has is none for it.
func keep(ctx context.Context, address, folder string) error {
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("another server uses the folder: %w", err)
	}
	if err := errors.Join(lock.Close(), os.Chown(folder, 999, 999), os.Chmod(folder, 0o700)); err != nil {
		return err
	}
	return greet(ctx, address, "ready")
}
