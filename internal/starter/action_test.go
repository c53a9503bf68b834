package starter

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// releases serves one release, v1.2.3, with a program that prints what it is
// asked, under the checksum of sum.
func releases(t *testing.T, sum func(archive []byte) string) string {
	t.Helper()
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	packed := tar.NewWriter(zipped)
	program := "#!/bin/sh\necho offshoot \"$@\" in \"$PWD\"\n"
	if err := packed.WriteHeader(&tar.Header{Name: "offshoot", Mode: 0o755, Size: int64(len(program))}); err != nil {
		t.Fatal(err)
	}
	_, err := packed.Write([]byte(program))
	for _, err := range []error{err, packed.Close(), zipped.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	name := fmt.Sprintf("offshoot_1.2.3_%s_%s.tar.gz", runtime.GOOS, runtime.GOARCH)
	mux := http.NewServeMux()
	mux.Handle("/latest", http.RedirectHandler("/tag/v1.2.3", http.StatusFound))
	mux.HandleFunc("/tag/v1.2.3", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/download/v1.2.3/"+name,
		func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(archive.Bytes()) })
	mux.HandleFunc("/download/v1.2.3/checksums.txt", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "0000  another_%s\n%s  %s\n", name, sum(archive.Bytes()), name)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func rightSum(archive []byte) string { return fmt.Sprintf("%x", sha256.Sum256(archive)) }

// step is one step of action.yml.
type step struct {
	Run string
	Env map[string]string
}

func actionSteps(t *testing.T) (install, run step) {
	t.Helper()
	text, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Runs struct{ Steps []step }
	}
	if err := yaml.Load(text, &action); err != nil {
		t.Fatal(err)
	}
	if len(action.Runs.Steps) != 2 {
		t.Fatalf("%d steps", len(action.Runs.Steps))
	}
	return action.Runs.Steps[0], action.Runs.Steps[1]
}

// systemPath has no offshoot of one's own on it.
const systemPath = "/usr/bin:/bin:/usr/sbin:/sbin"

// bash runs a script as a runner does, and returns what it printed.
func bash(t *testing.T, dir, script string, env ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append([]string{
		"PATH=" + systemPath, "RUNNER_TEMP=" + dir, "TMPDIR=" + dir, "GITHUB_PATH=" + filepath.Join(dir, "path"),
		"VERSION=", "BINARY=", "ACTION_REF=", "ACTION_PATH=" + dir, "ARCHIVE=", "POSTGRESQL=",
	}, env...)
	output, err := cmd.CombinedOutput()
	return string(output), err
}

func TestAction_InstallsAReleaseWithTheRightChecksum(t *testing.T) {
	t.Parallel()
	install, run := actionSteps(t)
	good, bad := releases(t, rightSum), releases(t, func([]byte) string { return strings.Repeat("0", 64) })
	for _, c := range []struct {
		name string
		env  []string
		says string // and installs, when it is the program's own words
	}{
		{"version", []string{"RELEASES=" + good, "VERSION=v1.2.3"}, "offshoot version in "},
		{"version of the action", []string{"RELEASES=" + good, "ACTION_REF=v1.2.3"}, "offshoot version in "},
		{"latest", []string{"RELEASES=" + good, "VERSION=latest"}, "offshoot version in "},
		{"newest, by a branch", []string{"RELEASES=" + good, "ACTION_REF=main"}, "offshoot version in "},
		{
			"wrong checksum",
			[]string{"RELEASES=" + bad, "VERSION=v1.2.3"},
			"::error title=offshoot::the checksum of offshoot_1.2.3_",
		},
		{"no such version", []string{"RELEASES=" + good, "VERSION=v9.9.9"}, "in release v9.9.9"},
		{
			"no version",
			[]string{"RELEASES=" + good, "VERSION=$(touch x); ../.."},
			"the input version is v1.2.3 for example",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			said, err := bash(t, dir, install.Run, c.env...)
			works := strings.HasPrefix(c.says, "offshoot")
			if (err == nil) != works || !strings.Contains(said, c.says) {
				t.Fatalf("%v, said %s", err, said)
			}
			added, _ := os.ReadFile(filepath.Join(dir, "path"))
			if !works {
				if len(added) > 0 {
					t.Errorf("is on the path all the same: %s", added)
				}
				return
			}
			path := "PATH=" + strings.TrimSpace(string(added)) + ":" + systemPath
			for want, env := range map[string][]string{
				"ci":                    {"COMMAND=ci"},
				"ci --archive a $(x) b": {"COMMAND=ci", "ARCHIVE=a $(x) b"}, "sweep": {"COMMAND=sweep"},
				"ci --commit": {"COMMAND=commit"},
			} {
				if said, err := bash(t, dir, run.Run, append(env, path)...); err != nil ||
					said != "offshoot "+want+" in "+dir+"\n" {
					t.Errorf("run: %v, said %s, want %s", err, said, want)
				}
			}
		})
	}
}

func TestAction_UsesAProgramThatIsThere(t *testing.T) {
	t.Parallel()
	install, _ := actionSteps(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "my offshoot")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho mine \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if said, err := bash(t, dir, install.Run, "BINARY="+program, "RELEASES=http://127.0.0.1:1"); err != nil ||
		said != "mine version\n" {
		t.Errorf("an input: %v, said %s", err, said)
	}
	if err := os.Rename(program, filepath.Join(dir, "offshoot")); err != nil {
		t.Fatal(err)
	}
	if said, err := bash(t, dir, install.Run, "PATH="+dir+":"+systemPath, "RELEASES=http://127.0.0.1:1"); err != nil ||
		said != "mine version\n" {
		t.Errorf("on the path: %v, said %s", err, said)
	}
}

func TestAction_InstallsPostgreSQLsProgramsOnHostedRunners(t *testing.T) {
	t.Parallel()
	_, run := actionSteps(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "offshoot"), []byte("#!/bin/sh\necho \"[$OFFSHOOT_POSTGRESQL]\"\n"),
		0o755); err != nil {
		t.Fatal(err)
	}
	for env, want := range map[[2]string]string{
		{"RUNNER_ENVIRONMENT=github-hosted", "POSTGRESQL="}:      "install",
		{"RUNNER_ENVIRONMENT=github-hosted", "POSTGRESQL=none"}:  "none",
		{"RUNNER_ENVIRONMENT=self-hosted", "POSTGRESQL="}:        "",
		{"RUNNER_ENVIRONMENT=self-hosted", "POSTGRESQL=install"}: "install", {"X=", "POSTGRESQL="}: "",
	} {
		if said, err := bash(t, dir, run.Run, "COMMAND=ci", "PATH="+dir+":"+systemPath, env[0], env[1]); err != nil ||
			said != "["+want+"]\n" {
			t.Errorf("%q: %v, said %s", env, err, said)
		}
	}
}

func TestAction_RunsNoOtherCommand(t *testing.T) {
	t.Parallel()
	_, run := actionSteps(t)
	said, err := bash(t, t.TempDir(), run.Run, "COMMAND=down --all")
	if err == nil || !strings.Contains(said, "the input command is ci, commit, sweep or none") {
		t.Errorf("%v, said %s", err, said)
	}
}

// A token of the environment was put there for us; that of the job is always there.
func TestAction_TheTokenOfTheJobIsTheLast(t *testing.T) {
	t.Parallel()
	_, run := actionSteps(t)
	dir := t.TempDir()
	program := "#!/bin/sh\necho " +
		"${OFFSHOOT_FORGE_TOKEN:-${GITEA_TOKEN:-${GITHUB_TOKEN:-$GH_TOKEN}}}${INPUT_TOKEN:-$JOB_TOKEN}\n"
	if err := os.WriteFile(filepath.Join(dir, "offshoot"), []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		env  []string
	}{
		{"job", nil},
		{"asked", []string{"INPUT_TOKEN=asked", "GITEA_TOKEN=gitea"}},
		{"gitea", []string{"GITEA_TOKEN=gitea", "GITEA_ACTIONS=true"}},
		{"github", []string{"GITHUB_TOKEN=github"}},
		{"gh", []string{"GH_TOKEN=gh"}},
		{"job", []string{"GH_TOKEN=gh", "GITEA_ACTIONS=true"}}, // which is for GitHub
	} {
		said, err := bash(t, dir, run.Run, append(c.env, "COMMAND=ci", "JOB_TOKEN=job", "PATH="+dir+":"+systemPath)...)
		if err != nil || said != c.want+"\n" {
			t.Errorf("%v: %v, said %s, want %s", c.env, err, said, c.want)
		}
	}
}

func TestPipeline_OfGitLabInstallsAReleaseWithTheRightChecksum(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("GitLab's runner is linux in the pipeline")
	}
	var jobs map[string]struct {
		BeforeScript []string `yaml:"before_script"`
	}
	if err := yaml.Load([]byte(first(t, Pipeline{Forge: "gitlab", Dir: "it's here"})), &jobs); err != nil {
		t.Fatal(err)
	}
	script := strings.Join(append(jobs[".offshoot"].BeforeScript, "offshoot ci"), "\n")
	good, bad := releases(t, rightSum), releases(t, func([]byte) string { return strings.Repeat("0", 64) })
	for _, version := range []string{"v1.2.3", "latest"} {
		dir := t.TempDir()
		inner := filepath.Join(dir, "it's here")
		if err := os.Mkdir(inner, 0o755); err != nil {
			t.Fatal(err)
		}
		said, err := bash(t, dir, script, "OFFSHOOT_VERSION="+version, "OFFSHOOT_RELEASES="+good)
		if err != nil || !strings.HasSuffix(said, "offshoot ci in "+inner+"\n") {
			t.Errorf("%s: %v, said %s", version, err, said)
		}
		if said, err := bash(t, dir, script, "OFFSHOOT_VERSION="+version, "OFFSHOOT_RELEASES="+bad); err == nil ||
			strings.Contains(said, "offshoot ci") {
			t.Errorf("%s, wrong checksum: said %s", version, said)
		}
	}
}
