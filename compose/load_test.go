package compose_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// loaded is the outcome of Load alone.
func loaded(t *testing.T, c goldenCase) map[string]string {
	t.Setenv("OFFSHOOT_TEST_SECRET", "never-to-be-seen")
	t.Setenv("SHOP_KEY", "never-to-be-seen")
	t.Setenv("HOME", "/home/someone")
	p, changes, err := compose.Load(t.Context(), c.source)
	if err != nil {
		return map[string]string{"want.err": errorLines(err)}
	}
	text := yaml(t, p)
	if strings.Contains(text, "never-to-be-seen") {
		t.Errorf("the process environment leaked into the project:\n%s", text)
	}
	return map[string]string{"want.changes": changeLines(changes), "want.yaml": text}
}

func TestLoad(t *testing.T)   { goldens(t, "load", loaded) }
func TestRefuse(t *testing.T) { goldens(t, "refuse", loaded) }

func TestLoad_HostileFilesAreNeverQuoted(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	check(t, os.WriteFile(secret, []byte("root:x:hunter2\n\tnot yaml: ["), 0o600))
	for _, text := range []string{
		"include: [%s]\nservices: {a: {image: b}}",
		"include: [{path: ok.yaml, env_file: %s}]",
		"services: {a: {extends: {file: %s, service: b}}}",
		"services: {a: {image: b, env_file: %s}}",
		"services: {a: {image: b, env_file: [{path: %s, required: false}]}}",
		"services: {a: {image: b, label_file: %s}}",
		"services: {a: {image: b, secrets: [s]}}\nsecrets: {s: {file: %s}}",
		"services: {a: {build: {context: ., dockerfile: %s}}}",
	} {
		dir := t.TempDir()
		check(t,
			os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(strings.ReplaceAll(text, "%s", secret)), 0o600))
		check(t, os.WriteFile(filepath.Join(dir, "ok.yaml"), []byte("services: {c: {image: d}}"), 0o600))
		_, _, err := compose.Load(t.Context(), compose.Source{Dir: dir})
		var refusal *compose.Refusal
		if !errors.As(err, &refusal) || !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%s: got %v, want a refusal", text, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error quotes the file: %v", text, err)
		}
		if len(refusal.Items) != 1 || !strings.HasSuffix(refusal.Items[0].Allow, "/secret") {
			t.Errorf("%s: refused %+v, want the one file", text, refusal.Items)
		}
	}
}

// What a refusal names has to be what permits it.
func TestLoad_EveryRefusalCanBeAllowed(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(`
services:
  a:
    image: busybox
    privileged: true
    pid: host
    cap_add: [SYS_ADMIN]
    security_opt: ["seccomp:unconfined"]
    devices: [/dev/null]
    volumes: ["/etc:/etc:ro", "data:/v"]
    env_file: [{path: /nowhere/x.env, required: false}]
volumes:
  data: {driver_opts: {type: none, o: bind, device: /etc}}
`), 0o600))
	var allow []string
	for range 3 {
		p, _, err := compose.Load(t.Context(), compose.Source{Dir: dir, Allow: allow})
		var refusal *compose.Refusal
		if errors.As(err, &refusal) {
			for _, item := range refusal.Items {
				allow = append(allow, item.Allow)
			}
			continue
		}
		check(t, err)
		if _, _, err := compose.Transform(p, compose.Options{Preview: "p", Generation: 1, Allow: allow}); err != nil {
			t.Errorf("transform refuses what is allowed: %v", err)
		}
		if _, _, err := compose.Transform(p, compose.Options{Preview: "p", Generation: 1}); !errors.As(err, &refusal) {
			t.Errorf("transform does not check by itself: %v", err)
		}
		return
	}
	t.Fatalf("still refused with %q", allow)
}

func TestLoad_LeavesTheProcessAlone(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, ".env"), []byte("OFFSHOOT_TEST_DOTENV=1\n"), 0o600))
	check(t, os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte("services: {a: {image: b}}"), 0o600))
	before := os.Environ()
	env := map[string]string{"A": "1"}
	_, _, err := compose.Load(t.Context(), compose.Source{Dir: dir, Env: env})
	check(t, err)
	if diff := cmp.Diff(before, os.Environ()); diff != "" {
		t.Errorf("environment changed:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"A": "1"}, env); diff != "" {
		t.Errorf("the caller's variables changed:\n%s", diff)
	}
}

func TestLoad_SecretsOfBuildsReachNothingElse(t *testing.T) {
	dir := folder(t, map[string]string{"Dockerfile": "FROM busybox\n", "compose.yaml": `
services:
  web: {build: {context: ., args: {A: "${NPM_TOKEN}"}, secrets: [npm]}, environment: [NPM_TOKEN]}
secrets: {npm: {environment: NPM_TOKEN}}
`})
	p, _, err := compose.Load(t.Context(), compose.Source{Dir: dir, BuildEnv: map[string]string{"NPM_TOKEN": "s3cr3t"}})
	check(t, err)
	own, _, err := compose.Transform(p, compose.Options{Preview: "pr-1", Generation: 1})
	check(t, err)
	web := own.Services["web"]
	if got := own.Secrets["npm"].Content; got != "s3cr3t" || *web.Build.Args["A"] != "s3cr3t" {
		t.Errorf("the build has the secret %q and the argument %q", got, *web.Build.Args["A"])
	}
	if got := web.Environment["NPM_TOKEN"]; got == nil || *got != "" {
		t.Errorf("the service has %v", got)
	}
	if _, ok := own.Environment["NPM_TOKEN"]; ok {
		t.Error("the project's environment has it")
	}
}
