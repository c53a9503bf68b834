package provision_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	if err := endShared(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// machineFor is this computer's engine with a gateway of the test's own, for
// what a gateway does and how long it lives.
func machineFor(t *testing.T, name string) provision.Engine {
	t.Helper()
	return provision.Engine{
		Docker: provision.NeedEngine(t), Binary: programPath(t), Gateway: "offshoot-test-" + name, Port: freePort(t),
	}
}

func randomName() string {
	random := make([]byte, 4)
	_, _ = rand.Read(random)
	return "t" + hex.EncodeToString(random)
}

// A fixture is one preview with a compose project of its own.
type fixture struct {
	t       *testing.T
	engine  provision.Engine
	options provision.Options
	events  []provision.Event
}

// composeFile is a shop with its database. Beside that it runs the program of the tests, whose image write names.
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
    image: PROGRAM
    command: [web, ":8000"]
    environment: {GREETING: "${GREETING}"}
    volumes: ["uploads:/uploads"]
    ports: ["8000"]
    depends_on: [db]
volumes: {data: {}, uploads: {}}
`

// lightFile is the same for tests that ask no database anything: what is said to be one only listens.
const lightFile = `
services:
  db: {image: PROGRAM, command: [greet, ":5432", ready]}
  tool: {image: PROGRAM, profiles: [tools], command: [say, done]}
  web:
    image: PROGRAM
    command: [web, ":8000"]
    environment: {GREETING: "${GREETING}"}
    volumes: ["uploads:/uploads"]
    ports: ["8000"]
    depends_on: [db]
volumes: {uploads: {}}
`

const dockerfile = "FROM scratch\nCOPY program /program\nENTRYPOINT [\"/program\"]\n"

// newFixture makes a project whose repository nobody else has, and sees to it
// that nothing of it is left behind. The test runs beside others, on the gateway of all.
func newFixture(t *testing.T, pullRequest int) *fixture {
	t.Helper()
	t.Parallel()
	return fixtureOn(t, sharedMachine(t), randomName(), pullRequest)
}

// newLight is one without a real database.
func newLight(t *testing.T, pullRequest int) *fixture {
	t.Helper()
	f := newFixture(t, pullRequest)
	f.write("compose.yaml", lightFile)
	f.options.Database = "db"
	return f
}

func fixtureOn(t *testing.T, engine provision.Engine, project string, pullRequest int) *fixture {
	t.Helper()
	f := fixtureOf(t, engine, project, pullRequest, t.TempDir())
	f.write("compose.yaml", composeFile)
	return f
}

// alone has a gateway of its own.
func (f *fixture) alone() *fixture {
	f.t.Helper()
	f.engine = machineFor(f.t, f.options.Preview.Project)
	return f
}

// built has web built from the checkout.
func (f *fixture) built() *fixture {
	f.t.Helper()
	f.write("compose.yaml",
		strings.ReplaceAll(f.read("compose.yaml"), "image: "+imageOfProgram(f.t)+"\n", "build: .\n"))
	f.write("Dockerfile", dockerfile)
	f.write("program", read(f.t, programPath(f.t)))
	return f
}

// neighbour is another preview of the same project, on the same gateway.
func (f *fixture) neighbour(pullRequest int) *fixture {
	f.t.Helper()
	other := fixtureOf(f.t, f.engine, f.options.Preview.Project, pullRequest, f.t.TempDir())
	other.write("compose.yaml", f.read("compose.yaml"))
	other.options.Database, other.options.Archive = f.options.Database, f.options.Archive
	other.options.NoTemplate = f.options.NoTemplate
	return other
}

// fixtureOf is a preview of what is in a folder, of which nothing is left after the test.
func fixtureOf(t *testing.T, engine provision.Engine, project string, pullRequest int, folder string) *fixture {
	t.Helper()
	f := lastingOf(t, engine, project, pullRequest, folder)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		_, _ = f.engine.Down(ctx, f.options.Preview, provision.Guard{}, nil)
		f.assertNothingLeft(ctx)
	})
	return f
}

// lastingOf is one that somebody else removes.
func lastingOf(t *testing.T, engine provision.Engine, project string, pullRequest int, folder string) *fixture {
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
	return f
}

func (f *fixture) write(name, content string) string {
	f.t.Helper()
	if name == "compose.yaml" && strings.Contains(content, "PROGRAM") {
		content = strings.ReplaceAll(content, "PROGRAM", imageOfProgram(f.t))
	}
	path := filepath.Join(f.options.Source.Dir, name)
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		f.t.Fatal(err)
	}
	return path
}

func (f *fixture) read(name string) string {
	f.t.Helper()
	return read(f.t, filepath.Join(f.options.Source.Dir, name))
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
