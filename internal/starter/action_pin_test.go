package starter

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"
)

const (
	pinned  = "8f4b0c1d2e3f405162738495a6b7c8d9e0f10213" // to which an action is pinned
	another = "1111111111111111111111111111111111111111"
)

// repository is one that is cloned without a server's help, with tags and with
// what releases() serves; /latest leads elsewhere than any of its tags.
func repository(t *testing.T, tags string) (address string, asked func() string) {
	t.Helper()
	var mutex sync.Mutex
	var paths []string
	behind := releases(t, rightSum)
	mux := http.NewServeMux()
	mux.Handle("/releases/latest", http.RedirectHandler("/releases/tag/v9.9.9", http.StatusFound))
	mux.HandleFunc("/releases/tag/v9.9.9", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/releases/download/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, behind+strings.TrimPrefix(r.URL.Path, "/releases"), http.StatusFound)
	})
	mux.HandleFunc("/info/refs", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, tags) })
	mux.HandleFunc("/HEAD", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ref: refs/heads/main\n") })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		paths = append(paths, r.URL.Path)
		mutex.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/releases", func() string {
		mutex.Lock()
		defer mutex.Unlock()
		return strings.Join(paths, " ")
	}
}

// unreleased answers as GitHub does for a repository without any release: the
// newest leads to the list of all.
func unreleased(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/releases/latest", http.RedirectHandler("/releases", http.StatusFound))
	mux.HandleFunc("/releases", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/info/refs", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/releases"
}

// withGo is a PATH on which go writes a program that knows how it was built.
func withGo(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	script := `#!/bin/sh
for last; do case $was in -o) out=$last ;; -ldflags) version=${last##*main.version=} ;; esac; was=$last; done
[ "$1" = install ] && out=$GOBIN/offshoot
printf '#!/bin/sh\necho offshoot %s go in "$PWD"\n' "${version:-$3$2}" >"$out" && chmod 755 "$out"
`
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir + ":" + systemPath
}

func TestAction_SaysThatThereIsNoReleaseAndHowToBuild(t *testing.T) {
	t.Parallel()
	install, _ := actionSteps(t)
	address := unreleased(t)
	for name, env := range map[string][]string{
		"newest": {"ACTION_REF=main"}, "latest": {"VERSION=latest"},
		"a commit": {"ACTION_REF=" + pinned},
	} {
		said, err := bash(t, t.TempDir(), install.Run, append(env, "RELEASES="+address)...)
		for _, want := range []string{
			"::error title=offshoot::", strings.TrimSuffix(address, "/releases"),
			"make build", "go install", "the input binary",
		} {
			if err == nil || !strings.Contains(said, want) {
				t.Errorf("%s: %v, said %s, lacks %s", name, err, said, want)
			}
		}
	}
}

func TestAction_BuildsItselfWhereThereIsNoReleaseAndGo(t *testing.T) {
	t.Parallel()
	install, _ := actionSteps(t)
	for want, env := range map[string][]string{
		"devel-unknown": {"ACTION_REF=main"}, "devel-" + pinned[:12]: {"ACTION_REF=" + pinned},
		"source": {"VERSION=source", "ACTION_REF=v1.2.3"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		path := withGo(t)
		env = append(env, "RELEASES="+unreleased(t))
		if said, err := bash(t, dir, install.Run, append(env, "PATH="+path)...); err != nil ||
			!strings.Contains(said, "offshoot "+want+" go in "+dir) {
			t.Errorf("%s: %v, said %s", want, err, said)
		}
		added, err := os.ReadFile(filepath.Join(dir, "path"))
		if err != nil {
			t.Fatal(err)
		}
		// The next step of the job finds it there, and neither asks nor builds again.
		again := append(env, "PATH="+strings.TrimSpace(string(added))+":"+systemPath, "RELEASES=http://127.0.0.1:1")
		if said, err := bash(t, dir, install.Run, again...); err != nil {
			t.Errorf("%s again: %v, said %s", want, err, said)
		}
	}
}

func TestAction_PinnedToACommitInstallsTheReleaseOfThatCommit(t *testing.T) {
	t.Parallel()
	install, _ := actionSteps(t)
	for name, tags := range map[string]string{
		"a tag":        pinned + "\trefs/tags/v1.2.3\n",
		"an annotated": another + "\trefs/tags/v1.2.3\n" + pinned + "\trefs/tags/v1.2.3^{}\n",
		"among other": pinned + "\trefs/heads/main\n" + pinned + "\trefs/tags/nightly\n" + pinned +
			"\trefs/tags/v1.2.3\n" + another + "\trefs/tags/v9.9.9\n",
		"a slash too much": pinned + "\trefs/tags/v1.2.3\n",
	} {
		dir := t.TempDir()
		address, _ := repository(t, tags)
		if name == "a slash too much" {
			address += "/"
		}
		if said, err := bash(t, dir, install.Run, "RELEASES="+address, "ACTION_REF="+pinned); err != nil ||
			!strings.Contains(said, "offshoot version in ") {
			t.Errorf("%s: %v, said %s", name, err, said)
		}
	}
}

func TestAction_EndsADownloadThatStalls(t *testing.T) {
	t.Parallel()
	install, _ := actionSteps(t)
	const minute = "--speed-time 60"
	if !strings.Contains(install.Run, minute) {
		t.Fatalf("no download ends after a minute without a byte")
	}
	// A second instead of a minute, and no second try, so that the test does not wait.
	script := strings.Replace(strings.Replace(install.Run, minute, "--speed-time 1", 1), "--retry 3", "--retry 0", 1)
	said, err := bash(t, t.TempDir(), script, "RELEASES="+stalling(t), "VERSION=v1.2.3")
	if err == nil || !strings.Contains(said, "::error title=offshoot::no offshoot_1.2.3_") ||
		!strings.Contains(said, "too slow") {
		t.Errorf("%v, said %s", err, said)
	}
}

// stalling serves a few bytes of anything, and then nothing.
func stalling(t *testing.T) string {
	t.Helper()
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		fmt.Fprint(w, "a few bytes")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-over:
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	}))
	t.Cleanup(func() { close(over); server.Close() })
	return server.URL
}

// installOfGitLab is what the jobs of GitLab's pipeline begin with.
func installOfGitLab(t *testing.T) string {
	t.Helper()
	var jobs map[string]struct {
		BeforeScript []string `yaml:"before_script"`
	}
	if err := yaml.Load([]byte(first(t, Pipeline{Forge: "gitlab"})), &jobs); err != nil {
		t.Fatal(err)
	}
	return strings.Join(append(jobs[".offshoot"].BeforeScript, "offshoot ci"), "\n")
}

func TestPipeline_OfGitLabSaysWhyThereIsNoProgram(t *testing.T) {
	t.Parallel()
	script, address := installOfGitLab(t), unreleased(t)
	for version, want := range map[string]string{
		"latest": "there is no release at " + address + " yet", "v1.2.3": "in release v1.2.3 of " + address,
		pinned: "OFFSHOOT_VERSION is a commit, which needs Go in the job",
	} {
		said, err := bash(t, t.TempDir(), script, "OFFSHOOT_VERSION="+version, "OFFSHOOT_RELEASES="+address)
		if err == nil || !strings.Contains(said, "offshoot: "+want) && !strings.Contains(said, want) ||
			!strings.Contains(said, "make build") || !strings.Contains(said, "OFFSHOOT_BINARY") {
			t.Errorf("%s: %v, said %s", version, err, said)
		}
	}
}

func TestPipeline_OfGitLabTakesAProgramOrBuildsACommit(t *testing.T) {
	t.Parallel()
	script, dir := installOfGitLab(t), t.TempDir()
	mine := filepath.Join(dir, "mine")
	if err := os.WriteFile(mine, []byte("#!/bin/sh\necho mine \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if said, err := bash(t, dir, script, "OFFSHOOT_VERSION=latest", "OFFSHOOT_RELEASES=http://127.0.0.1:1",
		"OFFSHOOT_BINARY="+mine); err != nil || said != "mine ci\n" {
		t.Errorf("a program: %v, said %s", err, said)
	}
	said, err := bash(t, dir, script, "OFFSHOOT_VERSION="+pinned, "OFFSHOOT_RELEASES=http://127.0.0.1:1",
		"PATH="+withGo(t))
	if want := "offshoot github.com/offshoot-dev/offshoot/cmd/offshoot@" + pinned + " go in "; err != nil ||
		!strings.HasPrefix(said, want) {
		t.Errorf("a commit: %v, said %s", err, said)
	}
}
