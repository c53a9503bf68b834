package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/provision"
)

var examples = []string{"django", "rails", "node", "go"}

// example is a copy of one in a git checkout.
func example(t *testing.T, name string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "notes-"+name)
	if err := os.CopyFS(dir, os.DirFS("../../examples/"+name)); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "-q", "-b", "pinned")
	git(t, dir, "add", ".")
	git(t, dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "notes")
	return dir
}

// oldNotes is the database before the second migration, with the ledger of the one tool that is run here.
const oldNotes = `CREATE TABLE public.notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author text NOT NULL,
text text NOT NULL);
INSERT INTO public.notes (author, text) VALUES ('a@example.com', 'water the ferns');
CREATE TABLE public.schema_migrations (version text PRIMARY KEY);
INSERT INTO public.schema_migrations VALUES ('0001_notes.sql');
`

func TestExamples_ArePlannedAsTheyAre(t *testing.T) {
	for _, name := range examples {
		dir := example(t, name)
		write(t, filepath.Join(dir, "archive.sql"), oldNotes)
		p := offshoot(t, dir, 0, "up", "--plan", "--json", "--archive", "archive.sql")
		var document struct{ Result provision.UpPlan }
		if err := json.Unmarshal(p.stdout.Bytes(), &document); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if plan := document.Result; len(plan.Refused) > 0 || len(plan.Problems) > 0 {
			t.Errorf("%s: refused %v, problems %v", name, plan.Refused, plan.Problems)
		}
		said := offshoot(t, dir, 0, "up", "--plan", "--archive", "archive.sql").stdout.String()
		for _, want := range []string{"web", "db", "8000"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: the plan does not speak of %s:\n%s", name, want, said)
			}
		}
	}
}

// What init finds of an example is what its offshoot.yaml says, but for tools that it does not know.
func TestExamples_AreWhatInitFinds(t *testing.T) {
	for name, tool := range map[string]string{"django": "Django", "rails": "Rails"} {
		dir := example(t, name)
		p := offshoot(t, dir, 0, "init", "--json", "--force")
		var document struct{ Result initResult }
		if err := json.Unmarshal(p.stdout.Bytes(), &document); err != nil {
			t.Fatal(err)
		}
		found := document.Result.Found
		if found.Database != "db" || found.Migration == nil || found.Migration.Tool != tool ||
			found.Migration.Service != "web" || len(found.Expose) != 1 || found.Expose[0].Port != 8000 {
			t.Errorf("%s: found %+v", name, found)
		}
	}
}

// The example in Go is brought up as a reader would, but for the image that compiles it.
func TestExamples_GoIsBroughtUp(t *testing.T) {
	needEngine(t)
	keepGateway(t)
	dir := example(t, "go")
	build := exec.Command("go", "build", "-trimpath", "-o", "notes", ".")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	dockerfile, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	_, last, _ := strings.Cut(string(dockerfile), "\n\n")
	write(t, filepath.Join(dir, "Dockerfile"), strings.Replace(last, "COPY --from=build /notes", "COPY notes", 1))
	write(t, filepath.Join(dir, "archive.sql"), oldNotes)
	write(t, filepath.Join(dir, ".env"), fmt.Sprintf("POSTGRES_VERSION=%d\n", pgtest.Major(t)))
	t.Cleanup(func() { offshoot(t, dir, 0, "down", "--all") })
	p := offshoot(t, dir, 0, "up", "--archive", "archive.sql")
	if !strings.Contains(p.stderr.String(), "applied 0002_pinned.sql") ||
		strings.Contains(p.stderr.String(), "applied 0001_notes.sql") {
		t.Errorf("what was migrated: %s", p.stderr.String())
	}
	if body := get(t, strings.TrimSpace(p.stdout.String())); !strings.Contains(body, "<li>water the ferns</li>") {
		t.Errorf("the page is %q", body)
	}
}

// Debian's Django is older than the one that the image gets: the example is kept to what both know.
func TestExamples_DjangoMigratesAndAnswers(t *testing.T) {
	python := "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import django, psycopg2").Run(); err != nil {
		t.Skip("no Django here: apt-get install python3-django python3-psycopg2")
	}
	dir, url := example(t, "django"), pgtest.New(t)
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(python, append([]string{"manage.py"}, args...)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "DATABASE_URL="+url, "OFFSHOOT_HOST=pr-1.notes.localhost")
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, output)
		}
		return string(output)
	}
	if said := run("migrate"); !strings.Contains(said, "notes.0002_pinned... OK") {
		t.Error(said)
	}
	run("makemigrations", "--check", "--dry-run")
	pgtest.Exec(t, url, "INSERT INTO notes_note (author, text, pinned) VALUES ('a@example.com', 'water <ferns>', true)")
	page := run("shell", "-c", `from django.test import Client
print(Client().get("/", HTTP_HOST="pr-1.notes.localhost").content.decode())
print(Client().get("/", HTTP_HOST="evil.test").status_code)`)
	if !strings.Contains(page, "<li>water &lt;ferns&gt;</li>") || !strings.Contains(page, "400") {
		t.Error(page)
	}
}

func TestExamples_NodeIsWellFormed(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no node here")
	}
	for _, name := range []string{"server.js", "migrate.js"} {
		cmd := exec.Command("node", "--check", name)
		cmd.Dir = example(t, "node")
		if output, err := cmd.CombinedOutput(); err != nil || bytes.Contains(output, []byte("Error")) {
			t.Errorf("%s: %v\n%s", name, err, output)
		}
	}
}
