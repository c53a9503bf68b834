package provision_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/provision"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(child())
	}
	code := m.Run()
	if program.path != "" {
		_ = os.RemoveAll(filepath.Dir(program.path))
	}
	os.Exit(code)
}

// machineFor is this computer's engine with a gateway of the test's own, since
// other tests use the same engine at the same time.
func machineFor(t *testing.T, name string) provision.Engine {
	t.Helper()
	engine := provision.NeedEngine(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	return provision.Engine{
		Docker: engine, Binary: programPath(t), Gateway: "offshoot-test-" + name, Port: free.Addr().(*net.TCPAddr).Port,
	}
}

func randomName() string {
	random := make([]byte, 4)
	_, _ = rand.Read(random)
	return "t" + hex.EncodeToString(random)
}

// program is built once for all tests of this run.
var program struct {
	once sync.Once
	path string
	err  error
}

func programPath(t *testing.T) string {
	t.Helper()
	program.once.Do(func() {
		folder, err := os.MkdirTemp("", "offshoot-program-")
		if err != nil {
			program.err = err
			return
		}
		program.path = filepath.Join(folder, "program")
		build := exec.Command("go", "build", "-ldflags=-s -w", "-o", program.path, "./testdata/program")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
		if output, err := build.CombinedOutput(); err != nil {
			program.err = fmt.Errorf("build the program of the tests: %w\n%s", err, output)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return program.path
}

// A fixture is one preview with a compose project of its own.
type fixture struct {
	t       *testing.T
	engine  provision.Engine
	options provision.Options
	events  []provision.Event
}

const composeFile = `
services:
  db:
    image: postgres:15
    environment: {POSTGRES_USER: shop, POSTGRES_PASSWORD: s3cret, POSTGRES_DB: shop, POSTGRES_INITDB_ARGS: --no-sync}
    volumes: ["data:/var/lib/postgresql/data"]
  tool:
    image: postgres:15
    profiles: [tools]
    environment: {PGHOST: db, PGUSER: shop, PGPASSWORD: s3cret, PGDATABASE: shop}
    entrypoint: []
    command: ["true"]
  web:
    build: .
    command: [web, ":8000"]
    environment: {GREETING: "${GREETING}"}
    volumes: ["uploads:/uploads"]
    ports: ["8000"]
    depends_on: [db]
volumes: {data: {}, uploads: {}}
`

const dockerfile = "FROM scratch\nCOPY program /program\nENTRYPOINT [\"/program\"]\n"

// newFixture makes a project whose repository nobody else has, and sees to it
// that nothing of it is left behind. The test runs beside others.
func newFixture(t *testing.T, pullRequest int) *fixture {
	t.Helper()
	t.Parallel()
	project := randomName()
	return fixtureOn(t, machineFor(t, project), project, pullRequest)
}

func fixtureOn(t *testing.T, engine provision.Engine, project string, pullRequest int) *fixture {
	t.Helper()
	f := fixtureOf(t, engine, project, pullRequest, t.TempDir())
	f.write("compose.yaml", composeFile)
	f.write("Dockerfile", dockerfile)
	content, err := os.ReadFile(programPath(t))
	if err != nil {
		t.Fatal(err)
	}
	f.write("program", string(content))
	return f
}

// fixtureOf is a preview of what is in a folder.
func fixtureOf(t *testing.T, engine provision.Engine, project string, pullRequest int, folder string) *fixture {
	t.Helper()
	f := &fixture{t: t, engine: engine}
	preview, err := provision.Identify("example.com/test/"+project, "", pullRequest, "")
	if err != nil {
		t.Fatal(err)
	}
	f.options = provision.Options{
		Preview: preview, Commit: "c0ffee", Version: "test", Timeout: 3 * time.Minute,
		NoTemplate: true, // the tests of templates make some
		Source:     compose.Source{Dir: folder, Env: map[string]string{"GREETING": "one"}},
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		_, _ = f.engine.Down(ctx, preview, provision.Guard{}, nil)
		f.assertNothingLeft(ctx)
	})
	return f
}

func (f *fixture) write(name, content string) string {
	f.t.Helper()
	path := filepath.Join(f.options.Source.Dir, name)
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// archive writes a compressed script with one table of one row.
func (f *fixture) archive(row string) string {
	f.t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	fmt.Fprintf(w,
		"CREATE TABLE public.product (name text NOT NULL);\nCOPY public.product (name) FROM stdin;\n%s\n\\.\n", row)
	if err := w.Close(); err != nil {
		f.t.Fatal(err)
	}
	return f.write("archive-"+row+".sql.gz", b.String())
}

func (f *fixture) tryUp() (*provision.Result, error) {
	f.t.Helper()
	f.events = nil
	return f.engine.Up(f.t.Context(), f.options, func(e provision.Event) { f.events = append(f.events, e) })
}

func (f *fixture) up() *provision.Result {
	f.t.Helper()
	result, err := f.tryUp()
	if err != nil {
		f.t.Fatalf("%v\n%+v", err, f.events)
	}
	return result
}

// get opens a link as a browser on this computer would, which knows that
// every name under localhost is this computer.
func get(t *testing.T, link string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = request.URL.Host
	request.URL.Host = "127.0.0.1:" + request.URL.Port()
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

func (f *fixture) assertServes(link provision.Link, want string) {
	f.t.Helper()
	if status, body := get(f.t, link.URL); status != http.StatusOK || body != want {
		f.t.Errorf("%s answers %d %q, want %q", link.URL, status, body, want)
	}
}

// awaitServes is assertServes for a gateway that is just coming up.
func (f *fixture) awaitServes(link provision.Link, want string) {
	f.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if status, body := get(f.t, link.URL); status == http.StatusOK && body == want {
			return
		}
	}
	f.assertServes(link, want)
}

// sql asks the database of the preview.
func (f *fixture) sql(query string) string {
	f.t.Helper()
	var stdout, stderr bytes.Buffer
	code, err := f.engine.Psql(f.t.Context(), f.options.Preview,
		[]string{"-X", "-A", "-t", "-c", query}, compose.ExecOptions{Stdout: &stdout, Stderr: &stderr})
	if err != nil || code != 0 {
		f.t.Fatalf("%s: exit %d, %v\n%s", query, code, err, stderr.String())
	}
	return strings.TrimSpace(stdout.String())
}

// things are the names of all that the engine has with a label.
func things(ctx context.Context, t *testing.T, e provision.Engine, label string) []string {
	t.Helper()
	api := e.Docker.Client()
	by := filters.NewArgs(filters.Arg("label", label))
	var names []string
	containers, err := api.ContainerList(ctx, container.ListOptions{All: true, Filters: by})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range containers {
		names = append(names, "container "+strings.Join(c.Names, " "))
	}
	volumes, err := api.VolumeList(ctx, volume.ListOptions{Filters: by})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range volumes.Volumes {
		names = append(names, "volume "+v.Name)
	}
	networks, err := api.NetworkList(ctx, network.ListOptions{Filters: by})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range networks {
		names = append(names, "network "+n.Name)
	}
	images, err := api.ImageList(ctx, image.ListOptions{All: true, Filters: by})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range images {
		names = append(names, "image "+strings.Join(i.RepoTags, " ")+" "+i.ID)
	}
	slices.Sort(names)
	return names
}

// assertNothingLeft fails when anything of the preview is on the engine, or
// the gateway without any preview.
func (f *fixture) assertNothingLeft(ctx context.Context) {
	f.t.Helper()
	if left := things(ctx, f.t, f.engine, "dev.offshoot.preview="+f.options.Preview.ID); len(left) > 0 {
		f.t.Errorf("left behind: %q", left)
	}
	if len(things(ctx, f.t, f.engine, "dev.offshoot.via="+f.engine.Gateway)) > 0 {
		return // it has another preview
	}
	if left := things(ctx, f.t, f.engine, "dev.offshoot.gateway="+f.engine.Gateway); len(left) > 0 {
		f.t.Errorf("the gateway is left behind: %q", left)
	}
}
