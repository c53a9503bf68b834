package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/checks"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// comparedPages are the site at the four ways to become slower, as main has them and as the branch does.
func comparedPages(orders, limited, counted string) map[string]string {
	page := func(query string) string {
		return "#!/bin/busybox sh\nprintf 'Content-Type: text/html\\r\\n\\r\\n'\npsql -X -At -c \"" + query + "\"\n"
	}
	return map[string]string{
		"orders": recordedPage(orders), "limited": page("SELECT id FROM orders ORDER BY id " + limited),
		"counted":    page("SELECT count(*) FROM orders WHERE id <= " + counted),
		"found":      page("SELECT id FROM orders WHERE id = 7 AND 'canary' <> ''"),
		"same":       page("SELECT id FROM orders LIMIT 3"),
		"Dockerfile": recordedDockerfile + "COPY --chmod=755 limited counted found same /www/cgi-bin/\n",
		"archive.sql": "CREATE TABLE orders (id int PRIMARY KEY);\n" +
			"INSERT INTO orders SELECT generate_series(1, 3000);\nANALYZE orders;\n",
	}
}

// compared is a checkout whose branch asks for each order by itself, has lost a LIMIT and an index, and reads ten times
// the rows.
func compared(t *testing.T, configuration string) (dir string) {
	t.Helper()
	files := comparedPages("1", "LIMIT 5", "300")
	files["compose.yaml"] = migratedCompose("SELECT 1")
	dir = newCheckout(t, files)
	configure(t, dir, configuration)
	commit(t, dir, "main")
	git(t, dir, "branch", "main")
	files = comparedPages("1 2 3 4 5 6 7", "", "3000")
	files["compose.yaml"] = migratedCompose("ALTER TABLE orders DROP CONSTRAINT orders_pkey")
	fill(t, dir, files)
	commit(t, dir, "slower")
	return dir
}

func commit(t *testing.T, dir, message string) {
	t.Helper()
	git(t, dir, "add", "-A")
	git(t, dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", message)
}

const (
	checkedOnly = "preview: {migrate: {service: tool}, rehearse: false, keep_templates: 0}\nchecks: {pages: [" +
		"/cgi-bin/orders, /cgi-bin/limited, /cgi-bin/counted, /cgi-bin/found, /cgi-bin/same], "
	repeated = "/cgi-bin/orders asks one statement 7 times in place of 1"
)

// The first run makes main's recording, and the second finds it.
func TestCi_ComparesWithMainAfterTheLinkIsPosted(t *testing.T) {
	t.Parallel()
	dir := compared(t, checkedOnly+"fail_on: [repeats]}\n")
	j := newJob(t, dir)
	said := j.run(exitCheckFailed, j.event("opened"))
	for _, want := range []string{
		"record what main's code asks", "beyond the limits of checks in offshoot.yaml: " + repeated,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in: %s", want, said)
		}
	}
	comment := j.comment()
	for _, want := range []string{
		"is ready", "| Queries | compatible with main's code · 4 pages worse |", "| Beyond the limits | " + repeated,
		"What the code asks of the database, against main", "SELECT id FROM orders WHERE id = $1",
	} {
		if !strings.Contains(comment, want) {
			t.Errorf("no %q in:\n%s", want, comment)
		}
	}
	if strings.Contains(comment+said, "canary") {
		t.Error("a value is told")
	}
	var statuses []string
	for _, s := range j.repository.Statuses() {
		statuses = append(statuses, s.Context+" "+s.State+" "+s.Text)
	}
	want := []string{
		"offshoot/preview success the preview is ready",
		"offshoot/queries pending main's code and this are compared",
		"offshoot/queries failure " + repeated,
	}
	if diff := cmp.Diff(want, statuses[max(0, len(statuses)-3):]); diff != "" {
		t.Error(diff)
	}

	kept, err := filepath.Glob(filepath.Join(dir, "cache", "offshoot", "recordings", "*.json.gz"))
	if err != nil || len(kept) != 1 || !strings.Contains(kept[0], git(t, dir, "rev-parse", "main")) {
		t.Errorf("kept %q, %v", kept, err)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "cache", "offshoot", "checkouts")); len(left) > 0 {
		t.Errorf("left of main's files: %v", left)
	}
	p := start(t, dir, nil, "up", "--pr", "7", "--archive", "archive.sql", "--json")
	if code := p.ends(); code != exitCheckFailed ||
		strings.Contains(p.stderr.String(), "record what main's code asks") {
		t.Errorf("exit %d: %s", code, p.stderr.String())
	}
	var answer struct {
		Result struct{ Checks *checks.Report }
	}
	if err := json.Unmarshal(p.stdout.Bytes(), &answer); err != nil || answer.Result.Checks == nil ||
		answer.Result.Checks.Compared == nil {
		t.Fatalf("%v: %s", err, p.stdout.String())
	}
	said = ""
	for _, worse := range answer.Result.Checks.Compared.Worse {
		said += worse.String() + "\n"
	}
	for _, want := range []string{
		repeated, "/cgi-bin/limited is given 3,000 rows in place of 5", "/cgi-bin/found reads 3,000 rows in place of 1",
		"/cgi-bin/counted reads 3,000 rows in place of 300",
	} {
		if !strings.Contains(said, want+"\n") {
			t.Errorf("no %q in %s", want, said)
		}
	}
	if strings.Contains(said, "same") || strings.Contains(said, "canary") {
		t.Errorf("it says of what has not changed, or a value: %s", said)
	}
	for _, c := range containers(t, "dev.offshoot.repository="+dir) {
		if strings.Contains(c.Names[0], "-record-") {
			t.Errorf("left of a recording: %s", c.Names[0])
		}
	}
}

// migratedCompose has a tool that migrates, as the two branches have it.
func migratedCompose(statement string) string {
	return recordedCompose + `
  tool:
    image: postgres:15
    profiles: [tools]
    environment: {PGHOST: db, PGUSER: shop, PGPASSWORD: hunter2hunter2, PGDATABASE: shop}
    entrypoint: []
    command: [psql, -X, -v, ON_ERROR_STOP=1, -c, "` + statement + `"]
`
}

// answeringPage is one that fails where its query does.
func answeringPage(column string) string {
	return `#!/bin/busybox sh
if psql -X -At -c "SELECT ` + column + ` FROM orders WHERE ` + column + ` = 1"
then printf 'Content-Type: text/html\r\n\r\nwell\n'
else printf 'Status: 500 Broken\r\nContent-Type: text/html\r\n\r\nbroken\n'
fi >/tmp/$$ 2>/dev/null
grep -v '^[0-9]*$' /tmp/$$
`
}

// A recording that main has kept is known to the rehearsal, and main's code is tried on what the branch has made.
func TestUp_TellsWhatAMigrationBreaksOfMainsCode(t *testing.T) {
	t.Parallel()
	dir := newCheckout(t, map[string]string{
		"compose.yaml": migratedCompose("SELECT 1"), "Dockerfile": recordedDockerfile, "archive.sql": tinyArchive,
		"orders": answeringPage("id"),
	})
	configure(t, dir, "preview: {migrate: {service: tool}, keep_templates: 0}\n"+
		"checks: {pages: [/cgi-bin/orders], fail_on: [breaks]}\n")
	commit(t, dir, "main")
	git(t, dir, "branch", "main")
	offshoot(t, dir, 0, "record", "--archive", "archive.sql", "--keep")
	fill(t, dir, map[string]string{
		"compose.yaml": migratedCompose("ALTER TABLE orders RENAME id TO number"), "orders": answeringPage("number"),
	})
	commit(t, dir, "rename")
	p := offshoot(t, dir, exitCheckFailed, "up", "--archive", "archive.sql", "--json")
	var answer struct {
		Result struct {
			Checks    *checks.Report
			Rehearsal *rehearse.Report
		}
	}
	err := json.Unmarshal(p.stdout.Bytes(), &answer)
	if err != nil || answer.Result.Checks == nil || answer.Result.Rehearsal == nil {
		t.Fatalf("%v: %s%s", err, p.stdout.String(), p.stderr.String())
	}
	if code := answer.Result.Rehearsal.Code; code == nil || len(code.Breaks) != 1 || code.Breaks[0].Code != "42703" {
		t.Errorf("the rehearsal says of main's code: %+v", code)
	}
	m := answer.Result.Checks.Migrated
	if m == nil || len(m.Broken) != 1 || m.Broken[0].Path != "/cgi-bin/orders" || m.Broken[0].Status != 500 ||
		m.Broken[0].Code != "42703" || m.Broken[0].Because != "statement 1" {
		t.Errorf("on the migrated database: %+v", answer.Result.Checks)
	}
	if c := answer.Result.Checks.Compared; c == nil || len(c.Worse) > 0 || len(c.New) != 1 {
		t.Errorf("compared: %+v", c)
	}
	const beyond = "main's code fails on the migrated database: /cgi-bin/orders answers 500 (SQLSTATE 42703)"
	if !strings.Contains(p.stderr.String(), beyond) ||
		strings.Contains(p.stderr.String(), "record what main's code asks") {
		t.Errorf("stderr: %s", p.stderr.String())
	}
}
