package provision_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/provision"
)

// mountingFile has services that write wherever the checkout is mounted, and
// one that puts a link to / where another one's mount begins.
const mountingFile = `
services:
  db: {image: PROGRAM, command: [sleep]}
  site:
    image: postgres:15
    entrypoint: [bash, -c]
    command:
    - |
      ls -A /app >/tmp/found
      cat /app/page >/tmp/page
      echo changed >/app/page; rm -r /app/lib; touch /app/new; echo from site >/app/public/note; chown -R 70:70 /app
      mv /app/public/deep /app/public/moved 2>/tmp/refused; rmdir /app/public/deep 2>>/tmp/refused; ln -s / /app/public/deep
      touch /tmp/done
      exec sleep infinity
    volumes: [".:/app", "./missing:/missing", "./ignored:/ignored", "./page:/single"]
    stop_signal: SIGKILL
  peer:
    image: postgres:15
    entrypoint: [sleep, infinity]
    volumes: ["./public:/public", "./public/deep:/deep"]
    secrets: [key]
    stop_signal: SIGKILL
  web:
    image: PROGRAM
    command: [web, ":8000"]
    environment: {GREETING: "${GREETING}"}
    ports: ["8000"]
secrets: {key: {file: ./key.pem}}
`

// mountingFixture is a checkout with a repository, ignored files, links and
// owners of its own.
func mountingFixture(t *testing.T) *fixture {
	f := newLight(t, 1)
	f.write("compose.yaml", mountingFile)
	f.write(".gitignore", "ignored\n*.log\n")
	f.write("page", "as committed")
	f.write("key.pem", "k")
	f.write("debug.log", "not for others")
	for _, name := range []string{"lib", "public/deep", "ignored", ".git"} {
		if err := os.MkdirAll(filepath.Join(f.options.Source.Dir, name), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	f.write("lib/code", "x")
	f.write("public/deep/inner", "y")
	f.write("ignored/upload", "z")
	for link, target := range map[string]string{"out": "/etc/hostname", "public/link": "../page"} {
		if err := os.Symlink(target, filepath.Join(f.options.Source.Dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(filepath.Join(f.options.Source.Dir, "public"), 1234, 1235); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(f.options.Source.Dir, ".git")); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("git", "-C", f.options.Source.Dir, "init", "-q").CombinedOutput(); err != nil {
		t.Fatalf("git init: %v: %s", err, output)
	}
	return f
}

// snapshot is everything about a folder that somebody could change.
func snapshot(t *testing.T, dir string) []string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		content := ""
		switch {
		case info.Mode().IsRegular():
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = fmt.Sprintf("%d bytes %.40q", len(text), text)
		case info.Mode()&fs.ModeSymlink != 0:
			content, _ = os.Readlink(path)
		}
		lines = append(lines, fmt.Sprint(path, info.Mode(), stat.Uid, stat.Gid, stat.Mtim, content))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// in runs a script in a service of the preview.
func (f *fixture) in(service, script string) string {
	f.t.Helper()
	var out bytes.Buffer
	code, err := f.engine.Exec(f.t.Context(), f.options.Preview, service,
		compose.ExecOptions{Argv: []string{"bash", "-c", script}, Stdout: &out, Stderr: &out})
	if err != nil {
		f.t.Fatalf("%s: exit %d, %v: %s", script, code, err, out.String())
	}
	return strings.TrimSpace(out.String())
}

func TestUp_MountsCopiesAndLeavesTheCheckoutAsItWas(t *testing.T) {
	f := mountingFixture(t)
	before := snapshot(t, f.options.Source.Dir)
	unchanged := func(after string) {
		t.Helper()
		if diff := cmp.Diff(before, snapshot(t, f.options.Source.Dir)); diff != "" {
			t.Fatalf("after %s the checkout has changed: %s", after, diff)
		}
	}
	f.up()
	f.assertMountsAreCopies()
	f.assertALinkLeadsNowhere()
	unchanged("up")

	f.options.Migrate = &provision.Migrate{Service: "site", Command: []string{"rm -r /app/*; exit 1"}}
	if _, err := f.tryUp(); err == nil {
		t.Error("a migration that fails did not fail")
	}
	unchanged("a failed update")
	if got := f.in("site", "cat /app/page"); got != "changed" {
		t.Errorf("the generation that serves lost its files: %q", got)
	}
	f.options.Migrate = nil

	f.up()
	f.assertMountsAreCopies()
	unchanged("an update")
	// The files are as they were: the second generation lies over the first one's copy.
	bases := slices.DeleteFunc(things(t.Context(), t, f.engine, "dev.offshoot.files"), func(name string) bool {
		return !strings.HasPrefix(name, "volume "+f.options.Preview.ID)
	})
	if diff := cmp.Diff([]string{"volume " + f.options.Preview.ID + "-g1_base"}, bases); diff != "" {
		t.Error(diff)
	}
	if _, err := f.engine.Down(t.Context(), f.options.Preview, provision.Guard{}, nil); err != nil {
		t.Error(err)
	}
	unchanged("down")
}

// assertMountsAreCopies finds what git sees, as it was committed, and what the
// services of one generation have in common.
func (f *fixture) assertMountsAreCopies() {
	f.t.Helper()
	const wait = `for i in $(seq 100); do [ -e /tmp/done ] && break; sleep 0.1; done`
	f.answers("site", wait, map[string]string{
		"cat /tmp/page":  "as committed",
		"cat /tmp/found": ".gitignore\ncompose.yaml\nignored\nkey.pem\nlib\nmissing\nout\npage\npublic",
		"cat /single":    "as committed", // a file is a copy of its own
		// What git ignores and the file names, and what is not there at all.
		"cat /ignored/upload /app/ignored/upload": "zz",
		"ls -A /missing; stat -c %u /missing":     "70",
		"readlink /app/out /app/public/link":      "/etc/hostname\n../page",
	})
	f.answers("peer", ":", map[string]string{
		"cat /public/note":              "from site",
		"cat /run/secrets/key":          "k",
		"stat -c %a /public":            "750",
		"cat /deep/inner":               "y",
		"ls -A /public":                 "deep\nlink\nnote",
		"cat /public/deep/inner":        "y",
		"stat -c %u /public/note":       "70",
		"test -L /public/deep; echo $?": "1",
	})
}

// answers fails where scripts in a service print anything else. All run in one go, after the first: to have a container
// run something costs more than what it runs.
func (f *fixture) answers(service, first string, wants map[string]string) {
	f.t.Helper()
	scripts := slices.Sorted(maps.Keys(wants))
	all := strings.Builder{}
	all.WriteString(first + "\n")
	for _, script := range scripts {
		fmt.Fprintf(&all, "( %s\n) 2>&1\nprintf '\\0'\n", script)
	}
	got := strings.Split(f.in(service, all.String()), "\x00")
	for i, script := range scripts {
		if i >= len(got) || strings.TrimSpace(got[i]) != wants[script] {
			f.t.Errorf("%s: %s: %q, want %q", service, script, got[min(i, len(got)-1)], wants[script])
		}
	}
}

// assertALinkLeadsNowhere starts the service again whose mount begins where the
// other one has tried to put a link to /.
func (f *fixture) assertALinkLeadsNowhere() {
	f.t.Helper()
	if got := f.in("site", "wc -l </tmp/refused"); got == "0" {
		f.t.Error("the folder that another service mounts could be moved away")
	}
	api := f.engine.Docker.Client()
	name := f.options.Preview.ID + "-g1-peer-1"
	patience := 0
	if err := api.ContainerRestart(f.t.Context(), name, container.StopOptions{Timeout: &patience}); err != nil {
		f.t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if found, err := api.ContainerInspect(f.t.Context(), name); err == nil && found.State.Running {
			break
		}
	}
	if got := f.in("peer", "ls -A /deep"); got != "inner" {
		f.t.Errorf("after a new start the mount leads to %q", got)
	}
}

func TestUp_OfManyFiles(t *testing.T) {
	f := mountingFixture(t)
	f.options.Mounts = map[string]string{"./ignored": "shared", "./public": "empty"}
	f.write("compose.yaml", strings.NewReplacer(
		`"./public/deep:/deep"`, `"./public/deep:/deep", "./lib:/apps/lib"`, "rm -r /app/lib; ", "",
	).Replace(mountingFile))
	for i := range 1001 { // so many that a program copies them
		f.write(fmt.Sprintf("lib/%d", i), "")
	}
	// As in a repository of many packages. There is nothing where it leads to from
	// the copy, until a service mounts it there.
	if err := os.Symlink("../../page", filepath.Join(f.options.Source.Dir, "lib/neighbour")); err != nil {
		t.Fatal(err)
	}
	f.up()
	claim(t, "SharesWhatPreviewMountsSays", func(t *testing.T) {
		got := f.in("site", "echo mine >/ignored/mine; cat /tmp/found | tr '\\n' ' '; ls -d /app/.git")
		if !strings.Contains(got, "page public") || strings.Contains(got, "\n/app/.git\n") {
			t.Errorf("the copy has %q", got)
		}
		content, err := os.ReadFile(filepath.Join(f.options.Source.Dir, "ignored/mine"))
		if err != nil || string(content) != "mine\n" {
			t.Errorf("%q, %v", content, err)
		}
		if got := f.in("peer", "ls -A /public"); got != "deep\nnote" {
			t.Errorf("an empty folder has %q", got)
		}
	}, f)
	claim(t, "CopiesAFolderWhoseLinkLeadsToItsNeighbour", func(t *testing.T) {
		if got := f.in("peer",
			"readlink /apps/lib/neighbour; echo p >/page; cat /apps/lib/neighbour"); got != "../../page\np" {
			t.Errorf("the copied link: %q", got)
		}
	}, f)
}
