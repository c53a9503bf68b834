package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/provision"
)

// One preview shows in turn what is claimed of previews that serve: to make one for each claim would take most of the
// time. Each leaves it serving, so that the next holds whether it was tried before or not.
func TestPreview_WholeLife(t *testing.T) {
	t.Parallel()
	l := &life{dir: tiny(t), page: "hello from a tiny shop\n", generation: 1}
	l.begin(t)
	for _, claim := range []struct {
		name string
		of   func(*testing.T)
	}{
		{"UpPrintsTheLinkAndWhatItDid", l.upPrintsTheLink},
		{"TwoUpsAtOnce", l.twoUpsAtOnce},
		{"CommandsTellOfIt", l.commandsTellOfIt},
		{"ExplainPlansOnItsMigratedSchema", l.explains},
		{"CommandsSayThatAnotherIsNotThere", l.anotherIsNotThere},
		{"OpensTheBrowserWhereThereIsAScreen", l.opensTheBrowser},
		{"RestsAndGoesOn", l.restsAndGoesOn},
		{"WhatServesGoesOnWhenAnUpdateFails", l.goesOnWhenAnUpdateFails},
		{"KeepsDataOnRequest", l.keepsData},
		{"TwoSideBySideShareNothing", l.twoSideBySide},
		{"DownRemovesEverything", l.down},
	} {
		if l.answer(t) != l.page {
			t.Fatalf("before %s the link answers %q", claim.name, l.answer(t))
		}
		t.Run(claim.name, claim.of)
	}
}

// life is a preview, and how it began.
type life struct {
	dir, link, page string
	generation      int
	first, refused  *process
}

func (l *life) answer(t *testing.T) string {
	t.Helper()
	return get(t, l.link)
}

// begin brings the preview up, and tries to do it again meanwhile.
func (l *life) begin(t *testing.T) {
	t.Helper()
	l.first = start(t, l.dir, nil, "up", "--archive", "archive.sql")
	if !l.first.says("...  gateway") {
		t.Fatalf("ended early: %s", l.first.stderr.String())
	}
	l.refused = start(t, l.dir, nil, "up", "--archive", "archive.sql")
	l.refused.ends()
	if code := l.first.ends(); code != 0 {
		t.Fatalf("exit code %d: %s", code, l.first.stderr.String())
	}
	l.link = strings.TrimSpace(l.first.stdout.String())
}

func (l *life) upPrintsTheLink(t *testing.T) {
	if want := "http://feature." + projectName(l.dir) + ".localhost:"; !strings.HasPrefix(l.link, want) {
		t.Errorf("stdout is %q, want a link that starts with %s", l.link, want)
	}
	said := l.first.stderr.String()
	if strings.Contains(said, "\x1b") || strings.Contains(said, "hunter2") {
		t.Errorf("control codes or a password in %q", said)
	}
	for _, want := range []string{
		"...  build and pull", "ok   load archive", "(offshoot up -v lists them)",
		"| ALTER TABLE", "     expires ",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("stderr does not say %q:\n%s", want, said)
		}
	}
}

func (l *life) twoUpsAtOnce(t *testing.T) {
	if code := l.refused.ends(); code != exitLocked {
		t.Errorf("the second one ends with %d, want %d", code, exitLocked)
	}
	if want := fmt.Sprintf("pid %d", l.first.cmd.Process.Pid); !strings.Contains(l.refused.stderr.String(), want) {
		t.Errorf("the second one does not say who holds the lock (%s): %s", want, l.refused.stderr.String())
	}
}

func (l *life) commandsTellOfIt(t *testing.T) {
	list := offshoot(t, l.dir, 0, "list").stdout.String()
	if !strings.Contains(list, "feature") || !strings.Contains(list, git(t, l.dir, "rev-parse", "HEAD")[:10]) ||
		!strings.Contains(list, l.link) {
		t.Errorf("list prints\n%s", list)
	}
	if got := offshoot(t, l.dir, 0, "extend", "--expires", "7d").stderr.String(); !strings.Contains(got,
		"feature expires in 7d") || !strings.Contains(offshoot(t, l.dir, 0, "list").stdout.String(), "in 7d") {
		t.Errorf("extend says %q", got)
	}
	if got := offshoot(t, l.dir, 0, "open").stdout.String(); strings.TrimSpace(got) != l.link {
		t.Errorf("open prints %q", got)
	}
	if got := l.sql(t, "SELECT count(*), count(paid) FROM orders"); got != "7|0\n" {
		t.Errorf("psql prints %q", got)
	}
	if got := offshoot(t, l.dir, 0, "exec", "web", "--", "/bin/busybox", "echo", "a b",
		"$HOME").stdout.String(); got != "a b $HOME\n" {
		t.Errorf("exec prints %q", got)
	}
	offshoot(t, l.dir, 7, "exec", "web", "--", "/bin/busybox", "sh", "-c", "exit 7")
	usesAShell(t, l.dir, os.Environ(), "exec", "web", "--")
	offshoot(t, l.dir, 12, "exec", "nope", "--", "true")
	if got := offshoot(t, l.dir, 0, "logs", "--tail", "2", "db").stdout.String(); strings.Count(got, "\n") != 2 ||
		!strings.HasPrefix(got, "db") {
		t.Errorf("logs print %q", got)
	}
}

func (l *life) anotherIsNotThere(t *testing.T) {
	for _, args := range [][]string{
		{"logs", "--pr", "99"},
		{"exec", "--pr", "99", "web", "--", "true"},
		{"psql", "--pr", "99"},
		{"open", "--pr", "99"},
		{"extend", "--pr", "99"},
	} {
		p := offshoot(t, l.dir, 10, args...)
		if !strings.Contains(p.stderr.String(), "no such preview") {
			t.Errorf("%q says %q", args, p.stderr.String())
		}
	}
}

func (l *life) opensTheBrowser(t *testing.T) {
	bin := t.TempDir()
	opener := "#!/bin/sh\nprintf %s \"$1\" >" + filepath.Join(bin, "opened") + "\n"
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), []byte(opener), 0o755); err != nil {
		t.Fatal(err)
	}
	// host looks programs up in offshoot's own PATH.
	path := "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")
	if p := start(t, l.dir, []string{"DISPLAY=:9", path}, "open"); p.ends() != 0 {
		t.Fatalf("open: %s", p.stderr.String())
	}
	if opened, err := os.ReadFile(filepath.Join(bin, "opened")); err != nil || string(opened) != l.link {
		t.Errorf("opened %q, %v, want %s", opened, err, l.link)
	}
	write(t, filepath.Join(bin, "xdg-open"), "#!/bin/sh\nexit 3\n")
	p := start(t, l.dir, []string{"DISPLAY=:9", path}, "open")
	if got := p.ends(); got != 0 || !strings.Contains(p.stderr.String(), "no browser opened") ||
		strings.TrimSpace(p.stdout.String()) != l.link {
		t.Errorf("exit code %d: %s%s", got, p.stdout.String(), p.stderr.String())
	}
}

// restsAndGoesOn stops the preview, which keeps its data, and starts it again.
func (l *life) restsAndGoesOn(t *testing.T) {
	l.sql(t, "INSERT INTO orders VALUES (8)")
	for range 2 {
		if got := offshoot(t, l.dir, 0, "stop").stderr.String(); !strings.Contains(got,
			"feature is stopped: offshoot start or up") {
			t.Errorf("stop says %q", got)
		}
	}
	if got := l.answer(t); !strings.Contains(got, "is asleep") {
		t.Errorf("while it is stopped, the link answers %q", got)
	}
	if got := offshoot(t, l.dir, 0, "list").stdout.String(); !strings.Contains(got, "asleep") {
		t.Errorf("list prints\n%s", got)
	}
	for _, c := range containers(t, "dev.offshoot.repository="+l.dir, "com.docker.compose.project") {
		if c.State == "running" {
			t.Errorf("still runs: %q", c.Names)
		}
	}
	for range 2 {
		if got := offshoot(t, l.dir, 0, "start").stdout.String(); strings.TrimSpace(got) != l.link {
			t.Errorf("start prints %q", got)
		}
	}
	// A start waits until all is ready.
	if page, rows := l.answer(t), l.sql(t, "SELECT count(*) FROM orders"); page != l.page || rows != "8\n" {
		t.Fatalf("after start, the link answers %q, and there are %q orders, want 8", page, rows)
	}
}

func (l *life) goesOnWhenAnUpdateFails(t *testing.T) {
	l.sql(t, "DELETE FROM orders WHERE id > 2")
	before := ours(t, l.dir)
	for _, c := range []struct {
		name, file, content string
		says                []string
	}{
		{"build", "Dockerfile", "FROM scratch\nCOPY nowhere /nowhere\n", []string{"fail build and pull"}},
		{"archive", "archive.sql", "CREATE TABLE orders (id int);\nSELECT nope;\n", []string{"fail load archive"}},
		{"migration", "compose.yaml", strings.ReplaceAll(tinyCompose, "COLUMN paid", "COLUMN id"), []string{
			"fail migrate", `| ERROR:  column "id" of relation "orders" already exists`,
			"offshoot: up feature: migrate: tool: ",
		}},
		{"service", "Dockerfile", tinyDockerfile + "CMD [\"/bin/busybox\", \"false\"]\n", []string{
			"fail wait until ready",
		}},
	} {
		path := filepath.Join(l.dir, c.file)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, c.content)
		p := start(t, l.dir, nil, "up", "--archive", "archive.sql")
		code := p.ends()
		write(t, path, string(whole))
		for _, says := range c.says {
			if code != 3 || !strings.Contains(p.stderr.String(), says) || p.stdout.Len() > 0 {
				t.Errorf("%s: exit code %d, want 3 and %q: %s%s", c.name, code, says, p.stderr.String(),
					p.stdout.String())
			}
		}
		if got := l.answer(t); got != l.page {
			t.Errorf("%s: after it the link answers %q", c.name, got)
		}
		if diff := cmp.Diff(before, ours(t, l.dir)); diff != "" {
			t.Errorf("%s: the engine before (-) and after (+): %s", c.name, diff)
		}
	}
	if got := l.sql(t, "SELECT count(*) FROM orders"); got != "2\n" {
		t.Errorf("the data that served is %q orders, want the 2 left", got)
	}
}

func (l *life) keepsData(t *testing.T) {
	l.sql(t, "DELETE FROM orders WHERE id > 2")
	configure(t, l.dir, "") // what has been migrated is not to be migrated again
	p := offshoot(t, l.dir, 0, "up", "--keep-data", "--json")
	configure(t, l.dir, tinyPreview)
	l.generation++
	if !strings.Contains(p.stdout.String(), `"kept_data": true`) {
		t.Errorf("the document is %s", p.stdout.String())
	}
	if got := l.sql(t, "SELECT count(*) FROM orders"); got != "2\n" {
		t.Errorf("%q orders, want the 2 left", got)
	}
}

// twoSideBySide updates the preview, which resets its data, while another one of the checkout comes up.
func (l *life) twoSideBySide(t *testing.T) {
	l.sql(t, "DELETE FROM orders")
	l.page = "hello again\n"
	write(t, filepath.Join(l.dir, "www/index.html"), l.page)
	second := start(t, l.dir, nil, "up", "--archive", "archive.sql", "--expires", "never", "--json")
	other := start(t, l.dir, nil, "up", "--pr", "1", "--archive", "archive.sql")
	for _, p := range []*process{second, other} {
		if got := p.ends(); got != 0 {
			t.Fatalf("exit code %d: %s", got, p.stderr.String())
		}
	}
	l.generation++
	var document struct {
		Version int
		Command string
		Exit    int
		Result  provision.Result
	}
	if err := json.Unmarshal(second.stdout.Bytes(), &document); err != nil {
		t.Fatalf("--json prints %q: %v", second.stdout.String(), err)
	}
	if document.Version != 1 || document.Command != "up" || document.Result.Generation != l.generation ||
		document.Result.Links[0].URL != l.link {
		t.Errorf("--json prints %s", second.stdout.String())
	}
	link := strings.TrimSpace(other.stdout.String())
	if link == l.link || l.answer(t) != l.page || get(t, link) != l.page {
		t.Errorf("%s answers %q, %s answers %q", l.link, l.answer(t), link, get(t, link))
	}
	offshoot(t, l.dir, 0, "psql", "--pr", "1", "--", "-c", "DELETE FROM orders")
	if got := l.sql(t, "SELECT count(*) FROM orders"); got != "7\n" {
		t.Errorf("after the second up, and deleting in the other, there are %q orders, want the archive's 7", got)
	}
	l.isOutOfReach(t, "--pr", "1")
	offshoot(t, l.dir, 0, "down", "--pr", "1")
	if got := l.answer(t); got != l.page {
		t.Errorf("without the other, the link answers %q", got)
	}
	offshoot(t, l.dir, 10, "psql", "--pr", "1")
}

// isOutOfReach tries to reach the database of this preview from that of another.
func (l *life) isOutOfReach(t *testing.T, other ...string) {
	t.Helper()
	hosts := strings.TrimSpace(l.sql(t, "SELECT pg_read_file('/etc/hosts')"))
	ip := strings.Fields(hosts[strings.LastIndex(hosts, "\n")+1:])[0]
	ask := []string{"db", "--", "pg_isready", "-t", "2", "-h", ip}
	reach := start(t, l.dir, nil, slices.Concat([]string{"exec"}, other, ask)...)
	if got := reach.ends(); got != 2 {
		t.Errorf("from the one, the other's database at %s: pg_isready ends with %d, want 2 (no response): %s", ip,
			got, reach.stdout.String())
	}
}

func (l *life) down(t *testing.T) {
	if got := offshoot(t, l.dir, 0, "down").stderr.String(); !strings.Contains(got, "removed 3 containers") {
		t.Errorf("down says %q", got)
	}
	if diff := cmp.Diff([]string(nil), ours(t, l.dir)); diff != "" {
		t.Errorf("after down: %s", diff)
	}
	if got := offshoot(t, l.dir, 0, "down").stderr.String(); !strings.Contains(got, "nothing to remove") {
		t.Errorf("the second down says %q", got)
	}
}

// sql asks the preview's database, and returns what that prints.
func (l *life) sql(t *testing.T, query string) string {
	t.Helper()
	return offshoot(t, l.dir, 0, "psql", "--", "-Atc", query).stdout.String()
}

func TestPreview_UpMakesItsOwnSubset(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	pgtest.Exec(t, source,
		"CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 1000); ANALYZE")
	dir := tiny(t)
	p := start(t, dir, []string{"OFFSHOOT_SOURCE=" + source}, "up", "--pr", "7", "--no-template")
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
