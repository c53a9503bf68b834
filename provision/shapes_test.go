package provision_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/mount"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/offshoot-dev/offshoot/provision"
)

// A shape is the way in which projects of some kind are laid out. Its checkout
// is testdata/shapes/<name>.txtar, and its life that of all of them: see live.
type shape struct {
	name    string
	options func(*fixture)
	code    []string // the files that the link serves, one after the other

	refused string // what is said of the link at first; empty: nothing
	cure    edit   // after which the host is allowed

	broken  edit // an update with it fails
	step    provision.Step
	service string

	assert func(first, second *fixture, result *provision.Result) // while both previews serve; second is nil at first
}

// An edit puts a text in place of another one, or makes a file.
type edit struct{ file, before, after string }

var shapes = []shape{
	{
		name: "rails", code: []string{"app/views/home.html.erb"},
		options: func(f *fixture) {
			f.options.Archive = f.archive("apple")
			f.options.Migrate = &provision.Migrate{Service: "web", Command: []string{"bin/rails", "db:migrate"}}
		},
		refused: `config.hosts << ENV["OFFSHOOT_HOST"]`,
		cure:    edit{"config/environments/development.rb", "# hosts", `config.hosts << ENV["OFFSHOOT_HOST"]`},
		broken:  edit{file: "db/migrate/2_broken.sql", after: "SELECT no_such_function();\n"},
		step:    provision.StepMigrate, service: "web",
		assert: assertRails,
	},
	{
		name: "django", code: []string{"shop/templates/home.html"},
		options: func(f *fixture) {
			f.options.Source.Files = []string{"docker-compose.local.yml"}
			f.options.Migrate = &provision.Migrate{
				Service: "django",
				Command: []string{"python", "manage.py", "migrate"},
			}
		},
		broken: edit{"shop/tasks.py", "pass", "syntax error"},
		step:   provision.StepReady, service: "celeryworker",
		assert: assertDjango,
	},
	{
		name: "vite", code: []string{"index.html", "src/App.jsx"},
		refused: "add process.env.OFFSHOOT_HOST to server.allowedHosts",
		cure:    edit{"vite.config.js", "/* hosts */", "allowedHosts: [process.env.OFFSHOOT_HOST]"},
		broken:  edit{"vite.config.js", "export", "syntax error"},
		step:    provision.StepReady, service: "web",
		assert: assertVite,
	},
	{
		name: "monorepo", code: []string{"apps/web/page.html", "packages/ui/button.html"},
		options: func(f *fixture) { f.options.Source.Dir = filepath.Join(f.options.Source.Root, "apps/web") },
		broken:  edit{"apps/web/Dockerfile", "COPY apps/web/page.html", "COPY apps/web/missing.html"},
		step:    provision.StepImages, service: "web",
		assert: assertMonorepo,
	},
	{
		name: "databases", code: []string{"page.html"},
		broken: edit{"docker-compose.yml", "/data/db", "/data/db\n    entrypoint: [/program, fail, no space]"},
		step:   provision.StepReady, service: "mongo",
		assert: assertDatabases,
	},
	{
		name: "debugger", code: []string{"page.html"},
		broken: edit{"page.html", "<h1>", "syntax error"},
		step:   provision.StepReady, service: "api",
		assert: assertDebugger,
	},
}

func TestUp_LivesWithSixShapesOfProjects(t *testing.T) {
	t.Parallel()
	images := "offshoot-test-" + randomName()
	makeImages(t, sharedMachine(t), images)
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.live(t, images)
		})
	}
}

// live is the life of two previews of one checkout: up, code change, failed
// update, the second one, down. In all of it the checkout stays as it is.
func (s shape) live(t *testing.T, images string) {
	project := randomName()
	engine, root := sharedMachine(t), t.TempDir()
	s.checkOut(t, root, images)
	first := s.fixture(t, engine, project, 1, root)

	result := s.up(first)
	link := result.Links[0]
	if s.refused == "" {
		first.assertServes(link, s.page(t, root, "one"))
	} else {
		if status, body := get(t, link.URL); status != http.StatusForbidden || !first.noticed(s.refused) {
			t.Errorf("of a host that is not allowed: %d %q, %+v", status, body, first.events)
		}
		s.cure.in(t, root)
	}
	s.assert(first, nil, result)

	s.version(t, root, "one", "two")
	s.up(first)
	first.assertServes(link, s.page(t, root, "two"))
	if first.noticed("answers") {
		t.Errorf("of a page that is served: %+v", first.events)
	}

	two := s.page(t, root, "two")
	s.version(t, root, "two", "never")
	s.failUpdate(first)
	first.assertServes(link, two)

	s.version(t, root, "never", "three")
	second := s.fixture(t, engine, project, 2, root)
	result = s.up(second)
	second.assertServes(result.Links[0], s.page(t, root, "three"))
	first.assertServes(link, two)
	s.assert(first, second, result)

	before := snapshot(t, root)
	first.down()
	second.assertServes(result.Links[0], s.page(t, root, "three"))
	second.down()
	assertUnchanged(t, "down", before, root)
}

// checkOut makes the checkout of a developer who has worked in it.
func (s shape) checkOut(t *testing.T, root, images string) {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", "shapes", s.name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		path := filepath.Join(root, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.ReplaceAll(f.Data, []byte("IMAGES/"), []byte(images+"/")),
			0o755); err != nil {
			t.Fatal(err)
		}
	}
	if output, err := exec.Command("git", "-C", root, "init", "-q").CombinedOutput(); err != nil {
		t.Fatalf("git init: %v: %s", err, output)
	}
}

func (s shape) fixture(t *testing.T, engine provision.Engine, project string, pullRequest int, root string) *fixture {
	t.Helper()
	f := fixtureOf(t, engine, project, pullRequest, root)
	f.options.Source.Root = root
	f.options.Timeout = 5 * time.Minute
	if s.options != nil {
		s.options(f)
	}
	return f
}

// up brings the preview up and sees to it that the checkout stays as it is.
func (s shape) up(f *fixture) *provision.Result {
	f.t.Helper()
	before := snapshot(f.t, f.options.Source.Root)
	result := f.up()
	assertUnchanged(f.t, "up", before, f.options.Source.Root)
	return result
}

func (s shape) failUpdate(f *fixture) {
	f.t.Helper()
	root := f.options.Source.Root
	mend := s.broken.in(f.t, root)
	defer mend()
	before := snapshot(f.t, root)
	_, err := f.tryUp()
	var failed *provision.StepError
	if !errors.As(err, &failed) || failed.Step != s.step || failed.Service != s.service {
		f.t.Errorf("a broken update: %v, want one of %s in %s", err, s.service, s.step)
	}
	assertUnchanged(f.t, "a failed update", before, root)
}

// page is what the link serves of a version.
func (s shape) page(t *testing.T, root, version string) string {
	t.Helper()
	var page strings.Builder
	for _, name := range s.code {
		page.WriteString(strings.TrimSpace(read(t, filepath.Join(root, name))))
	}
	if !strings.Contains(page.String(), version) {
		t.Fatalf("the code is not of version %s: %s", version, page.String())
	}
	return page.String()
}

// version changes the code.
func (s shape) version(t *testing.T, root, from, to string) {
	t.Helper()
	for _, name := range s.code {
		path := filepath.Join(root, name)
		text := strings.ReplaceAll(read(t, path), ">"+from+"<", ">"+to+"<")
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// in makes the edit, and gives what takes it back.
func (e edit) in(t *testing.T, root string) (back func()) {
	t.Helper()
	path := filepath.Join(root, e.file)
	before := ""
	if e.before != "" {
		if before = read(t, path); !strings.Contains(before, e.before) {
			t.Fatalf("%s has no %q", e.file, e.before)
		}
	}
	if err := os.WriteFile(path, []byte(strings.Replace(before, e.before, e.after, 1)), 0o755); err != nil {
		t.Fatal(err)
	}
	return func() {
		err := os.Remove(path)
		if err == nil && e.before != "" {
			err = os.WriteFile(path, []byte(before), 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func assertUnchanged(t *testing.T, after string, before []string, root string) {
	t.Helper()
	if diff := cmp.Diff(before, snapshot(t, root)); diff != "" {
		t.Fatalf("after %s the checkout has changed: %s", after, diff)
	}
}

func (f *fixture) down() {
	f.t.Helper()
	if _, err := f.engine.Down(f.t.Context(), f.options.Preview, provision.Guard{}, nil); err != nil {
		f.t.Error(err)
	}
	f.assertNothingLeft(f.t.Context())
}

// says fails where a script in a service prints anything else.
func (f *fixture) says(service, script, want string) {
	f.t.Helper()
	if got := f.in(service, script); got != want {
		f.t.Errorf("%s: %s: %q, want %q", service, script, got, want)
	}
}

// The archive and the migration go into the database that Rails uses, the code
// comes without what git ignores, and the worker sees what the server writes.
func assertRails(first, second *fixture, result *provision.Result) {
	const sql = "SELECT pg_catalog.current_database(), name, price FROM product ORDER BY name"
	first.t.Helper()
	if second != nil {
		if got := second.sql(sql); got != "myapp_development|apple|1" {
			second.t.Errorf("the second database has %q", got)
		}
		return
	}
	if got := first.sql(sql); got != "myapp_development|apple|1" {
		first.t.Errorf("the database has %q, loaded %+v", got, result.Loaded)
	}
	first.says("sidekiq", "ls -A tmp tmp/pids; cat log/development.log",
		"tmp:\npids\n\ntmp/pids:\n.keep\nserver.pid\n1")
}

func assertDjango(first, second *fixture, _ *provision.Result) {
	first.t.Helper()
	f := first
	if second != nil {
		f = second
		second.sql("INSERT INTO shop_product VALUES ('of the second')")
		if got := first.sql("SELECT count(*) FROM shop_product"); got != "0" {
			second.t.Errorf("the second preview's row is in the first one's database: %s", got)
		}
	}
	if got := f.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'shop_product'"); got != "debug" {
		f.t.Errorf("the table of the migration is %q's", got)
	}
	f.says("celeryworker", "echo $DJANGO_SETTINGS_MODULE; ls /app/shop",
		"config.settings.local\nmigrations\ntasks.py\ntemplates")
}

// The dependencies are the image's, though the checkout is mounted over them.
func assertVite(first, second *fixture, result *provision.Result) {
	first.t.Helper()
	if second != nil {
		return
	}
	first.says("web",
		"ls -A node_modules/.bin; grep -c platform node_modules/.bin/vite; "+
			"echo >/dev/tcp/localhost/24678 && echo open", "vite\n0\nopen")
	if len(result.Links) != 1 {
		first.t.Errorf("links %+v", result.Links)
	}
}

func assertMonorepo(first, second *fixture, _ *provision.Result) {
	first.t.Helper()
	if second != nil {
		return
	}
	if got := first.sql("SELECT count(*) FROM shared"); got != "0" {
		first.t.Errorf("the script beside the application made %q", got)
	}
	first.says("web", "ls -A / | grep -c -e apps -e infra; ls -A /packages", "0\nui")
}

// Each server has its data on a volume of its own, and the application does not
// see the developer's, which git ignores.
func assertDatabases(first, second *fixture, result *provision.Result) {
	first.t.Helper()
	f := first
	if second != nil {
		f = second
	}
	for service, target := range map[string]string{
		"postgres": "/var/lib/postgresql/data", "mysql": "/var/lib/mysql", "redis": "/data", "mongo": "/data/db",
	} {
		name := f.options.Preview.ID + "-g" + strconv.Itoa(result.Generation) + "-" + service + "-1"
		c, err := f.engine.Docker.Client().ContainerInspect(f.t.Context(), name)
		if err != nil {
			f.t.Fatal(err)
		}
		var kinds []mount.Type
		for _, m := range c.Mounts {
			if m.Destination == target {
				kinds = append(kinds, m.Type)
			}
		}
		if len(kinds) != 1 || kinds[0] != mount.TypeVolume {
			f.t.Errorf("%s has its data on %q: %+v", service, kinds, c.Mounts)
		}
	}
	f.says("app", "ls -A /srv", ".dockerignore\n.gitignore\nDockerfile\ndocker\ndocker-compose.yml\npage.html")
	if len(result.Links) != 1 || result.Links[0].Service != "app" {
		f.t.Errorf("links %+v", result.Links)
	}
}

func assertDebugger(first, second *fixture, result *provision.Result) {
	first.t.Helper()
	f := first
	if second != nil {
		f = second
	}
	if len(result.Links) != 1 || result.Links[0].Service != "api" ||
		!f.noticed("bus: port 7233 does not speak HTTP: left aside") {
		f.t.Errorf("links %+v, %+v", result.Links, f.events)
	}
	f.says("api", "echo >/dev/tcp/localhost/5678 && echo open", "open")
	f.says("api",
		"echo $MODE $(cat /run/secrets/token /etc/api/settings.ini /code/conf/active.yml /etc/nginx/nginx.conf)",
		"debug t0ken [api] site: one events {}")
	f.says("api", "touch /code/node_modules/x /code/new && ls -A /code | grep -c git", "0")
}
