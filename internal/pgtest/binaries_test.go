package pgtest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// fakeServer makes a folder of programs that answer --version.
func fakeServer(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	for _, program := range []string{"initdb", "pg_basebackup", "psql", "postgres"} {
		script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
		if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestServerVersion_ReadsEveryFormOfVersion(t *testing.T) {
	for version, want := range map[string]int{
		"15.18 (Debian 15.18-0+deb12u1)": 15,
		"9.6.24":                         9,
		"18beta2":                        18,
		"19devel":                        19,
	} {
		if got, err := serverVersion(fakeServer(t, version)); err != nil || got != want {
			t.Errorf("%s: got %d, %v", version, got, err)
		}
	}
	if v, err := serverVersion(fakeServer(t, "unknown")); err == nil {
		t.Errorf("unknown version read as %d", v)
	}
}

func TestNewestBin_TakesTheNewestInPath(t *testing.T) {
	older, newest := fakeServer(t, "98.1"), fakeServer(t, "99.0")
	t.Setenv("OFFSHOOT_TEST_PG_BIN", "")
	t.Setenv("PATH", older+string(os.PathListSeparator)+newest+string(os.PathListSeparator)+os.Getenv("PATH"))
	if got, err := newestBin(); err != nil || got != newest {
		t.Errorf("got %s, %v; want %s", got, err, newest)
	}
}

func TestNewestBin_FollowsLinks(t *testing.T) {
	home, links := fakeServer(t, "99.0"), t.TempDir()
	if err := os.Symlink(filepath.Join(home, "postgres"), filepath.Join(links, "postgres")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OFFSHOOT_TEST_PG_BIN", "")
	t.Setenv("PATH", links+string(os.PathListSeparator)+os.Getenv("PATH"))
	if got, err := newestBin(); err != nil || got != home {
		t.Errorf("got %s, %v; want %s", got, err, home)
	}
}

func TestNewestBin_ObeysTheNamedFolder(t *testing.T) {
	dir := fakeServer(t, "13.4")
	t.Setenv("OFFSHOOT_TEST_PG_BIN", dir)
	if got, err := newestBin(); err != nil || got != dir {
		t.Errorf("got %s, %v", got, err)
	}
	t.Setenv("OFFSHOOT_TEST_PG_BIN", t.TempDir())
	if _, err := newestBin(); err == nil || errors.Is(err, errNoServer) {
		t.Errorf("a named folder without a server must fail, not skip: %v", err)
	}
}

func TestOthers_AreTheVersionsThatAreNotUsed(t *testing.T) {
	old, used := fakeServer(t, "97.3"), fakeServer(t, "99.0")
	t.Setenv("OFFSHOOT_TEST_PG_BIN", "")
	t.Setenv("PATH", old+string(os.PathListSeparator)+used)
	others := Others(t)
	if _, ok := others[99]; ok || others[97] != old {
		t.Errorf("got %v", others)
	}
}
