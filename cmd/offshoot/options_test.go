package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

// captured runs a command line in this process and returns what it printed.
func captured(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return capturedWith(t, lookup(), args...)
}

// capturedWith is captured with an environment.
func capturedWith(
	t *testing.T, environment func(string) (string, bool), args ...string,
) (stdout, stderr string, code int) {
	t.Helper()
	dir := t.TempDir()
	var files [2]*os.File
	for i, name := range []string{"out", "err"} {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		files[i] = file
	}
	a := &app{
		stdin: strings.NewReader(""), stdout: files[0], stderr: files[1],
		lookup: environment, environ: os.Environ(), secrets: &ui.Secrets{},
	}
	code = a.run(t.Context(), args)
	var texts [2]string
	for i, file := range files {
		data, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(data)
	}
	return texts[0], texts[1], code
}

func TestRun_WrongCommandLinesSayWhatIsMeant(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"lst", "offshoot: unknown command \"lst\"\nhint: did you mean \"offshoot list\"?\n"},
		{"zebra", "offshoot: unknown command \"zebra\"\nhint: see offshoot --help\n"},
		{"list extra", "offshoot: list: unexpected argument \"extra\"\nhint: see offshoot list --help\n"},
		{
			"list postgres://u:hunter2hunter2@db/shop",
			"offshoot: list: unexpected argument \"postgres://u:***@db/shop\"\nhint: see offshoot list --help\n",
		},
		{"list --jsn", "offshoot: list: unknown flag: --jsn\nhint: did you mean --json?\n"},
		{"up --pr 1 --branch a", "offshoot: up: --pr and --branch\nhint: give one of them\n"},
		{"down --all --pr 1", "offshoot: down: --all and one preview\nhint: give one of them\n"},
		{"down --all --branch a", "offshoot: down: --all and one preview\nhint: give one of them\n"},
		{"up --port 65536", "offshoot: up: port 65536\nhint: a port lies between 1 and 65535\n"},
		{"up --port -1", "offshoot: up: port -1\nhint: a port lies between 1 and 65535\n"},
		{"up --timeout 0s", "offshoot: up: timeout 0s\nhint: give a time such as 5m\n"},
		{"up --timeout -5m", "offshoot: up: timeout -5m0s\nhint: give a time such as 5m\n"},
		{"up --archive a --keep-data", "offshoot: up: --archive and --keep-data\nhint: give one of them\n"},
		{
			"up --archive ftp://b/a.sql",
			"offshoot: up: archives are files, or objects at s3://\nhint: download it first\n",
		},
		{
			"up --archive s3://b",
			"offshoot: up: s3://b is no object in a bucket\nhint: write it like s3://bucket/folder/shop.sql.zst\n",
		},
		{
			"up --archive .",
			"offshoot: up: archive: . is a folder\nhint: give a file that offshoot subset or pg_dump wrote, such " +
				"as a .dump\n",
		},
		{"logs --tail -1", "offshoot: logs: --tail below 0\nhint: give the number of lines\n"},
		{"exec", "offshoot: exec: no service given\nhint: offshoot exec SERVICE -- COMMAND\n"},
		{"exec web --", "offshoot: exec: no command given\nhint: offshoot exec web -- COMMAND\n"},
		{
			"psql x",
			"offshoot: psql: unexpected argument \"x\"\nhint: what is meant for psql goes behind --\nhint: see " +
				"offshoot psql --help\n",
		},
		{"subset", "offshoot: subset: no target given\nhint: add --to TARGET, or --plan to see what would be kept\n"},
		{"subset --plan --connections 0", "offshoot: subset: 0 connections\nhint: give a number between 1 and 64\n"},
		{"subset --plan --connections 65", "offshoot: subset: 65 connections\nhint: give a number between 1 and 64\n"},
		{
			"subset --plan --privacy loose",
			"offshoot: subset: unknown privacy level \"loose\"\nhint: choose strict, warn or off\n",
		},
		{
			"subset --plan --report r.pdf",
			"offshoot: subset: report r.pdf: unknown format\nhint: name it .md, .json, .txt, .mmd (Mermaid) or " +
				".dot (Graphviz)\n",
		},
		{
			"subset --plan --report r",
			"offshoot: subset: report r: unknown format\nhint: name it .md, .json, .txt, .mmd (Mermaid) or .dot " +
				"(Graphviz)\n",
		},
		{
			"subset --plan --source mysql://u:hunter9@h/d",
			"offshoot: subset: source: not a PostgreSQL connection string\n" +
				"hint: give postgres://user:password@host:5432/database, with special characters in the password " +
				"percent-encoded\n",
		},
		{
			"sweep --keep-cache 20",
			"offshoot: sweep: invalid argument \"20\" for \"--keep-cache\" flag: write it like 20GB or 500MB\n" +
				"hint: see offshoot sweep --help\n",
		},
		{"completion", "offshoot: completion: no shell given\nhint: choose one of bash, zsh, fish, powershell\n"},
	} {
		stdout, stderr, code := captured(t, strings.Fields(c.args)...)
		if diff := cmp.Diff(c.want, stderr); diff != "" || code != exitUsage || stdout != "" {
			t.Errorf("offshoot %s: exit code %d, stdout %q, stderr %s", c.args, code, stdout, diff)
		}
	}
}

func TestRun_ErrorsAreInTheDocumentToo(t *testing.T) {
	stdout, stderr, code := captured(t, "subset", "--json", "--to", "-")
	var got ui.Document
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("%q: %v", stdout, err)
	}
	want := ui.Document{
		Version: 1, Command: "subset", Exit: exitUsage, Error: "subset: --to - and --json both want stdout",
		Hints: []string{"write the report with --report report.json"},
	}
	if diff := cmp.Diff(want, got); diff != "" || code != exitUsage ||
		!strings.HasPrefix(stderr, "offshoot: "+want.Error) {
		t.Errorf("exit code %d, stderr %q, %s", code, stderr, diff)
	}
}

func TestFlags_RefusedValuesLeaveTheOldOne(t *testing.T) {
	pull, expires := pullFlag(3), durationFlag(time.Hour)
	for _, value := range []string{"#0", "#-1", " 1", "1 ", "1e3", "99999999999999999999", "pr-1"} {
		if err := pull.Set(value); err == nil || pull != 3 || pull.String() != "3" {
			t.Errorf("%q: %v, %v", value, err, pull)
		}
	}
	for _, value := range []string{"-72h", "0", "soon", "3 days", ""} {
		if err := expires.Set(value); err == nil || time.Duration(expires) != time.Hour {
			t.Errorf("%q: %v, %v", value, err, expires)
		}
	}
	if err := expires.Set("never"); err != nil || expires != 0 {
		t.Errorf("never: %v, %v", expires.String(), err)
	}
	if got := new(pullFlag).String(); got != "" {
		t.Errorf("no pull request is shown as %q", got)
	}
}

func TestExecArgs_TheDashesMayBeLeftOut(t *testing.T) {
	for _, c := range []struct{ args, want []string }{
		{[]string{"web", "ls", "-l"}, []string{"ls", "-l"}},
		{[]string{"web", "--", "ls", "-l"}, []string{"ls", "-l"}},
		{[]string{"web", "--", "--", "x"}, []string{"--", "x"}},
		{[]string{"web", "ls", "--"}, []string{"ls", "--"}},
	} {
		service, argv, err := execArgs(c.args)
		if diff := cmp.Diff(c.want, argv); diff != "" || service != "web" || err != nil {
			t.Errorf("%q: %s, %v, %s", c.args, service, err, diff)
		}
	}
}

func TestArchive_WithoutASourceOrWithAFileNothingIsMade(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", filepath.Join(t.TempDir(), "cache"))
	dir, a := t.TempDir(), here()
	a.lookup = lookup()
	var got archive
	said := told(func(u *ui.UI) {
		for _, c := range []struct {
			cfg  config.Config
			o    upOptions
			want archive
		}{
			{config.Config{}, upOptions{}, archive{}},
			{config.Config{Source: "postgres://h/d"}, upOptions{keepData: true}, archive{}},
			{
				config.Config{Source: "postgres://h/d"},
				upOptions{archive: filepath.Join(dir, "x", "..", "a.sql")},
				archive{path: filepath.Join(dir, "a.sql")},
			},
		} {
			var err error
			if got, err = a.archive(t.Context(), u, &c.cfg, c.o, provision.Preview{ID: "p"}); got != c.want ||
				err != nil {
				t.Errorf("%+v, %v, want %+v", got, err, c.want)
			}
		}
		unset := hint.Usage(errors.New("unset"), "export it")
		_, err := a.archive(t.Context(), u, &config.Config{SourceUnset: unset}, upOptions{}, provision.Preview{})
		if diff := cmp.Diff([]string{"or load a file with --archive", "export it"}, hint.Of(err)); diff != "" ||
			!errors.Is(err, unset) {
			t.Errorf("%v, %s", err, diff)
		}
	})
	if said != "" {
		t.Errorf("said %q, which the run says itself", said)
	}
	write(t, filepath.Join(dir, "a.sql"), "")
	if err := got.remove(); err != nil || !there(filepath.Join(dir, "a.sql")) {
		t.Errorf("a file that is not ours is removed: %v", err)
	}
	if _, err := os.Stat(os.Getenv("XDG_CACHE_HOME")); err == nil {
		t.Error("a folder was made for nothing")
	}
}
