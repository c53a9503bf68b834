package compose

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"
	godigest "github.com/opencontainers/go-digest"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

func TestDownError_HintsAtWhatHelps(t *testing.T) {
	for _, c := range []struct {
		name, env, host string
		err             error
		text, hint      string
	}{
		{
			"socket not readable", "", "unix:///var/run/docker.sock", fmt.Errorf("dial: %w", os.ErrPermission),
			"at unix:///var/run/docker.sock: permission denied", "group docker",
		},
		{
			"nothing listens", "", "unix:///var/run/docker.sock", errors.New("Cannot connect to the Docker daemon"),
			"at unix:///var/run/docker.sock", "start",
		},
		{"remote", "", "tcp://build:2375", errors.New("refused"), "at tcp://build:2375", "docker context"},
		{
			"by DOCKER_HOST", "tcp://build:2375", "tcp://build:2375", errors.New("refused"), "at tcp://build:2375",
			"DOCKER_HOST",
		},
		{"interrupted", "", "unix:///x", context.Canceled, "context canceled", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("DOCKER_HOST", c.env)
			err := downError(c.host, c.err)
			if !errors.Is(err, ErrEngineDown) || !strings.HasSuffix(err.Error(), c.text) {
				t.Errorf("error %v, want one that ends in %q", err, c.text)
			}
			if got := strings.Join(hint.Of(err), "\n"); !strings.Contains(got, c.hint) || strings.Contains(got, "\n") {
				t.Errorf("hint %q, want one about %q", got, c.hint)
			}
		})
	}
}

func TestReadStatus_HealthAndExitCode(t *testing.T) {
	for status, want := range map[string]struct {
		health string
		code   int
	}{
		"Up 2 minutes":                       {"", 0},
		"Up 2 minutes (healthy)":             {"healthy", 0},
		"Up 2 minutes (unhealthy)":           {"unhealthy", 0},
		"Up 1 second (health: starting)":     {"starting", 0},
		"Exited (137) 3 hours ago":           {"", 137},
		"Restarting (1) Less than a second":  {"", 1},
		"Created":                            {"", 0},
		"Up 2 minutes (Paused)":              {"", 0},
		"Exited (0) 2 seconds ago (healthy)": {"healthy", 0},
	} {
		health, code := readStatus(status)
		if health != want.health || code != want.code {
			t.Errorf("%s: %q and %d, want %+v", status, health, code, want)
		}
	}
}

func TestOutput_KeepsTheEndOfBothStreams(t *testing.T) {
	var each []string
	o := newOutput(func(line string) { each = append(each, line) })
	write := func(l *lines, text string) { _, _ = l.Write([]byte(text)) }
	write(o.stderr, "the cau")
	for i := range 100 {
		write(o.stdout, fmt.Sprintf("line %d\r\n", i))
	}
	write(o.stderr, "se\n")
	write(o.stdout, "no end")
	got := o.tail()
	if len(got) != tailLines+1 || got[0] != "line 71" {
		t.Errorf("%d lines from %q", len(got), got[0])
	}
	if diff := cmp.Diff([]string{"line 99", "the cause", "no end"}, got[len(got)-3:]); diff != "" {
		t.Error(diff)
	}
	if len(each) != 102 {
		t.Errorf("%d lines handed on, want all 102", len(each))
	}
	if diff := cmp.Diff(got, o.tail()); diff != "" {
		t.Errorf("asked again: %s", diff)
	}
}

func TestOutput_BoundsALineThatDoesNotEnd(t *testing.T) {
	o := newOutput(nil)
	for range 1000 {
		_, _ = o.stdout.Write([]byte(strings.Repeat("x", 1000)))
	}
	if kept := len(strings.Join(o.tail(), "")); kept > (tailLines+1)*maxLine {
		t.Errorf("%d bytes are kept", kept)
	}
}

func TestOneLine_IsShortAndOnOneLine(t *testing.T) {
	if got := oneLine("  no\n\troute \r\n"); got != "no route" {
		t.Errorf("got %q", got)
	}
	long := oneLine(strings.Repeat("ä", 1000) + "end")
	if n := len([]rune(long)); n != 201 || !strings.HasSuffix(long, "end") {
		t.Errorf("%d runes: %q", n, long)
	}
}

func TestWithoutSyntax_KeepsLineNumbers(t *testing.T) {
	for text, want := range map[string]struct{ text, syntax string }{
		"FROM scratch\n": {"FROM scratch\n", ""},
		"# syntax=docker/dockerfile:1\nFROM scratch\n":   {"#\nFROM scratch\n", "docker/dockerfile:1"},
		"#syntax = a/b\n# escape=`\nFROM scratch":        {"#\n# escape=`\nFROM scratch", "a/b"},
		"# check=skip=all\n# syntax=a/b:c\nFROM scratch": {"# check=skip=all\n#\nFROM scratch", "a/b:c"},
		"FROM scratch\n# syntax=too/late\n":              {"FROM scratch\n# syntax=too/late\n", ""},
		"":                                               {"", ""},
		"# a comment\n# syntax=not/a-directive\nFROM scratch\n": {"# a comment\n# syntax=not/a-directive\nFROM " +
			"scratch\n", ""},
	} {
		got, syntax := withoutSyntax([]byte(text))
		if string(got) != want.text || syntax != want.syntax {
			t.Errorf("%q: %q and %q, want %+v", text, got, syntax, want)
		}
	}
}

func TestCacheSource_OnlyRegistries(t *testing.T) {
	for text, want := range map[string]client.CacheOptionsEntry{
		"acme/app:cache":                 {Type: "registry", Attrs: map[string]string{"ref": "acme/app:cache"}},
		"type=registry,ref=acme/app:buf": {Type: "registry", Attrs: map[string]string{"ref": "acme/app:buf"}},
		"type=local,src=/etc":            {},
		"type=gha":                       {},
		"type=registry":                  {},
	} {
		got, ok := cacheSource(text)
		if ok != (want.Type != "") {
			t.Errorf("%s: accepted is %v", text, ok)
		}
		if diff := cmp.Diff(want, got); ok && diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestBuildAttrs_SaysAllOfTheBuildSection(t *testing.T) {
	value := "1"
	got := buildAttrs(types.ServiceConfig{Build: &types.BuildConfig{
		Args:          types.MappingWithEquals{"A": &value, "UNSET": nil},
		Labels:        types.Labels{"l": "v"},
		Target:        "prod",
		Network:       "none",
		NoCache:       true,
		NoCacheFilter: types.StringList{"one", "two"},
		Pull:          true,
		ShmSize:       1 << 20,
		ExtraHosts:    types.HostsList{"shop.test": {"10.0.0.1"}},
		Ulimits:       map[string]*types.UlimitsConfig{"nofile": {Soft: 1, Hard: 2}, "nproc": {Single: 3}},
		Platforms:     types.StringList{"linux/arm64"},
	}})
	want := map[string]string{
		"build-arg:A": "1", "label:l": "v", "target": "prod", "force-network-mode": "none", "no-cache": "",
		"no-cache-filter":    "one,two",
		"image-resolve-mode": "pull", "shm-size": "1048576", "add-hosts": "shop.test=10.0.0.1",
		"ulimit": "nofile=1:2,nproc=3:3", "platform": "linux/arm64",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := buildAttrs(types.ServiceConfig{Build: &types.BuildConfig{Network: "default"}}); len(got) != 0 {
		t.Errorf("an empty section gives %v", got)
	}
}

func TestLocal_TellsFoldersFromOtherContexts(t *testing.T) {
	for context, want := range map[string]bool{
		".": true, "/srv/app": true, "https://example.com/app.git": false, "git@example.com:app.git": false,
		"github.com/acme/app": false,
		"service:web":         false, "docker-image://alpine": false, "oci-layout:///srv/layout": true, "": false,
	} {
		if got := local(context); got != want {
			t.Errorf("%q: %v, want %v", context, got, want)
		}
	}
}

func TestResolve_FollowsLinksAsFarAsThePathExists(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"abs": "/etc", "up": "../..", "dangling": "/nowhere/x", "chain": "abs",
		"inside": "real",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"abs/hosts.d/new": "/etc/hosts.d/new", "chain": "/etc", "dangling": "/nowhere/x",
		"dangling/deeper": "/nowhere/x/deeper",
		"up":              filepath.Dir(filepath.Dir(dir)), "inside/x": filepath.Join(dir, "real/x"),
		"new/file": filepath.Join(dir, "new/file"), ".": dir,
	} {
		if got := resolve(filepath.Join(dir, path)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestRel_IsTheSameOnEveryMachineOrAbsolute(t *testing.T) {
	for path, want := range map[string]string{
		"/home/ci/shop/a/b": "a/b", "/home/ci/shop": ".", "/home/ci/lib": "../lib",
		"/home/other/lib": "../../other/lib",
		"/etc/passwd":     "/etc/passwd", "/": "/",
	} {
		if got := rel("/home/ci/shop", path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if got := rel("/srv", "/etc"); got != "/etc" {
		t.Errorf("next to the root: %s, want an absolute path", got)
	}
}

func TestMajor_ReadsTags(t *testing.T) {
	for tag, want := range map[string]int{
		"16": 16, "16.3-alpine": 16, "pg17": 17, "18beta1": 18, "latest": 0, "": 0,
		"latest-pg16": 0,
	} {
		if got := major(tag); got != want {
			t.Errorf("%q: %d, want %d", tag, got, want)
		}
	}
}

func TestReason_DropsTheRepeatedCommand(t *testing.T) {
	for text, want := range map[string]string{
		`process "/bin/sh -c make" did not complete successfully: exit code: 2`: "exit code: 2",
		"failed to compute cache key: not found": "failed to compute cache key: not " +
			"found",
	} {
		if got := reason(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestBuildWatch_BlamesTheStepThatFailedFirst(t *testing.T) {
	w := &buildWatch{service: "web", events: &observer{}, steps: map[string]*buildStep{}}
	w.update(&client.SolveStatus{
		Vertexes: []*client.Vertex{
			vertex("a", "RUN a", "context canceled"), vertex("b", "RUN b", "exit code: 1"),
			vertex("c", "RUN c", "context canceled"),
		},
		Logs: []*client.VertexLog{{Vertex: "b", Stream: 2, Data: []byte("cause\n")}},
	})
	var broken *BuildError
	cause := errors.New("solve")
	if err := w.failure(cause); !errors.As(err, &broken) || broken.Step != "RUN b" || !errors.Is(err, cause) {
		t.Fatalf("got %+v", broken)
	}
	if diff := cmp.Diff([]string{"cause"}, broken.Tail); diff != "" {
		t.Error(diff)
	}
}

func TestSeen_SaysWhyItIsNotReady(t *testing.T) {
	for want, seen := range map[string]Seen{
		"web is missing":              {Service: "web", State: "missing"},
		"web exited with exit code 3": {Service: "web", State: "exited", ExitCode: 3},
		"web restarting with exit code 1, restarted 4 times": {
			Service: "web", State: "restarting", ExitCode: 1,
			Restarts: 4,
		},
		"web is unhealthy (no route)": {
			Service: "web", State: "running", Health: "unhealthy",
			HealthLog: "no route",
		},
		"web is starting": {Service: "web", State: "running", Health: "starting"},
		"web is created":  {Service: "web", State: "created"},
	} {
		if got := seen.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestQuestion_IsWhatTheEngineRuns(t *testing.T) {
	for name, c := range map[string]struct {
		shell, test, want []string
	}{
		"a command": {nil, []string{"CMD", "pg_isready", "-q"}, []string{"pg_isready", "-q"}},
		"for the shell": {
			nil,
			[]string{"CMD-SHELL", "curl -f localhost || exit 1"},
			[]string{"/bin/sh", "-c", "curl -f localhost || exit 1"},
		},
		"of its own shell": {
			[]string{"/bin/bash", "-ec"},
			[]string{"CMD-SHELL", "true"},
			[]string{"/bin/bash", "-ec", "true"},
		},
		"none":          {nil, []string{"NONE"}, nil},
		"nothing":       {nil, nil, nil},
		"something new": {nil, []string{"CMD-HTTP", "/"}, nil},
	} {
		got := question(&container.Config{Shell: c.shell, Healthcheck: &container.HealthConfig{Test: c.test}})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if question(nil) != nil || question(&container.Config{}) != nil {
		t.Error("a question without a health check")
	}
}

func TestAskPause_IsShortForWhatCostsLittle(t *testing.T) {
	for _, c := range []struct{ took, interval, want time.Duration }{
		{10 * time.Millisecond, time.Minute, 500 * time.Millisecond},
		{2 * time.Second, time.Minute, 6 * time.Second},
		{2 * time.Second, time.Second, time.Second},
		{time.Minute, 0, checkInterval},
	} {
		if got := askPause(c.took, &container.HealthConfig{Interval: c.interval}); got != c.want {
			t.Errorf("after %v at an interval of %v: %v, want %v", c.took, c.interval, got, c.want)
		}
	}
}

func TestAskedOften_OnlyInTheStartPeriodOfAStartInterval(t *testing.T) {
	for name, c := range map[string]struct {
		started time.Time
		check   container.HealthConfig
		want    bool
	}{
		"in it": {
			time.Now(),
			container.HealthConfig{StartInterval: time.Second, StartPeriod: time.Minute},
			true,
		},
		"past it": {
			time.Now().Add(-time.Hour),
			container.HealthConfig{StartInterval: time.Second, StartPeriod: time.Minute},
			false,
		},
		"an older engine": {time.Now(), container.HealthConfig{StartPeriod: time.Minute}, false},
		"a longer interval": {
			time.Now(),
			container.HealthConfig{StartInterval: 5 * time.Second, StartPeriod: time.Minute},
			false,
		},
	} {
		got := askedOften(container.InspectResponse{
			ContainerJSONBase: &container.ContainerJSONBase{
				State: &container.State{StartedAt: c.started.Format(time.RFC3339Nano)},
			},
			Config: &container.Config{Healthcheck: &c.check},
		})
		if got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestJudgeDependency_UnhealthyIsNotFailed(t *testing.T) {
	const (
		healthy   = types.ServiceConditionHealthy
		completed = types.ServiceConditionCompletedSuccessfully
		started   = types.ServiceConditionStarted
	)
	for _, c := range []struct {
		one       Seen
		condition string
		optional  bool
		want      verdict
	}{
		{Seen{State: "running", Health: "starting"}, healthy, false, notYet},
		{Seen{State: "running", Health: "starting", ready: true}, healthy, false, met}, // we have asked
		{Seen{State: "running", Health: "healthy", ready: true}, healthy, false, met},
		{Seen{State: "running", Health: "unhealthy"}, healthy, false, notYet},
		{Seen{State: "running", Health: "unhealthy"}, healthy, true, failed},
		{Seen{State: "running", Health: "unhealthy", ready: true}, healthy, true, met},
		{Seen{State: "running", ready: true}, healthy, false, failed}, // has no health check
		{Seen{State: "restarting", ExitCode: 1, Health: "unhealthy"}, healthy, false, notYet},
		{Seen{State: "exited", ready: true}, healthy, false, failed},
		{Seen{State: "missing"}, healthy, false, failed},
		{Seen{State: "running"}, completed, false, notYet},
		{Seen{State: "running", ready: true}, completed, false, notYet},
		{Seen{State: "exited", ready: true}, completed, false, met},
		{Seen{State: "exited", ExitCode: 1, Fatal: true}, completed, false, failed},
		{Seen{State: "restarting", ExitCode: 1}, completed, false, notYet},
		{Seen{State: "created"}, started, false, met},
	} {
		if got := judgeDependency(c.one,
			types.ServiceDependency{Condition: c.condition, Required: !c.optional}); got != c.want {
			t.Errorf("%+v for %s (optional: %v): %d, want %d", c.one, c.condition, c.optional, got, c.want)
		}
	}
}

func TestObserver_WithoutAFunctionIsSilent(t *testing.T) {
	(&observer{}).emit(Event{Kind: "build"})
}

func vertex(digest, name, failure string) *client.Vertex {
	now := time.Now()
	return &client.Vertex{Digest: godigest.Digest(digest), Name: name, Started: &now, Completed: &now, Error: failure}
}
