package compose

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"
	"github.com/tonistiigi/fsutil"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// stackOf is a stack without an engine, and the events it sends.
func stackOf(services ...types.ServiceConfig) (*Stack, *[]Event) {
	p := &types.Project{Name: "pr-1-g1", Services: types.Services{}, Environment: types.Mapping{"TOKEN": "from-env"}}
	for _, s := range services {
		p.Services[s.Name] = s
	}
	var events []Event
	return NewStack(nil, p, func(e Event) { events = append(events, e) }), &events
}

func built(name string, contexts ...string) types.ServiceConfig {
	b := &types.BuildConfig{Context: "/app", AdditionalContexts: types.Mapping{}}
	for _, c := range contexts {
		b.AdditionalContexts["of-"+c] = types.ServicePrefix + c
	}
	return types.ServiceConfig{Name: name, Build: b}
}

func TestBuildOrder_ContextsComeFirst(t *testing.T) {
	for name, c := range map[string]struct {
		services []types.ServiceConfig
		want     [][]string
	}{
		"nothing to build": {[]types.ServiceConfig{{Name: "db", Image: "postgres"}}, nil},
		"side by side":     {[]types.ServiceConfig{built("web"), built("api")}, [][]string{{"api", "web"}}},
		"a chain": {
			[]types.ServiceConfig{built("a", "b"), built("b", "c"), built("c")},
			[][]string{{"c"}, {"b"}, {"a"}},
		},
		"two of one": {
			[]types.ServiceConfig{built("a", "base"), built("b", "base"), built("base")},
			[][]string{{"base"}, {"a", "b"}},
		},
		"a context that is no build": {
			[]types.ServiceConfig{built("a", "db"), {Name: "db", Image: "postgres"}},
			[][]string{{"a"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := stackOf(c.services...)
			got, err := s.buildOrder()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBuildOrder_CyclesAreUsageErrors(t *testing.T) {
	for _, services := range [][]types.ServiceConfig{
		{built("a", "a")},
		{built("a", "b"), built("b", "a"), built("c")},
		{built("a", "b"), built("b", "c"), built("c", "a")},
	} {
		s, _ := stackOf(services...)
		if _, err := s.buildOrder(); !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%d services: got %v, want a usage error", len(services), err)
		}
	}
}

func TestSideBySide_AllRunAndErrorsAreInOrder(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"}
	ran := make(chan string, len(names))
	err := sideBySide(names, func(name string) error {
		ran <- name
		if name == "b" || name == "h" {
			return errors.New(name + " failed")
		}
		return nil
	})
	if err == nil || err.Error() != "b failed\nh failed" {
		t.Errorf("got %v", err)
	}
	if len(ran) != len(names) {
		t.Errorf("%d of %d ran", len(ran), len(names))
	}
	if err := sideBySide[string](nil, nil); err != nil {
		t.Errorf("none: %v", err)
	}
}

func TestEntitlements_OnlyWhatTheFileAsksFor(t *testing.T) {
	for name, c := range map[string]struct {
		b    types.BuildConfig
		want []string
	}{
		"none":       {types.BuildConfig{}, nil},
		"no network": {types.BuildConfig{Network: "none"}, nil},
		"network":    {types.BuildConfig{Network: "host"}, []string{"network.host"}},
		"privileged": {types.BuildConfig{Privileged: true}, []string{"security.insecure"}},
		"named": {
			types.BuildConfig{Entitlements: []string{"device"}, Privileged: true},
			[]string{"device", "security.insecure"},
		},
	} {
		if diff := cmp.Diff(c.want, entitlements(c.b)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestUlimits_SingleAndPair(t *testing.T) {
	got := ulimits(map[string]*types.UlimitsConfig{
		"nproc": {Single: 65535}, "nofile": {Soft: 20000, Hard: 40000},
		"core": {Soft: 0, Hard: 0},
	})
	if want := "core=0:0,nofile=20000:40000,nproc=65535:65535"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := ulimits(nil); got != "" {
		t.Errorf("none: %q", got)
	}
}

func TestSecretValue_FromEveryPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ONLY_IN_THE_PROCESS", "never-to-be-seen")
	s, _ := stackOf()
	for name, c := range map[string]struct {
		secret types.SecretConfig
		want   string
	}{
		"file":             {types.SecretConfig{File: path}, "from-file\n"},
		"content":          {types.SecretConfig{Content: "inline"}, "inline"},
		"environment":      {types.SecretConfig{Environment: "TOKEN"}, "from-env"},
		"not the process'": {types.SecretConfig{Environment: "ONLY_IN_THE_PROCESS"}, ""},
	} {
		got, err := secretValue(s.project, c.secret)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, secret := range []types.SecretConfig{{}, {File: path + ".gone"}} {
		if _, err := secretValue(s.project, secret); err == nil {
			t.Errorf("%+v: no error", secret)
		}
	}
}

func TestBuildSecrets_IDIsTheTarget(t *testing.T) {
	s, _ := stackOf()
	s.project.Secrets = types.Secrets{"token": {Environment: "TOKEN"}, "inline": {Content: "x"}}
	got, err := s.buildSecrets(&types.BuildConfig{Secrets: []types.ServiceSecretConfig{
		{Source: "token"},
		{Source: "inline", Target: "other"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]byte{"token": []byte("from-env"), "other": []byte("x")}, got); diff != "" {
		t.Error(diff)
	}
	_, err = s.buildSecrets(&types.BuildConfig{Secrets: []types.ServiceSecretConfig{{Source: "gone"}}})
	if err == nil || err.Error() != "build secret gone: not declared" {
		t.Errorf("got %v", err)
	}
}

func TestBuildFiles_RemoteContextIsLeftToTheBuilder(t *testing.T) {
	s, _ := stackOf()
	opt := &client.SolveOpt{FrontendAttrs: map[string]string{}, LocalMounts: map[string]fsutil.FS{}}
	service := types.ServiceConfig{
		Name:  "web",
		Build: &types.BuildConfig{Context: "https://example.com/app.git#main", Dockerfile: "ci/Dockerfile"},
	}
	if err := s.buildFiles(service, opt); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"context": "https://example.com/app.git#main", "filename": "ci/Dockerfile"}
	if diff := cmp.Diff(want, opt.FrontendAttrs); diff != "" || len(opt.LocalMounts) > 0 {
		t.Errorf("%d mounts, %s", len(opt.LocalMounts), diff)
	}
}

func TestBuildFiles_MissingFoldersAndFilesAreNamed(t *testing.T) {
	dir := t.TempDir()
	s, _ := stackOf()
	for name, b := range map[string]types.BuildConfig{
		"no folder":     {Context: filepath.Join(dir, "gone")},
		"no Dockerfile": {Context: dir, Dockerfile: "Dockerfile"},
		"named":         {Context: dir, Dockerfile: "ci/Dockerfile.web"},
	} {
		opt := &client.SolveOpt{FrontendAttrs: map[string]string{}, LocalMounts: map[string]fsutil.FS{}}
		err := s.buildFiles(types.ServiceConfig{Name: "web", Build: &b}, opt)
		if !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), absolute(b.Context, b.Dockerfile)) {
			t.Errorf("%s: got %v, want a usage error that names the path", name, err)
		}
	}
}

func TestDockerfile_IsAFolderInMemory(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Dockerfile": "FROM scratch\n", "Dockerfile.dockerignore": "own\n", "Other": "# syntax=a/b\nFROM scratch\n",
		".dockerignore": "general\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		b       types.BuildConfig
		want    map[string]string
		warning string
	}{
		"by name": {
			types.BuildConfig{Context: dir, Dockerfile: "Dockerfile"},
			map[string]string{"Dockerfile": "FROM scratch\n", "Dockerfile.dockerignore": "own\n"},
			"",
		},
		"other": {
			types.BuildConfig{Context: dir, Dockerfile: "Other"},
			map[string]string{"Dockerfile": "#\nFROM scratch\n"},
			"syntax a/b is not fetched: the engine's own Dockerfile syntax is used",
		},
		"inline": {
			types.BuildConfig{Context: dir, DockerfileInline: "FROM busybox\n"},
			map[string]string{"Dockerfile": "FROM busybox\n"},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, events := stackOf()
			files, err := s.dockerfile(types.ServiceConfig{Name: "web", Build: &c.b})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, filesIn(t, files, "")); diff != "" {
				t.Error(diff)
			}
			// BuildKit asks for the one file, and takes no other for it.
			if diff := cmp.Diff([]string{"Dockerfile"}, sorted(filesIn(t, files, "Dockerfile"))); diff != "" {
				t.Error(diff)
			}
			var warnings []string
			for _, e := range *events {
				warnings = append(warnings, e.Text)
			}
			if got := strings.Join(warnings, "; "); got != c.warning {
				t.Errorf("warned %q, want %q", got, c.warning)
			}
		})
	}
}

func filesIn(t *testing.T, files fsutil.FS, target string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := files.Walk(t.Context(), target, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.ModTime().IsZero() || info.Size() == 0 {
			t.Errorf("%s has the time %v and %d bytes", path, info.ModTime(), info.Size())
		}
		r, err := files.Open(path)
		if err != nil {
			return err
		}
		defer r.Close()
		text, err := io.ReadAll(r)
		found[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestBuildError_NamesServiceAndStep(t *testing.T) {
	cause := errors.New("exit code: 1")
	for want, err := range map[string]*BuildError{
		"web: exit code: 1":                 {Service: "web", Err: cause},
		"web: [2/3] RUN make: exit code: 1": {Service: "web", Step: "[2/3] RUN make", Err: cause},
		"api: no Dockerfile at /app: not here": {
			Service: "api", Step: "no Dockerfile at /app",
			Err: errors.New("not here"),
		},
	} {
		if got := err.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if !errors.Is(&BuildError{Err: cause}, cause) {
		t.Error("the cause is lost")
	}
}

func TestBuildWatch_TellsEachStepOnce(t *testing.T) {
	var events []string
	w := &buildWatch{service: "web", steps: map[string]*buildStep{}, events: &observer{observe: func(e Event) {
		events = append(events, []string{"working", "done", "warning", "failed", "output"}[e.State]+" "+e.Text)
	}}}
	step := vertex("a", "RUN a", "")
	running := *step
	running.Completed = nil
	cached := vertex("b", "COPY b", "")
	cached.Cached = true
	for range 2 {
		w.update(&client.SolveStatus{Vertexes: []*client.Vertex{&running}})
	}
	w.update(&client.SolveStatus{Logs: []*client.VertexLog{
		{Vertex: "a", Stream: 1, Data: []byte("half")},
		{Vertex: "a", Stream: 1, Data: []byte(" line\nnext")},
	}})
	for range 2 {
		w.update(&client.SolveStatus{Vertexes: []*client.Vertex{step, cached}})
	}
	w.update(&client.SolveStatus{Warnings: []*client.VertexWarning{{Short: []byte("old syntax")}}})
	want := []string{
		"working RUN a", "output half line", "done RUN a", "working COPY b", "done cached COPY b",
		"warning old syntax",
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Error(diff)
	}
	if err := w.failure(errors.New("lost the engine")); err.Error() != "web: lost the engine" {
		t.Errorf("without a failed step: %v", err)
	}
}

func TestBuildAttrs_PlatformOfTheServiceWins(t *testing.T) {
	for name, c := range map[string]struct {
		service string
		build   []string
		want    string
	}{
		"none": {"", nil, ""}, "service": {"linux/amd64", nil, "linux/amd64"},
		"build":   {"", []string{"linux/arm64"}, "linux/arm64"},
		"both":    {"linux/amd64", []string{"linux/arm64"}, "linux/amd64"},
		"several": {"", []string{"linux/amd64", "linux/arm64"}, ""},
	} {
		got := buildAttrs(types.ServiceConfig{
			Platform: c.service,
			Build:    &types.BuildConfig{Platforms: c.build},
		})["platform"]
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestImageName_IsAlwaysValidAndItsOwn(t *testing.T) {
	seen := map[string]string{}
	for _, o := range []Options{
		{Preview: "pr-1", Generation: 1},
		{Preview: "pr-1", Generation: 2},
		{Preview: "pr-1-a", Generation: 1},
		{Preview: "pr", Generation: 11},
	} {
		for _, service := range []string{
			"web", "Web", "WEB", "web_", "web-", "a-web", "a.web", "a..web", "_", "1",
			"web__x", strings.Repeat("x", 60),
		} {
			name := imageName(o, service)
			key := o.ProjectName() + " " + service
			if other, taken := seen[name]; taken {
				t.Errorf("%s is the image of %q and %q", name, other, key)
			}
			seen[name] = key
			if got, tag := splitImage(name); !strings.HasPrefix(got, imagePrefix) || tag == "" {
				t.Errorf("%s: %q, %q", key, got, tag)
			}
		}
	}
}

func TestCacheSource_KeepsAllFields(t *testing.T) {
	entry, ok := cacheSource("type=registry,ref=registry.test/app:cache,compression=zstd")
	want := client.CacheOptionsEntry{
		Type:  "registry",
		Attrs: map[string]string{"ref": "registry.test/app:cache", "compression": "zstd"},
	}
	if diff := cmp.Diff(want, entry); diff != "" || !ok {
		t.Errorf("%v, %s", ok, diff)
	}
	for _, text := range []string{
		"type=local,src=/", "type=s3,bucket=x,ref=y", "ref=x", "type=registry,reference=x",
		"=",
	} {
		if _, ok := cacheSource(text); ok {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestServiceContexts_OnlyServices(t *testing.T) {
	got := serviceContexts(types.BuildConfig{AdditionalContexts: types.Mapping{
		"b": "service:base", "a": "service:app",
		"dir": "/srv", "img": "docker-image://alpine",
	}})
	if !slices.Equal(got, []string{"app", "base"}) {
		t.Errorf("got %q", got)
	}
}
