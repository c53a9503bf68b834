//go:build soak

package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/client"

	"github.com/offshoot-dev/offshoot/internal/config"
)

// A prune takes what others need, and a restart of the engine stops it: this
// needs an engine of its own. The test runs itself again in namespaces.
func TestPreview_OutlastsARestartOfTheEngineAndWhatIsPruned(t *testing.T) {
	if folder := os.Getenv(internet); folder != "" {
		(&aloneEngine{T: t, folder: folder}).life()
		return
	}
	t.Parallel()
	needEngine(t)
	apart(t, t.TempDir(), "/usr/sbin/ip", "/usr/bin/busybox", "/usr/sbin/dockerd")
}

// outlastCompose has a container that only says that it is a database: what
// the engine does to one is the point here, and a real one takes longer.
const outlastCompose = `
services:
  db: {build: ., entrypoint: [/bin/busybox, sh, -c, '[ -e "$$0" ] || echo kept > "$$0"; exec /bin/busybox sleep 100000', /data/file], volumes: ["data:/data"], stop_grace_period: 1s}
  seed: {build: ., command: [/bin/busybox, "true"]}
  web:
    build: .
    ports: ["8000"]
    depends_on: {seed: {condition: service_completed_successfully}}
    stop_grace_period: 1s
volumes: {data: {}}
`

// aloneEngine is an engine that nobody else uses, with a preview.
type aloneEngine struct {
	*testing.T
	folder, dir string
	engine      *exec.Cmd
}

func (a *aloneEngine) life() {
	a.must("ip", "link", "set", "lo", "up")
	a.must("mount", "-t", "tmpfs", "run", "/run") // sockets of its own
	data := filepath.Join(a.folder, "docker")
	if err := os.Mkdir(data, 0o700); err != nil {
		a.Fatal(err)
	}
	a.must("mount", "-t", "tmpfs", "docker", data)
	a.Setenv("DOCKER_HOST", "unix:///run/docker.sock")
	a.boot()
	a.Cleanup(a.halt)
	a.checkout()
	link := strings.TrimSpace(offshoot(a.T, a.dir, 0, "up", "--expires", "5d").stdout.String())
	a.Cleanup(func() { offshoot(a.T, a.dir, 0, "down") })

	a.prune("volume")
	a.says("serving", "in 5d", link)
	a.halt()
	a.boot()
	a.answers(link)
	a.says("serving", "in 5d", link)

	a.must("docker", "stop", "-t", "1", a.container("db"))
	a.says("partly down (db)", "offshoot start --branch feature")
	a.must("docker", "stop", "-t", "1", a.container("web"))
	a.says("feature is down: offshoot start --branch feature")
	a.started(link)

	offshoot(a.T, a.dir, 0, "extend", "--expires", "9d")
	offshoot(a.T, a.dir, 0, "stop")
	a.halt()
	a.boot()
	a.prune("volume")
	a.says("asleep", "in 9d")
	if out := a.must("docker", "ps", "-q", "--filter", "label=com.docker.compose.project"); out != "" {
		a.Errorf("of a preview that sleeps, there run after a restart: %s", out)
	}
	a.started(link)
	a.must("docker", "rm", "-f", "offshoot-gateway")
	a.says("no link answers")
	a.started(link)

	offshoot(a.T, a.dir, 0, "stop")
	a.prune("system")
	a.says("broken", "the container of db, the container of web", "offshoot up --branch feature restores it")
	p := offshoot(a.T, a.dir, exitFailed, "start")
	if got := p.stderr.String(); !strings.Contains(got, "somebody removed") ||
		!strings.Contains(got, "hint: offshoot up --branch feature restores the preview") {
		a.Errorf("start says %q", got)
	}
	offshoot(a.T, a.dir, 0, "up")
	a.answers(link)
	a.says("serving")
}

// started starts the preview, which has to answer when that has ended.
func (a *aloneEngine) started(link string) {
	a.Helper()
	if got := strings.TrimSpace(offshoot(a.T, a.dir, 0, "start").stdout.String()); got != link {
		a.Errorf("start prints %q, want %s", got, link)
	}
	if got := get(a.T, link); got != "hello from a tiny shop\n" {
		a.Errorf("after a start the link answers %q", got)
	}
	if got := offshoot(a.T, a.dir, 0, "exec", "db", "--", "/bin/busybox", "cat",
		"/data/file").stdout.String(); got != "kept\n" {
		a.Errorf("after a start the volume has %q", got)
	}
}

func (a *aloneEngine) checkout() {
	a.Helper()
	a.dir = filepath.Join(a.folder, "shop")
	fill(a.T, a.dir, map[string]string{
		"compose.yaml": outlastCompose, "Dockerfile": minimalDockerfile,
		"pg_isready": "#!/bin/busybox sh\nexit 0\n", config.Name: "project: shop\npreview: {database: db}\n",
	})
	git(a.T, a.dir, "init", "-q", "-b", "feature")
	git(a.T, a.dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "--allow-empty", "-m",
		"first")
}

// says holds what list prints, on either stream, against what it has to say.
func (a *aloneEngine) says(wanted ...string) {
	a.Helper()
	p := offshoot(a.T, a.dir, 0, "list")
	for _, want := range wanted {
		if got := p.stdout.String() + p.stderr.String(); !strings.Contains(got, want) {
			a.Errorf("list does not say %q:\n%s", want, got)
		}
	}
}

func (a *aloneEngine) answers(link string) {
	a.Helper()
	host := strings.TrimSuffix(strings.TrimPrefix(link, "http://"), "/")
	_, port, _ := strings.Cut(host, ":")
	a.until("answer of "+link, func() bool {
		request, err := http.NewRequestWithContext(a.Context(), http.MethodGet, "http://127.0.0.1:"+port, nil)
		if err != nil {
			a.Fatal(err)
		}
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})
}

func (a *aloneEngine) container(service string) string {
	a.Helper()
	return strings.TrimSpace(a.must("docker", "ps", "-q", "--filter", "label=com.docker.compose.service="+service))
}

func (a *aloneEngine) prune(what string) { a.must("docker", what, "prune", "-f") }

func (a *aloneEngine) boot() {
	a.Helper()
	a.engine = exec.Command("dockerd", "--data-root", filepath.Join(a.folder, "docker"), "-H",
		"unix:///run/docker.sock")
	log, err := os.Create(filepath.Join(a.folder, "dockerd.log"))
	if err != nil {
		a.Fatal(err)
	}
	defer log.Close()
	a.engine.Stdout, a.engine.Stderr = log, log
	if err := a.engine.Start(); err != nil {
		a.Fatal(err)
	}
	api, err := client.NewClientWithOpts(client.FromEnv)
	if err != nil {
		a.Fatal(err)
	}
	defer api.Close()
	a.until("engine", func() bool {
		_, err := api.Ping(a.Context())
		return err == nil
	})
}

// halt ends the engine, which stops its containers first.
func (a *aloneEngine) halt() {
	a.Helper()
	_ = a.engine.Process.Signal(syscall.SIGTERM)
	_ = a.engine.Wait()
	if content, err := os.ReadFile(filepath.Join(a.folder, "dockerd.log")); a.Failed() && err == nil {
		a.Logf("engine: %s", content)
	}
}

func (a *aloneEngine) until(what string, condition func() bool) {
	a.Helper()
	deadline := time.After(patience)
	for !condition() {
		select {
		case <-deadline:
			a.Fatalf("no %s", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (a *aloneEngine) must(args ...string) string {
	a.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		a.Fatalf("%v: %v: %s", args, err, out)
	}
	return string(out)
}
