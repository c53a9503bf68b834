package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

func TestMain(m *testing.M) {
	testscript.Main(thenStop{m}, map[string]func(){"offshoot": main})
}

// thenStop stops the servers of the tests when they are over.
type thenStop struct{ m *testing.M }

func (s thenStop) Run() int {
	defer removeProgram()
	defer removeGateway()
	defer pgtest.Stop()
	return s.m.Run()
}

const scripts = "../../testdata/script"

// TestScript runs what needs neither a database nor an engine.
func TestScript(t *testing.T) {
	runScripts(t, "cli_*.txtar")
}

// TestScript_Subset runs what needs a PostgreSQL server.
func TestScript_Subset(t *testing.T) {
	pgtest.Server(t)
	runScripts(t, "subset_*.txtar")
}

// TestScript_Preview runs what needs a Docker engine.
func TestScript_Preview(t *testing.T) {
	needEngine(t)
	runScripts(t, "preview_*.txtar", filepath.Dir(programPath(t))) // the gateway's image takes a static binary only
}

func runScripts(t *testing.T, pattern string, path ...string) {
	files, err := filepath.Glob(filepath.Join(scripts, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts %s: %v", pattern, err)
	}
	testscript.Run(t, testscript.Params{
		Files:               files,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", strings.Join(append(path, e.Getenv("PATH")), string(os.PathListSeparator)))
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			return os.Mkdir(e.Getenv("HOME"), 0o755)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"files":    listFiles,
			"database": func(ts *testscript.TestScript, _ bool, args []string) { database(t, ts, args) },
			"role":     func(ts *testscript.TestScript, _ bool, args []string) { role(t, ts, args) },
			"sql":      func(ts *testscript.TestScript, _ bool, args []string) { sql(t, ts, args) },
			"listen":   listen,
			"url":      changeURL,
			"parts":    parts,
			"passfile": passfile,
		},
	})
}

// exits CODE PROGRAM ARGUMENT... runs a program that must end with the code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program [argument...]")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if want, err := strconv.Atoi(args[0]); err != nil || got != want {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// files FOLDER lists its files on stdout, hidden ones too.
func listFiles(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, entry := range entries {
		fmt.Fprintln(ts.Stdout(), entry.Name())
	}
}

// database VARIABLE [FILE] makes a database, filled by the SQL in the file.
func database(t *testing.T, ts *testscript.TestScript, args []string) {
	url := pgtest.New(t)
	ts.Setenv(args[0], url)
	for _, file := range args[1:] {
		pgtest.Exec(t, url, ts.ReadFile(file))
	}
}

// role VARIABLE URL NAME [ATTRIBUTE...] makes a role that can log in.
func role(t *testing.T, ts *testscript.TestScript, args []string) {
	ts.Setenv(args[0], pgtest.Role(t, args[1], args[2], strings.Join(args[3:], " ")))
}

// sql URL STATEMENTS prints the rows of all statements on stdout.
func sql(t *testing.T, ts *testscript.TestScript, args []string) {
	for _, row := range pgtest.Query(t, args[0], strings.Join(args[1:], " ")) {
		fmt.Fprintln(ts.Stdout(), strings.Join(row, "|"))
	}
}

// url VARIABLE URL [password=P] [database=D] is the URL without its password,
// or with another one, and maybe of another database.
func changeURL(ts *testscript.TestScript, _ bool, args []string) {
	u, err := url.Parse(args[1])
	ts.Check(err)
	u.User = url.User(u.User.Username())
	for _, change := range args[2:] {
		switch key, value, _ := strings.Cut(change, "="); key {
		case "password":
			u.User = url.UserPassword(u.User.Username(), value)
		case "database":
			old, _ := url.Parse(args[1])
			u.User, u.Path = old.User, "/"+value
		default:
			ts.Fatalf("unknown part %q", key)
		}
	}
	ts.Setenv(args[0], u.String())
}

// parts NAME URL puts the parts of a URL into NAME_HOST, _PORT, _DATABASE and
// _PASSWORD.
func parts(ts *testscript.TestScript, _ bool, args []string) {
	u, err := url.Parse(args[1])
	ts.Check(err)
	secret, _ := u.User.Password()
	for name, value := range map[string]string{
		"HOST": u.Hostname(), "PORT": u.Port(), "DATABASE": strings.TrimPrefix(u.Path, "/"), "PASSWORD": secret,
	} {
		ts.Setenv(args[0]+"_"+name, value)
	}
}

// passfile FILE HOST PORT PASSWORD writes a password file and points at it.
func passfile(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	line := fmt.Sprintf("%s:%s:*:*:%s\n", args[1], args[2], args[3])
	ts.Check(os.WriteFile(path, []byte(line), 0o600))
	ts.Setenv("PGPASSFILE", path)
}

// listen VARIABLE takes a port on the loopback interface until the script ends.
func listen(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { listener.Close() })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}
