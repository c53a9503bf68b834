// Package pgtool runs PostgreSQL's own programs: which version to take, what
// to put on their command line, and what their messages mean.
//
//	Find ──▶ Tools ──▶ Dump ──▶ archive file ──▶ List ──▶ Entry… ──▶ Restore, Script
//	Environ: a connection string ──▶ PG… variables, so that no secret is in an argv
//	Restrict, Schema, NewStream: what psql is given, without commands of psql
package pgtool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
)

// ErrNoTools means that no pg_dump is installed.
var ErrNoTools = errors.New("pg_dump and pg_restore are not installed")

// TooOldError means that the server is newer than every installed pg_dump:
// pg_dump refuses such a server.
type TooOldError struct {
	Server int // major version of the server
	Newest int // major version of the newest pg_dump
}

func (e *TooOldError) Error() string {
	return fmt.Sprintf("the server is PostgreSQL %d, but the newest installed pg_dump is %d", e.Server, e.Newest)
}

// Tools are the client programs of one major version.
type Tools struct {
	Major int
	dir   string
}

// Path returns where one of the programs is, such as "psql".
func (t *Tools) Path(program string) string { return filepath.Join(t.dir, program) }

// places are where packages put the programs, besides PATH.
var places = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                   // Red Hat, SUSE
	"/usr/libexec/postgresql*",                           // Alpine
	"/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew
	"/opt/homebrew/opt/libpq/bin",                        //
	"/usr/local/opt/postgresql@*/bin",                    // Homebrew on Intel
	"/usr/local/opt/libpq/bin",                           //
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",    // Homebrew on Linux
}

// Find returns the installed programs that fit a server of the given major
// version: the same, else the next newer one, because what an older pg_dump
// does not know it leaves out, and what a newer one writes an older server
// may not read.
func Find(ctx context.Context, server int) (*Tools, error) {
	return find(ctx, server, folders())
}

func folders() []string {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	for _, pattern := range places {
		found, _ := filepath.Glob(pattern)
		dirs = append(dirs, found...)
	}
	return dirs
}

func find(ctx context.Context, server int, dirs []string) (*Tools, error) {
	var best *Tools
	newest := 0
	for _, dir := range dirs {
		if isWrapper(dir) {
			continue
		}
		major, err := version(ctx, dir)
		if err != nil {
			continue // not there, or not runnable: as good as not installed
		}
		newest = max(newest, major)
		if major >= server && (best == nil || major < best.Major) {
			best = &Tools{Major: major, dir: dir}
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if best != nil {
		return best, nil
	}
	return nil, missing(server, newest)
}

// isWrapper recognizes Debian's pg_dump in /usr/bin: a Perl script that looks
// for clusters of this computer and then starts one of the programs in places.
func isWrapper(dir string) bool {
	real, err := filepath.EvalSymlinks(filepath.Join(dir, "pg_dump"))
	return err == nil && filepath.Base(real) == "pg_wrapper"
}

func missing(server, newest int) error {
	var err error = &TooOldError{Server: server, Newest: newest}
	if newest == 0 {
		err = ErrNoTools
	}
	return hint.Wrap(err,
		"apt-get install postgresql-client-%d (where it is not found: apt-get install postgresql-common && %s -y "+
			"first), "+
			"brew install postgresql@%d, or in a job of CI that is thrown away set OFFSHOOT_POSTGRESQL=install", server,
		pgdg, server)
}

// asked are the versions that were asked for before, by which file answered.
var asked sync.Map

// A file is one that has not changed since.
type file struct {
	path     string
	size     int64
	modified time.Time
}

// version returns the major version of the programs in dir.
func version(ctx context.Context, dir string) (int, error) {
	if _, err := os.Stat(filepath.Join(dir, "pg_restore")); err != nil {
		return 0, err
	}
	info, err := os.Stat(filepath.Join(dir, "pg_dump"))
	if err != nil {
		return 0, err
	}
	f := file{dir, info.Size(), info.ModTime()}
	if known, ok := asked.Load(f); ok {
		return known.(int), nil
	}
	v, err := askVersion(ctx, dir)
	if err == nil {
		asked.Store(f, v)
	}
	return v, err
}

// askVersion asks the pg_dump in dir, which answers such as
// "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
func askVersion(ctx context.Context, dir string) (int, error) {
	var out bytes.Buffer
	err := host.Local{}.Run(ctx, host.Command{
		Args: []string{filepath.Join(dir, "pg_dump"), "--version"}, Env: base(), Stdout: &out,
	})
	if err != nil {
		return 0, err
	}
	return major(out.String())
}

func major(answer string) (int, error) {
	_, v, _ := strings.Cut(answer, "(PostgreSQL) ")
	digits := strings.FieldsFunc(v, func(r rune) bool { return r < '0' || r > '9' }) // also 19devel and 18beta2
	if len(digits) == 0 {
		return 0, fmt.Errorf("unexpected answer to --version: %q", answer)
	}
	return strconv.Atoi(digits[0])
}
