package compose_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/versions"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

func TestBuild_UnderstandsTheBuildSection(t *testing.T) {
	b := newBench(t, map[string]string{
		"app/Other.Dockerfile": `# syntax=docker/dockerfile:1.99-not-there
ARG BASE=scratch
FROM $BASE AS early
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV PATH=/bin
LABEL dev.offshoot.test=forged
ARG GREETING
ARG UNSET=default
RUN echo "$GREETING $UNSET" > /greeting
COPY app /app/
RUN --mount=type=secret,id=token cat /run/secrets/token > /token
RUN --mount=type=secret,id=fromenv cat /run/secrets/fromenv >> /token
RUN --mount=type=cache,target=/cache touch /cache/x
FROM early AS wanted
FROM early AS unwanted
RUN exit 1
`,
		"app/Other.Dockerfile.dockerignore": "app/ignored\n",
		"app/ignored":                       "no",
		"app/kept":                          "yes",
		".env":                              "TOKEN=from-dotenv\nGREETING=hello\n",
		"token":                             "from-file\n",
		"compose.yaml": `
services:
  app:
    build:
      context: .
      dockerfile: app/Other.Dockerfile
      target: wanted
      args: [GREETING]
      secrets: [token, {source: env, target: fromenv}]
      shm_size: 64m
      extra_hosts: ["shop.test=10.1.2.3"]
      ulimits: {nofile: 1024}
      cache_from: [type=local,src=/nowhere]
    command: [cat, /greeting, /token]
  inline:
    build:
      context: .
      dockerfile_inline: |
        FROM scratch
        COPY busybox /bin/busybox
        ENTRYPOINT ["/bin/busybox"]
secrets:
  token: {file: token}
  env: {environment: TOKEN}
`,
	})
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	s := b.built()
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("files of the build, which a kill would leave: %v, %v", left, err)
	}
	exit, err := s.Run(t.Context(), compose.OneOff{Service: "app"})
	check(t, err)
	if diff := cmp.Diff([]string{"hello default", "from-file", "from-dotenv"}, exit.Tail); diff != "" {
		t.Error(diff)
	}
	exit, err = s.Run(t.Context(), compose.OneOff{Service: "app", Command: []string{"ls", "/app"}})
	check(t, err)
	if diff := cmp.Diff([]string{"Other.Dockerfile", "Other.Dockerfile.dockerignore", "kept"}, exit.Tail); diff != "" {
		t.Error(diff)
	}
	exit, err = s.Run(t.Context(), compose.OneOff{Service: "inline", Command: []string{"echo", "inline"}})
	check(t, err)
	if diff := cmp.Diff([]string{"inline"}, exit.Tail); diff != "" {
		t.Error(diff)
	}
	if !b.seen("build", "syntax docker/dockerfile:1.99-not-there is not fetched") {
		t.Error("no word about the syntax line")
	}
	if !b.seen("build", "built offshoot/"+b.preview+"/app:g1") {
		t.Error("no event says that the image is built")
	}
	info, err := b.engine.Client().ImageInspect(t.Context(), "offshoot/"+b.preview+"/app:g1")
	check(t, err)
	if got := info.Config.Labels[testLabel]; got != b.preview {
		t.Errorf("the Dockerfile's label won: %q", got)
	}
}

func TestBuild_NamedContexts(t *testing.T) {
	b := newBench(t, map[string]string{
		"base/Dockerfile": "FROM scratch\nCOPY --from=files busybox /bin/busybox\nENV PATH=/bin\n",
		"app/Dockerfile":  "FROM base\nCOPY . /app\nCMD [\"busybox\", \"ls\", \"/app\"]\n",
		"compose.yaml": `
services:
  app: {build: {context: app, additional_contexts: {base: "service:base"}}}
  base: {build: {context: base, additional_contexts: {files: .}}}
`,
	})
	s := b.stack()
	err := s.Build(t.Context())
	if versions.LessThan(b.engine.Client().ClientVersion(), "1.42") {
		if !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), "Docker 23") {
			t.Errorf("got %v, want a usage error that names Docker 23", err)
		}
		return
	}
	check(t, err)
	exit, err := s.Run(t.Context(), compose.OneOff{Service: "app"})
	check(t, err)
	if diff := cmp.Diff([]string{"Dockerfile"}, exit.Tail); diff != "" {
		t.Error(diff)
	}
}

// What preview.allow permits has to work.
func TestBuild_AllowedHostNetwork(t *testing.T) {
	b := newBench(t, map[string]string{
		"Dockerfile":   dockerfile + "RUN grep -q : /proc/net/dev && cat /proc/net/dev > /interfaces\n",
		"compose.yaml": "services: {app: {build: {context: ., network: host}, command: [cat, /interfaces]}}",
	})
	const key = "app.build.network"
	p, _, err := compose.Load(t.Context(), compose.Source{Dir: b.dir, Allow: []string{key}})
	check(t, err)
	p, _, err = compose.Transform(p,
		compose.Options{Preview: b.preview, Generation: 1, Labels: b.labels(), Allow: []string{key}})
	check(t, err)
	s := compose.NewStack(b.engine, p, nil)
	if err := s.Build(t.Context()); err != nil {
		b.fail("build", err)
	}
	exit, err := s.Run(t.Context(), compose.OneOff{Service: "app"})
	check(t, err)
	if !strings.Contains(strings.Join(exit.Tail, "\n"), "docker0:") {
		t.Errorf("not the interfaces of the machine: %q", exit.Tail)
	}
}

// BuildKit compares what it is sent with what another build sent by size and
// time only: two Dockerfiles of one length must not be taken for each other.
func TestBuild_DockerfilesOfOneLengthStayApart(t *testing.T) {
	files := map[string]string{}
	var text strings.Builder
	text.WriteString("services:\n")
	for i := range 6 {
		name := fmt.Sprintf("app%d", i)
		files[name+
			".Dockerfile"] = fmt.Sprintf("FROM scratch\nCOPY busybox /bin/busybox\nCMD [\"/bin/busybox\", "+
			"\"echo\", \"%s\"]\n", name)
		fmt.Fprintf(&text, "  %s: {build: {context: ., dockerfile: %s.Dockerfile}}\n", name, name)
	}
	files["compose.yaml"] = text.String()
	b := newBench(t, files)
	b.built()
	for i := range 6 {
		name := fmt.Sprintf("app%d", i)
		info, err := b.engine.Client().ImageInspect(t.Context(), "offshoot/"+b.preview+"/"+name+":g1")
		check(t, err)
		if got := info.Config.Cmd[len(info.Config.Cmd)-1]; got != name {
			t.Errorf("%s was built from the Dockerfile of %s", name, got)
		}
	}
}

func TestBuild_FailureTellsTheStepAndItsOutput(t *testing.T) {
	b := newBench(t, map[string]string{
		"Dockerfile": dockerfile +
			"RUN echo preparing; seq 1 100; echo the cause of it all >&2; exit 42\nRUN echo never\n",
		"compose.yaml": `
services:
  good: {build: {context: ., dockerfile_inline: "FROM scratch\nCOPY busybox /b\n"}}
  bad: {build: .}
`,
	})
	err := b.stack().Build(t.Context())
	var broken *compose.BuildError
	if !errors.As(err, &broken) {
		t.Fatalf("got %v, want a BuildError", err)
	}
	if broken.Service != "bad" || !strings.Contains(broken.Step, "RUN echo preparing") {
		t.Errorf("service %q, step %q", broken.Service, broken.Step)
	}
	if n := len(broken.Tail); n > 60 || !contains(broken.Tail, "the cause of it all") || !contains(broken.Tail, "100") {
		t.Errorf("tail %q", broken.Tail)
	}
	if text := err.Error(); !strings.HasPrefix(text, "build bad: ") || !strings.HasSuffix(text, "exit code: 42") ||
		strings.Contains(text, "\n") {
		t.Errorf("error %q", text)
	}
	if _, err := b.engine.Client().ImageInspect(t.Context(), "offshoot/"+b.preview+"/good:g1"); err != nil {
		t.Errorf("the other service was not built: %v", err)
	}
}

func TestBuild_AllFailuresAreTold(t *testing.T) {
	b := newBench(t, map[string]string{"compose.yaml": `
services:
  one: {build: {context: ., dockerfile_inline: "FROM scratch\nCOPY nothing /b\n"}}
  two: {build: {context: ., dockerfile_inline: "FRUM scratch\n"}}
  three: {build: {context: ., dockerfile: Missing}}
`})
	err := b.stack().Build(t.Context())
	for _, want := range []string{"one: ", "nothing", "two: ", "FRUM", "three: no Dockerfile at "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if !errors.Is(err, hint.ErrUsage) {
		t.Error("a missing Dockerfile is not a usage error")
	}
}

func TestBuild_ContextIsLimitedByDockerignore(t *testing.T) {
	b := newBench(t, map[string]string{
		"Dockerfile":    dockerfile + "COPY . /all\n",
		".dockerignore": "secret*\n!secret.example\n**/node_modules\n",
		"secret.env":    "x", "secret.example": "x", "app/node_modules/big": "x", "app/main": "x",
		"compose.yaml": "services: {app: {build: .}}",
	})
	s := b.built()
	exit, err := s.Run(t.Context(), compose.OneOff{Service: "app", Command: []string{"find", "/all", "-type", "f"}})
	check(t, err)
	got := strings.Join(exit.Tail, "\n")
	for _, name := range []string{"/all/secret.env", "/all/app/node_modules/big"} {
		if strings.Contains(got, name) {
			t.Errorf("%s was sent", name)
		}
	}
	for _, name := range []string{"/all/secret.example", "/all/app/main"} {
		if !strings.Contains(got, name) {
			t.Errorf("%s is missing in %s", name, got)
		}
	}
}

func TestBuild_CycleOfContextsIsRefused(t *testing.T) {
	b := newBench(t, map[string]string{"Dockerfile": dockerfile, "compose.yaml": `
services:
  a: {build: {context: ., additional_contexts: {b: "service:b"}}}
  b: {build: {context: ., additional_contexts: {a: "service:a"}}}
`})
	if err := b.stack().Build(t.Context()); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("got %v, want a usage error", err)
	}
}

func TestBuild_SecondTimeIsCached(t *testing.T) {
	b := newBench(t, map[string]string{
		"Dockerfile":   dockerfile + "RUN echo slow\n",
		"compose.yaml": "services: {app: {build: .}}",
	})
	b.built()
	b.built(func(o *compose.Options) { o.Generation = 2 })
	if !b.seen("build", "cached [3/4] RUN") && !b.seen("build", "cached ") {
		t.Error("nothing was cached")
	}
	first, err := b.engine.Client().ImageInspect(t.Context(), "offshoot/"+b.preview+"/app:g1")
	check(t, err)
	second, err := b.engine.Client().ImageInspect(t.Context(), "offshoot/"+b.preview+"/app:g2")
	check(t, err)
	if first.ID == second.ID {
		t.Error("two generations share an image: removing one would remove the other")
	}
}

func TestBuild_EndsWithItsContext(t *testing.T) {
	b := newBench(t, map[string]string{
		"Dockerfile":   dockerfile + "RUN echo begun; sleep 600\n",
		"compose.yaml": "services: {app: {build: .}}",
	})
	ctx, cancel := withCancel(t)
	defer cancel()
	done := make(chan error, 1)
	s := b.stack()
	go func() { done <- s.Build(ctx) }()
	b.eventually("the step has begun", func() bool { return b.seen("build", "begun") })
	cancel()
	if err := <-done; err == nil {
		t.Error("a cancelled build gave no error")
	}
}

func TestPull_NothingWhenAllIsThere(t *testing.T) {
	b := newBench(t, map[string]string{"Dockerfile": dockerfile, "compose.yaml": `
services:
  app: {build: ., image: acme/app}
  worker: {image: acme/app}
`})
	s := b.built()
	check(t, s.Pull(t.Context()))
	if b.seen("pull", "") {
		t.Error("something was pulled")
	}
}

func TestPull_ErrorNamesImageAndService(t *testing.T) {
	b := newBench(t, map[string]string{"compose.yaml": `
services:
  app: {image: "localhost:1/nobody/nothing:here"}
  never: {image: "localhost:1/nobody/local:only", pull_policy: never}
`})
	err := b.stack().Pull(t.Context())
	if err == nil || !strings.Contains(err.Error(), "pull localhost:1/nobody/local:only for never: ") {
		t.Fatalf("got %v", err)
	}
	b.write("compose.yaml", `services: {app: {image: "localhost:1/nobody/nothing:here"}}`)
	err = b.stack().Pull(t.Context())
	if err == nil || !strings.Contains(err.Error(), "pull localhost:1/nobody/nothing:here for app: ") {
		t.Fatalf("got %v", err)
	}
	if len(hint.Of(err)) != 1 {
		t.Errorf("hints %q", hint.Of(err))
	}
}

func TestPull_BadImageNameIsAUsageError(t *testing.T) {
	b := newBench(t, map[string]string{"compose.yaml": `services: {app: {image: "Not A Name"}}`})
	if err := b.stack().Pull(t.Context()); err == nil {
		t.Error("no error")
	}
}

func TestImageConfig_ReadsTheImage(t *testing.T) {
	b := newBench(t, map[string]string{"compose.yaml": `
services:
  db: {build: {context: ., dockerfile_inline: "FROM scratch\nCOPY busybox /b\nENV PGDATA=/var/lib/postgresql/18/docker\nVOLUME [\"/z\", \"/var/lib/postgresql\"]\n"}}
`})
	b.built()
	got, there, err := b.engine.ImageConfig(t.Context(), "offshoot/"+b.preview+"/db:g1")
	check(t, err)
	if !there || got.Env["PGDATA"] != "/var/lib/postgresql/18/docker" ||
		!slices.Equal(got.Volumes, []string{"/var/lib/postgresql", "/z"}) {
		t.Errorf("%v %+v", there, got)
	}
	for _, absent := range []string{"localhost:1/acme/postgres:18", ""} {
		if _, there, err := b.engine.ImageConfig(t.Context(), absent); there || err != nil {
			t.Errorf("%q: %v, %v", absent, there, err)
		}
	}
}

// Nothing of compose's or BuildKit's own chatter may reach the terminal.
func TestStack_PrintsNothing(t *testing.T) {
	b := newBench(t, map[string]string{"Dockerfile": dockerfile, "compose.yaml": `
version: "3"
services:
  app: {build: ., command: [echo, "$UNSET_SOMEWHERE"]}
`})
	read := capture(t)
	s := b.built()
	check(t, s.Up(t.Context()))
	_, err := s.Run(t.Context(), compose.OneOff{Service: "app", Command: []string{"echo", "x"}})
	check(t, err)
	check(t, s.Down(t.Context()))
	if out := read(); out != "" {
		t.Errorf("printed %q", out)
	}
}

// capture puts files in the place of the process's stdout and stderr; the
// function it returns gives what was written.
func capture(t *testing.T) func() string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	file, err := os.Create(path)
	check(t, err)
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = file, file
	restore := func() { os.Stdout, os.Stderr = stdout, stderr }
	t.Cleanup(restore)
	return func() string {
		restore()
		check(t, file.Close())
		text, err := os.ReadFile(path)
		check(t, err)
		return string(bytes.TrimSpace(text))
	}
}
