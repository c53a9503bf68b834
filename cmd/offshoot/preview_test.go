package main

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/provision"
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

// missing skips a test on a laptop, and fails it where everything has to be.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

func needEngine(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a docker engine")
	}
	engine, err := compose.Connect(t.Context())
	if err != nil {
		missing(t, "no docker engine: %v", err)
	}
	defer engine.Close()
	if _, err := engine.Client().ImageInspect(t.Context(), postgresImage); err != nil {
		missing(t, "no image %s: run testdata/machine/postgres-image", postgresImage)
	}
}

// tiny makes a checkout with a small compose project under a name that nobody
// else has, and sees to it that nothing of it stays.
func tiny(t *testing.T) (dir string) {
	t.Helper()
	needEngine(t)
	dir = t.TempDir()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		missing(t, "no busybox: %v", err)
	}
	program, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"compose.yaml": tinyCompose, "Dockerfile": tinyDockerfile, "archive.sql": tinyArchive,
		"www/index.html": "hello from a tiny shop\n",
		"busybox":        string(program), ".dockerignore": "cache\n",
		config.Name: fmt.Sprintf("project: %s\npreview:\n  migrate: {service: tool}\n", projectName(dir)),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, "init", "-q", "-b", "feature")
	git(t, dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "--allow-empty", "-m", "first")
	t.Cleanup(func() {
		offshoot(t, dir, 0, "down", "--all")
		if left := ours(t, dir); len(left) > 0 {
			t.Errorf("left on the engine: %q", left)
		}
	})
	return dir
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

// ours lists what the engine holds of the project in dir, by labels.
func ours(t *testing.T, dir string) []string {
	t.Helper()
	return labelled(t, "dev.offshoot.repository="+dir)
}

// labelled lists what bears a label on the engine.
func labelled(t *testing.T, label string) []string {
	t.Helper()
	var found []string
	label = "label=" + label
	for _, args := range [][]string{
		{"ps", "-a", "--format", "container {{.Names}}"},
		{"network", "ls", "--format", "network {{.Name}}"},
		{"volume", "ls", "--format", "volume {{.Name}}"},
		{"images", "-a", "--format", "image {{.Repository}}:{{.Tag}}"},
	} {
		output, err := exec.Command("docker", append(args, "--filter", label)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, strings.Fields(strings.ReplaceAll(string(output), " ", "-"))...)
	}
	slices.Sort(found)
	return found
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

func TestPreview_WholeLife(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	up := offshoot(t, dir, 0, "up", "--archive", "archive.sql")
	link := strings.TrimSpace(up.stdout.String())
	if want := "http://feature." + projectName(dir) + ".localhost:"; !strings.HasPrefix(link, want) {
		t.Fatalf("stdout is %q, want a link that starts with %s", link, want)
	}
	if strings.Contains(up.stderr.String(), "\x1b") || strings.Contains(up.stderr.String(), "hunter2") {
		t.Errorf("control codes or a password in %q", up.stderr.String())
	}
	for _, want := range []string{
		"...  build and pull", "ok   load archive", "(offshoot up -v lists them)",
		"| ALTER TABLE", "     expires ",
	} {
		if !strings.Contains(up.stderr.String(), want) {
			t.Errorf("stderr does not say %q:\n%s", want, up.stderr.String())
		}
	}
	if got := get(t, link); got != "hello from a tiny shop\n" {
		t.Errorf("the link answers %q", got)
	}

	list := offshoot(t, dir, 0, "list").stdout.String()
	if !strings.Contains(list, "feature") || !strings.Contains(list, git(t, dir, "rev-parse", "HEAD")[:10]) ||
		!strings.Contains(list, link) {
		t.Errorf("list prints\n%s", list)
	}
	if got := offshoot(t, dir, 0, "extend", "--expires", "7d").stderr.String(); !strings.Contains(got,
		"feature expires in 7d") || !strings.Contains(offshoot(t, dir, 0, "list").stdout.String(), "in 7d") {
		t.Errorf("extend says %q", got)
	}
	if got := offshoot(t, dir, 0, "open").stdout.String(); strings.TrimSpace(got) != link {
		t.Errorf("open prints %q", got)
	}
	if got := offshoot(t, dir, 0, "psql", "--", "-Atc",
		"SELECT count(*), count(paid) FROM orders").stdout.String(); got != "7|0\n" {
		t.Errorf("psql prints %q", got)
	}
	if got := offshoot(t, dir, 0, "exec", "web", "--", "/bin/busybox", "echo", "a b",
		"$HOME").stdout.String(); got != "a b $HOME\n" {
		t.Errorf("exec prints %q", got)
	}
	offshoot(t, dir, 7, "exec", "web", "--", "/bin/busybox", "sh", "-c", "exit 7")
	usesAShell(t, dir, os.Environ(), "exec", "web", "--")
	offshoot(t, dir, 12, "exec", "nope", "--", "true")
	if got := offshoot(t, dir, 0, "logs", "--tail", "2", "db").stdout.String(); strings.Count(got, "\n") != 2 ||
		!strings.HasPrefix(got, "db") {
		t.Errorf("logs print %q", got)
	}
	for _, args := range [][]string{
		{"logs", "--pr", "99"},
		{"exec", "--pr", "99", "web", "--", "true"},
		{"psql", "--pr", "99"},
		{"open", "--pr", "99"},
		{"extend", "--pr", "99"},
	} {
		p := offshoot(t, dir, 10, args...)
		if !strings.Contains(p.stderr.String(), "no such preview") {
			t.Errorf("%q says %q", args, p.stderr.String())
		}
	}
	restAndGoOn(t, dir, link)
	updateAndRemove(t, dir, link)
}

// restAndGoOn stops the preview, which keeps its data, and starts it again.
func restAndGoOn(t *testing.T, dir, link string) {
	t.Helper()
	offshoot(t, dir, 0, "psql", "--", "-c", "INSERT INTO orders VALUES (8)")
	for range 2 {
		if got := offshoot(t, dir, 0, "stop").stderr.String(); !strings.Contains(got,
			"feature is stopped: offshoot start or up") {
			t.Errorf("stop says %q", got)
		}
	}
	if got := get(t, link); !strings.Contains(got, "is asleep") {
		t.Errorf("while it is stopped, the link answers %q", got)
	}
	if got := offshoot(t, dir, 0, "list").stdout.String(); !strings.Contains(got, "asleep") {
		t.Errorf("list prints\n%s", got)
	}
	if out, err := exec.Command("docker", "ps", "-q", "--filter", "label=dev.offshoot.repository="+dir, "--filter",
		"label=com.docker.compose.project").Output(); err != nil || len(out) > 0 {
		t.Errorf("%v, still runs: %s", err, out)
	}
	for range 2 {
		if got := offshoot(t, dir, 0, "start").stdout.String(); strings.TrimSpace(got) != link {
			t.Errorf("start prints %q", got)
		}
	}
	orders := func() string {
		p := start(t, dir, nil, "psql", "--", "-Atc", "SELECT count(*) FROM orders")
		p.ends()
		return p.stdout.String()
	}
	// A start waits until all is ready.
	if page, rows := get(t, link), orders(); page != "hello from a tiny shop\n" || rows != "8\n" {
		t.Fatalf("after start, the link answers %q, and there are %q orders, want 8", page, rows)
	}
}

// updateAndRemove goes on with a second up, which resets the data, one that
// keeps it, and the end.
func updateAndRemove(t *testing.T, dir, link string) {
	t.Helper()
	offshoot(t, dir, 0, "psql", "--", "-c", "DELETE FROM orders")
	write(t, filepath.Join(dir, "www/index.html"), "hello again\n")
	second := offshoot(t, dir, 0, "up", "--archive", "archive.sql", "--expires", "never", "--json")
	var document struct {
		Version int
		Command string
		Exit    int
		Result  provision.Result
	}
	if err := json.Unmarshal(second.stdout.Bytes(), &document); err != nil {
		t.Fatalf("--json prints %q: %v", second.stdout.String(), err)
	}
	if document.Version != 1 || document.Command != "up" || document.Result.Generation != 2 ||
		document.Result.Links[0].URL != link {
		t.Errorf("--json prints %s", second.stdout.String())
	}
	if got := get(t, link); got != "hello again\n" {
		t.Errorf("after the second up the link answers %q", got)
	}
	if got := offshoot(t, dir, 0, "psql", "--", "-Atc", "SELECT count(*) FROM orders").stdout.String(); got != "7\n" {
		t.Errorf("after the second up there are %q orders, want the archive's 7", got)
	}
	if got := offshoot(t, dir, 0, "down").stderr.String(); !strings.Contains(got, "removed 3 containers") {
		t.Errorf("down says %q", got)
	}
	if diff := cmp.Diff([]string(nil), ours(t, dir)); diff != "" {
		t.Errorf("after down: %s", diff)
	}
	if got := offshoot(t, dir, 0, "down").stderr.String(); !strings.Contains(got, "nothing to remove") {
		t.Errorf("the second down says %q", got)
	}
}

func TestPreview_AFailedMigrationShowsItsEndAndLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	write(t, filepath.Join(dir, "archive.sql"), tinyArchive+"ALTER TABLE orders ADD COLUMN paid text;\n")
	p := offshoot(t, dir, 3, "up", "--archive", "archive.sql")
	for _, want := range []string{
		"fail migrate", `| ERROR:  column "paid" of relation "orders" already exists`,
		"offshoot: up feature: migrate: tool: ",
	} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("stderr does not say %q:\n%s", want, p.stderr.String())
		}
	}
	if p.stdout.Len() > 0 {
		t.Errorf("stdout is %q", p.stdout.String())
	}
	if left := ours(t, dir); len(left) > 0 {
		t.Errorf("left on the engine: %q", left)
	}
}

func TestPreview_WhatServesGoesOnWhenAnUpdateFails(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	link := strings.TrimSpace(offshoot(t, dir, 0, "up", "--archive", "archive.sql").stdout.String())
	offshoot(t, dir, 0, "psql", "--", "-c", "DELETE FROM orders WHERE id > 2")
	before := ours(t, dir)
	for _, c := range []struct {
		name, file, content string
		timeout             string // short only where it is waited for
		says                string
	}{
		{"build", "Dockerfile", "FROM scratch\nCOPY nowhere /nowhere\n", "5m", "fail build and pull"},
		{"archive", "archive.sql", "CREATE TABLE orders (id int);\nSELECT nope;\n", "5m", "fail load archive"},
		{"migration", "archive.sql", tinyArchive + "ALTER TABLE orders ADD COLUMN paid text;\n", "5m", "fail migrate"},
		{"service", "Dockerfile", strings.Replace(tinyDockerfile, "8000", "8001", 1), "25s", "fail wait until ready"},
	} {
		path := filepath.Join(dir, c.file)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, c.content)
		p := start(t, dir, nil, "up", "--archive", "archive.sql", "--timeout", c.timeout)
		if got := p.ends(); got != 3 || !strings.Contains(p.stderr.String(), c.says) {
			t.Errorf("%s: exit code %d, want 3 and %q: %s", c.name, got, c.says, p.stderr.String())
		}
		if got := get(t, link); got != "hello from a tiny shop\n" {
			t.Errorf("%s: after it the link answers %q", c.name, got)
		}
		if diff := cmp.Diff(before, ours(t, dir)); diff != "" {
			t.Errorf("%s: the engine before (-) and after (+): %s", c.name, diff)
		}
		write(t, path, string(whole))
	}
	if got := offshoot(t, dir, 0, "psql", "--", "-Atc", "SELECT count(*) FROM orders").stdout.String(); got != "2\n" {
		t.Errorf("the data that served is %q orders, want the 2 left", got)
	}
}

func TestPreview_TwoSideBySideShareNothing(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	one := start(t, dir, nil, "up", "--pr", "1", "--archive", "archive.sql")
	two := start(t, dir, nil, "up", "--pr", "2", "--archive", "archive.sql")
	for _, p := range []*process{one, two} {
		if got := p.ends(); got != 0 {
			t.Fatalf("exit code %d: %s", got, p.stderr.String())
		}
	}
	links := []string{strings.TrimSpace(one.stdout.String()), strings.TrimSpace(two.stdout.String())}
	if links[0] == links[1] {
		t.Fatalf("both are at %s", links[0])
	}
	for _, link := range links {
		if got := get(t, link); got != "hello from a tiny shop\n" {
			t.Errorf("%s answers %q", link, got)
		}
	}
	offshoot(t, dir, 0, "psql", "--pr", "1", "--", "-c", "DELETE FROM orders")
	if got := offshoot(t, dir, 0, "psql", "--pr", "2", "--", "-Atc",
		"SELECT count(*) FROM orders").stdout.String(); got != "7\n" {
		t.Errorf("deleting in the one leaves %q orders in the other", got)
	}
	address := strings.TrimSpace(offshoot(t, dir, 0, "psql", "--pr", "2", "--", "-Atc",
		"SELECT pg_read_file('/etc/hosts')").stdout.String())
	ip := strings.Fields(address[strings.LastIndex(address, "\n")+1:])[0]
	reach := start(t, dir, nil, "exec", "--pr", "1", "db", "--", "pg_isready", "-t", "2", "-h", ip)
	if got := reach.ends(); got != 2 {
		t.Errorf("from the one, the other's database at %s: pg_isready ends with %d, want 2 (no response): %s", ip,
			got, reach.stdout.String())
	}
	offshoot(t, dir, 0, "down", "--pr", "1")
	if got := get(t, links[1]); got != "hello from a tiny shop\n" {
		t.Errorf("without the one, the other answers %q", got)
	}
	offshoot(t, dir, 10, "psql", "--pr", "1")
}

func TestPreview_KeepsDataOnRequest(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	write(t, filepath.Join(dir, config.Name), fmt.Sprintf("project: %s\n", projectName(dir)))
	offshoot(t, dir, 0, "up", "--archive", "archive.sql")
	offshoot(t, dir, 0, "psql", "--", "-c", "DELETE FROM orders WHERE id > 2")
	p := offshoot(t, dir, 0, "up", "--keep-data", "--json")
	if !strings.Contains(p.stdout.String(), `"kept_data": true`) {
		t.Errorf("the document is %s", p.stdout.String())
	}
	if got := offshoot(t, dir, 0, "psql", "--", "-Atc", "SELECT count(*) FROM orders").stdout.String(); got != "2\n" {
		t.Errorf("%q orders, want the 2 left", got)
	}
}

func TestPreview_LeavesAFailedOneForALookOnRequest(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	write(t, filepath.Join(dir, "archive.sql"), tinyArchive+"ALTER TABLE orders ADD COLUMN paid text;\n")
	p := offshoot(t, dir, 3, "up", "--pr", "4", "--archive", "archive.sql", "--keep")
	if !strings.Contains(p.stderr.String(), "left as it is, on request") {
		t.Errorf("stderr says %s", p.stderr.String())
	}
	if got := offshoot(t, dir, 0, "list").stdout.String(); !strings.Contains(got, "incomplete") {
		t.Errorf("list prints %s", got)
	}
	if got := offshoot(t, dir, 0, "down", "--all", "--json").stdout.String(); !strings.Contains(got,
		`"containers": [`) {
		t.Errorf("down prints %s", got)
	}
}

func TestPreview_OpensTheBrowserWhereThereIsAScreen(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	link := strings.TrimSpace(offshoot(t, dir, 0, "up", "--archive", "archive.sql").stdout.String())
	bin := t.TempDir()
	opener := "#!/bin/sh\nprintf %s \"$1\" >" + filepath.Join(bin, "opened") + "\n"
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), []byte(opener), 0o755); err != nil {
		t.Fatal(err)
	}
	// host looks programs up in offshoot's own PATH.
	path := "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")
	if p := start(t, dir, []string{"DISPLAY=:9", path}, "open"); p.ends() != 0 {
		t.Fatalf("open: %s", p.stderr.String())
	}
	if opened, err := os.ReadFile(filepath.Join(bin, "opened")); err != nil || string(opened) != link {
		t.Errorf("opened %q, %v, want %s", opened, err, link)
	}
	write(t, filepath.Join(bin, "xdg-open"), "#!/bin/sh\nexit 3\n")
	p := start(t, dir, []string{"DISPLAY=:9", path}, "open")
	if got := p.ends(); got != 0 || !strings.Contains(p.stderr.String(), "no browser opened") ||
		strings.TrimSpace(p.stdout.String()) != link {
		t.Errorf("exit code %d: %s%s", got, p.stdout.String(), p.stderr.String())
	}
}

func TestPreview_TwoUpsAtOnce(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	first := start(t, dir, nil, "up", "--archive", "archive.sql")
	if !first.says("...  gateway") {
		t.Fatalf("ended early: %s", first.stderr.String())
	}
	second := offshoot(t, dir, 11, "up", "--archive", "archive.sql")
	if want := fmt.Sprintf("pid %d", first.cmd.Process.Pid); !strings.Contains(second.stderr.String(), want) {
		t.Errorf("the second one does not say who holds the lock (%s): %s", want, second.stderr.String())
	}
	if got := first.ends(); got != 0 {
		t.Errorf("the first one ends with %d: %s", got, first.stderr.String())
	}
	if got := get(t, strings.TrimSpace(first.stdout.String())); got != "hello from a tiny shop\n" {
		t.Errorf("its link answers %q", got)
	}
}

func TestPreview_KilledDownRemovesEverything(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	// Package provision dies at every step.
	for _, step := range []string{"build and pull", "load archive", "route"} {
		p := start(t, dir, nil, "up", "--archive", "archive.sql")
		if !p.says("...  " + step + "\n") {
			t.Fatalf("never came to %s: %s", step, p.stderr.String())
		}
		p.signal(syscall.SIGKILL)
		p.ends()
		offshoot(t, dir, 0, "down")
		if left := ours(t, dir); len(left) > 0 {
			t.Errorf("killed at %s, down leaves %q", step, left)
		}
	}
}

func TestPreview_InterruptedCleansUpItself(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	for _, step := range []string{"database", "wait until ready"} {
		p := start(t, dir, nil, "up", "--archive", "archive.sql")
		if !p.says("...  " + step + "\n") {
			t.Fatalf("never came to %s: %s", step, p.stderr.String())
		}
		p.signal(os.Interrupt)
		if got := p.ends(); got != 130 {
			t.Errorf("interrupted at %s: exit code %d, want 130\n%s", step, got, p.stderr.String())
		}
		if !strings.HasSuffix(p.stderr.String(), "offshoot: interrupted\n") {
			t.Errorf("the last words are %q", p.stderr.String())
		}
		if left := ours(t, dir); len(left) > 0 {
			t.Errorf("interrupted at %s, left: %q", step, left)
		}
	}
}

func TestPreview_UpMakesItsOwnSubset(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	pgtest.Exec(t, source,
		"CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 1000); ANALYZE")
	dir := tiny(t)
	p := start(t, dir, []string{"OFFSHOOT_SOURCE=" + source}, "up", "--pr", "7")
	if got := p.ends(); got != 0 {
		t.Fatalf("exit code %d: %s", got, p.stderr.String())
	}
	if !strings.Contains(p.stderr.String(), "no column is masked") {
		t.Errorf("unmasked rows are not said: %s", p.stderr.String())
	}
	if got := offshoot(t, dir, 0, "psql", "--pr", "7", "--", "-Atc",
		"SELECT count(*) BETWEEN 60 AND 90 FROM orders").stdout.String(); got != "t\n" {
		t.Errorf("psql prints %q", got)
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "cache", "offshoot")); err == nil && len(entries) > 0 {
		t.Errorf("rows of production stay in %v", entries)
	}
}
