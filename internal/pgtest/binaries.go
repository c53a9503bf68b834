package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// errNoServer means that no PostgreSQL server is installed here.
var errNoServer = errors.New("no PostgreSQL server binaries (initdb, postgres) in PATH or the usual places")

// places are the folders that packages use, newest version last or not at all.
var places = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// newestBin returns the folder of the newest server binaries, or the one
// that OFFSHOOT_TEST_PG_BIN names.
func newestBin() (string, error) {
	if dir := os.Getenv("OFFSHOOT_TEST_PG_BIN"); dir != "" {
		if _, err := serverVersion(dir); err != nil {
			return "", fmt.Errorf("OFFSHOOT_TEST_PG_BIN: %w", err)
		}
		return dir, nil
	}
	best, newest := "", 0
	for _, dir := range candidates() {
		dir = realDir(dir)
		if v, err := serverVersion(dir); err == nil && v > newest {
			best, newest = dir, v
		}
	}
	if best == "" {
		return "", errNoServer
	}
	return best, nil
}

// Others returns the folders of the server binaries on this machine by their
// major version, without that of the servers the tests run on. A test binary
// runs on one of them when OFFSHOOT_TEST_PG_BIN names its folder.
func Others(t testing.TB) map[int]string {
	t.Helper()
	used, err := newestBin()
	if err != nil {
		t.Skip(err)
	}
	others := map[int]string{}
	for _, dir := range candidates() {
		dir = realDir(dir)
		if v, err := serverVersion(dir); err == nil {
			others[v] = dir
		}
	}
	if v, err := serverVersion(used); err == nil {
		delete(others, v)
	}
	return others
}

// Major is the major version of the servers that the tests run on.
func Major(t testing.TB) int {
	t.Helper()
	major, err := usedVersion()
	if err != nil {
		t.Skip(err)
	}
	return major
}

var usedVersion = sync.OnceValues(func() (int, error) {
	dir, err := newestBin()
	if err != nil {
		return 0, err
	}
	return serverVersion(dir)
})

func candidates() []string {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	for _, pattern := range places {
		found, _ := filepath.Glob(pattern)
		dirs = append(dirs, found...)
	}
	return dirs
}

// realDir follows a link such as /usr/local/bin/postgres to the folder that
// holds all the programs of that version.
func realDir(dir string) string {
	real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
	if err != nil {
		return dir
	}
	return filepath.Dir(real)
}

// serverVersion returns the major version of the server in dir. It runs `postgres --version`, which answers such as
// "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
func serverVersion(dir string) (int, error) {
	for _, program := range []string{"initdb", "pg_basebackup", "psql"} {
		if _, err := os.Stat(filepath.Join(dir, program)); err != nil {
			return 0, err
		}
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("postgres --version: %w", err)
	}
	words := strings.Fields(string(out))
	if len(words) < 3 {
		return 0, fmt.Errorf("postgres --version: unexpected answer %q", out)
	}
	digits := strings.FieldsFunc(words[2], notDigit) // also 19devel and 18beta2
	if len(digits) == 0 {
		return 0, fmt.Errorf("postgres --version: unexpected answer %q", out)
	}
	return strconv.Atoi(digits[0])
}

func notDigit(r rune) bool { return r < '0' || r > '9' }
