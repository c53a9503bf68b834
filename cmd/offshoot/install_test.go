package main

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
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// What the README says of a release, it says of the one that .goreleaser.yaml makes.

type releaser struct {
	Builds []struct {
		Goos, Goarch []string
	}
	Archives []struct {
		ID           string
		NameTemplate string `yaml:"name_template"`
		Formats      []string
	}
	Checksum struct {
		NameTemplate string `yaml:"name_template"`
	}
	Dockers []struct{ Images []string } `yaml:"dockers_v2"`
}

func readReleaser(t *testing.T) (r releaser) {
	t.Helper()
	text, err := os.ReadFile("../../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// asset is the name of the archive with the program for a platform.
func (r releaser) asset(version, system, machine string) string {
	name := strings.NewReplacer("{{ .Version }}", version, "{{ .Os }}", system, "{{ .Arch }}", machine).
		Replace(r.Archives[0].NameTemplate)
	return name + "." + r.Archives[0].Formats[0]
}

// installing is the first block of the README's section.
func installing(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Install\n")
	_, block, _ := strings.Cut(section, "```sh\n")
	block, _, found := strings.Cut(block, "```")
	if !found {
		t.Fatal("the README says nothing of how to install")
	}
	return block
}

func TestInstall_NamesWhatAReleaseHas(t *testing.T) {
	r := readReleaser(t)
	script := installing(t)
	for _, build := range r.Builds {
		for _, system := range build.Goos {
			for _, machine := range build.Goarch {
				if !strings.Contains(script, system+"_"+machine) {
					t.Errorf("the README does not name %s_%s", system, machine)
				}
			}
		}
	}
	named := len(regexp.MustCompile(`(linux|darwin|windows)_[a-z0-9]+`).FindAllString(script, -1))
	if built := len(r.Builds[0].Goos) * len(r.Builds[0].Goarch); named != built {
		t.Errorf("the README names %d platforms, %d are built", named, built)
	}
	action, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	begins, _, _ := strings.Cut(r.asset("${VERSION#v}", "", ""), "__")
	for _, want := range []string{"archive=" + begins + "_$platform.tar.gz", r.Checksum.NameTemplate} {
		if !strings.Contains(string(action), want) {
			t.Errorf("the action does not ask for %s", want)
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(string(module), "\n")
	language := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(rest)[1]
	for _, want := range []string{
		r.Dockers[0].Images[0], "go install " + strings.TrimPrefix(first, "module ") + "/cmd/offshoot@latest",
		"with Go " + language,
	} {
		if !strings.Contains(string(readme), want) {
			t.Errorf("the README lacks %s", want)
		}
	}
}

// The script is run as it stands in the README, against a release on the loopback interface.
func TestInstall_WorksAsTheReadmeSays(t *testing.T) {
	for _, tool := range []string{"curl", "sha256sum", "tar", "bash"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, "no %s: %v", tool, err)
		}
	}
	r := readReleaser(t)
	program := "#!/bin/sh\necho offshoot v1.2.3\n"
	archive := packed(t, program)
	for what, sum := range map[string][32]byte{
		"a release": sha256.Sum256(archive), "another file": sha256.Sum256([]byte("another")),
	} {
		path, output, err := installed(t, r, archive, sum)
		content, missing := os.ReadFile(path)
		if good := what == "a release"; good != (err == nil) || good != (missing == nil) ||
			good && string(content) != program {
			t.Errorf("%s: %v\n%s", what, err, output)
		}
	}
}

// A release of this very program is installed as the README says, and runs; it makes the pages that go with it.
func TestInstall_OfThisProgramRuns(t *testing.T) {
	program, err := os.ReadFile(programPath(t))
	if err != nil {
		t.Fatal(err)
	}
	archive := packed(t, string(program))
	path, output, err := installed(t, readReleaser(t), archive, sha256.Sum256(archive))
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	said, err := exec.Command(path, "version").Output()
	if err != nil || !strings.HasPrefix(string(said), "offshoot v0.0.0-test ") {
		t.Errorf("%q %v", said, err)
	}
	pages := t.TempDir()
	if output, err := exec.Command(path, "man", pages).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
	if made, err := filepath.Glob(filepath.Join(pages, "offshoot*.1")); err != nil || len(made) < 20 {
		t.Errorf("%d pages: %v", len(made), err)
	}
}

// installed runs the script of the README against a release on the loopback interface.
func installed(t *testing.T, r releaser, archive []byte, sum [32]byte) (path string, output []byte, err error) {
	t.Helper()
	name := r.asset("1.2.3", "linux", "amd64")
	files := map[string][]byte{
		"/download/v1.2.3/" + name: archive,
		"/download/v1.2.3/" + r.Checksum.NameTemplate: fmt.Appendf(nil, "%x  %s\n%x  other.tar.gz\n", sum, name,
			sha256.Sum256(nil)),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		content, ok := files[q.URL.Path]
		if !ok {
			http.NotFound(w, q)
		}
		_, _ = w.Write(content)
	}))
	defer server.Close()
	script := regexp.MustCompile(`(?m)^releases=.*$`).ReplaceAllString(installing(t), "releases="+server.URL)
	home := t.TempDir()
	cmd := exec.Command("bash", "-c", script)
	cmd.Dir, cmd.Env = home, append(os.Environ(), "HOME="+home)
	output, err = cmd.CombinedOutput()
	return filepath.Join(home, ".local", "bin", "offshoot"), output, err
}

// packed is an archive with the program.
func packed(t *testing.T, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Name: "offshoot", Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
