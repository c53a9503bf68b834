package main

import (
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
)

const postgresImage = "postgres:15"

const tinyCompose = `
services:
  db:
    image: postgres:15
    environment: {POSTGRES_USER: shop, POSTGRES_PASSWORD: hunter2hunter2, POSTGRES_DB: shop}
  tool:
    image: postgres:15
    profiles: [tools]
    environment: {PGHOST: db, PGUSER: shop, PGPASSWORD: hunter2hunter2, PGDATABASE: shop}
    entrypoint: []
    command: [psql, -X, -v, ON_ERROR_STOP=1, -c, "ALTER TABLE orders ADD COLUMN paid boolean"]
  web:
    build: .
    ports: ["8000"]
    depends_on: [db]
    stop_grace_period: 1s
`

const tinyDockerfile = `FROM scratch
COPY busybox /bin/busybox
COPY www /www
CMD ["/bin/busybox", "httpd", "-f", "-p", "8000", "-h", "/www"]
`

const tinyArchive = `CREATE TABLE orders (id int PRIMARY KEY);
INSERT INTO orders SELECT generate_series(1, 7);
`

const (
	tinyPreview = "preview: {migrate: {service: tool}, rehearse: false}\n"
	// onceTiny keeps no template, which costs more than it saves where no other preview begins with the same rows.
	onceTiny = "preview: {migrate: {service: tool}, rehearse: false, keep_templates: 0}\n"
)

// minimalCompose is one container that says it is a database too, and serves the same page: a preview of it costs the
// engine two starts in place of seven. What nothing is claimed of a database is tested with it.
const minimalCompose = `
services:
  web: {build: ., ports: ["8000"], stop_signal: SIGKILL}
  tool:
    build: .
    profiles: [tools]
    command: [/bin/busybox, sh, -c, "echo 'ERROR:  column \"paid\" of relation \"orders\" already exists' >&2; exit 1"]
`

const minimalDockerfile = tinyDockerfile + "COPY --chmod=755 pg_isready /bin/pg_isready\n"

// tiny makes a checkout with a small compose project under a name that nobody else has, and sees to it that nothing of
// it stays.
func tiny(t *testing.T) (dir string) {
	t.Helper()
	dir = newCheckout(t, map[string]string{
		"compose.yaml": tinyCompose, "Dockerfile": tinyDockerfile, "archive.sql": tinyArchive,
	})
	configure(t, dir, tinyPreview)
	return dir
}

// minimal makes one like tiny, with the least that is a preview and no archive.
func minimal(t *testing.T, preview string) (dir string) {
	t.Helper()
	dir = newCheckout(t, map[string]string{
		"compose.yaml": minimalCompose, "Dockerfile": minimalDockerfile,
		"pg_isready": "#!/bin/busybox sh\nexit 0\n",
	})
	configure(t, dir, "preview: {database: web"+preview+"}\n")
	return dir
}

func newCheckout(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	needEngine(t)
	keepGateway(t)
	dir = t.TempDir()
	fill(t, dir, files)
	git(t, dir, "init", "-q", "-b", "feature")
	git(t, dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "--allow-empty", "-m", "first")
	t.Cleanup(func() {
		if len(ours(t, dir)) == 0 {
			return
		}
		offshoot(t, dir, 0, "down", "--all")
		if left := ours(t, dir); len(left) > 0 {
			t.Errorf("left on the engine: %q", left)
		}
	})
	return dir
}

// fill writes files, and those that each stack here has.
func fill(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		missing(t, "no busybox: %v", err)
	}
	program, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	files["busybox"], files["www/index.html"], files[".dockerignore"] = string(program), "hello from a tiny shop\n",
		"cache\n"
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// configure has the checkout's configuration be of its project, and this.
func configure(t *testing.T, dir, text string) {
	t.Helper()
	write(t, filepath.Join(dir, config.Name), "project: "+projectName(dir)+"\n"+text)
}

// projectName is unique to a test's folder, and short enough to stay as it is.
func projectName(dir string) string {
	return fmt.Sprintf("t%08x", crc32.ChecksumIEEE([]byte(dir)))
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}

// get asks the gateway as a browser would.
func get(t *testing.T, link string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = request.URL.Host
	request.URL.Host = "127.0.0.1:" + request.URL.Port()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
