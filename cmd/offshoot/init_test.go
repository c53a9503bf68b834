package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/starter"
)

// Whatever is found, the decoder and the schema take the file as it is.
func TestInit_WritesWhatTheDecoderAndTheSchemaTake(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../docs/offshoot.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	odd := []string{
		"web", "no", "1", "a b", "${HOME}", "x: y", "- #", "\"'\\", "line\nbreak", "ünïcode\u2028", "[a",
		"{a",
	}
	for _, name := range odd {
		for _, command := range [][]string{nil, {"alembic", "upgrade", "head"}, odd} {
			text := starter.Findings{
				Compose: []string{name}, Database: name, Expose: []starter.Port{{Service: name, Port: 8000}},
				Migration: &starter.Migration{Tool: "Alembic", Evidence: name, Service: name, Command: command},
			}.Config()
			c := &config.Config{}
			if err := c.Parse(config.Name, []byte(text), func(string) (string, bool) { return "", false }); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if m := c.Preview.Migrate; c.Preview.Database != name || c.Preview.Compose[0] != name ||
				c.Preview.Expose[name] != 8000 || m.Service != name ||
				strings.Join(m.Command, "|") != strings.Join(command, "|") {
				t.Errorf("%q is read as %+v, migrate %+v", name, c.Preview, m)
			}
			var document any
			if err := yaml.Load([]byte(text), &document); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(document); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
		}
	}
	if err := new(config.Config).Parse(config.Name, []byte(starter.Findings{}.Config()), os.LookupEnv); err != nil {
		t.Error(err)
	}
}

// The examples in comments are no less true than the rest.
func TestInit_GivesExamplesThatTheDecoderTakes(t *testing.T) {
	var lines []string
	for _, line := range strings.Split(starter.Findings{}.Config(), "\n") {
		bare, commented := strings.CutPrefix(strings.TrimLeft(line, " "), "# ")
		key := strings.TrimLeft(bare, " ")
		if commented &&
			(strings.HasPrefix(key, "- ") || strings.HasPrefix(key, "public.") || strings.HasPrefix(key, `"*`) ||
				strings.HasPrefix(key, "STRIPE_KEY") ||
				slicesContainsPrefix(key, "subset:", "tables:", "references:", "mask:", "database: db ", "migrate:",
					"service:", "command:", "expose:", "environment:")) {
			line = line[:strings.Index(line, "#")] + bare
		}
		lines = append(lines, line)
	}
	text := strings.Join(lines, "\n")
	c := &config.Config{}
	if err := c.Parse(config.Name, []byte(text), func(string) (string, bool) { return "set", true }); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(c.Subset.Tables) != 3 || len(c.Subset.References) != 1 || len(c.Mask) != 1 || c.Preview.Migrate == nil ||
		c.Preview.Environment["STRIPE_KEY"] != "set" || c.Preview.Database != "db" {
		t.Errorf("read as %+v\n%s", c, text)
	}
}

func slicesContainsPrefix(text string, prefixes ...string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// What init finds in the sample project is what doctor finds there.
func TestInit_ReadsTheSampleProject(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/shop")); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "-q")
	write(t, filepath.Join(dir, config.Name), "provider: docker\n")
	p := offshoot(t, dir, 0, "init", "--ci", "github", "--json", "--force")
	var document struct{ Result initResult }
	if err := json.Unmarshal(p.stdout.Bytes(), &document); err != nil {
		t.Fatalf("%v: %s", err, p.stdout.String())
	}
	found := document.Result.Found
	if found.Database != "db" || len(found.Expose) != 1 ||
		found.Expose[0] != (starter.Port{Service: "web", Port: 8000}) || found.Migration.Tool != "goose" {
		t.Errorf("found %+v", found)
	}
	if got := strings.Join(document.Result.Written, " "); got !=
		"offshoot.yaml .github/workflows/preview.yml .github/workflows/archive.yml" {
		t.Errorf("wrote %s", got)
	}
	if !strings.Contains(p.stderr.String(), "goose is a library of the program here") {
		t.Error(p.stderr.String())
	}
}

func TestInit_SaysWhichOffshootThePipelineNames(t *testing.T) {
	commit := strings.Repeat("8f4b", 10)
	for p, want := range map[starter.Pipeline]string{
		{Forge: "github"}: "takes the newest",
		{
			Forge: "github", Version: "v1.2.3-4-g8f4",
			Commit: commit,
		}: "names the commit that this program was built from",
		{Forge: "github", Version: "v1.2.3", Commit: commit}: "",
		{}: "",
	} {
		said := strings.Join(nextSteps(&config.Config{}, p), "\n")
		if strings.Contains(said, "name a release") != (want != "") || !strings.Contains(said, want) {
			t.Errorf("%+v: %s", p, said)
		}
	}
	if v := (versionResult{Version: "v1.2.3-4-g8f4-dirty", Commit: commit}); v.clean() != "" {
		t.Error("a program of changed files names a commit that is not what it is")
	}
}

func TestInit_SaysThatLinksNeedADomain(t *testing.T) {
	domain := &config.Config{}
	domain.Preview.Domain = "previews.example.com"
	for _, c := range []struct {
		cfg  *config.Config
		p    starter.Pipeline
		says bool
	}{
		{&config.Config{}, starter.Pipeline{Forge: "gitea"}, true},
		{&config.Config{}, starter.Pipeline{Forge: "gitea", Remote: true}, false},
		{&config.Config{}, starter.Pipeline{}, false},
		{domain, starter.Pipeline{Forge: "gitea"}, false},
	} {
		if said := strings.Join(nextSteps(c.cfg, c.p), "\n"); strings.Contains(said, "set preview.domain") != c.says {
			t.Errorf("%+v: %s", c.p, said)
		}
		if text := linksFor(c.cfg); strings.Contains(text, "preview.domain") != (c.cfg.Preview.Domain == "") {
			t.Errorf("doctor says %s", text)
		}
	}
}

// On a terminal init is a guide: it asks the source for a first plan, and goes on where that does not answer.
func TestInit_SaysOnATerminalHowLargeASubsetWouldBe(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, "CREATE TABLE notes (id int PRIMARY KEY); INSERT INTO notes SELECT generate_series(1, 1000)")
	for name, c := range map[string]struct{ source, want string }{
		"a source that answers": {url, " a subset: "},
		"none":                  {"", "with OFFSHOOT_SOURCE set, init says how large a subset would be"},
		"one that does not":     {"postgres://127.0.0.1:1/nothing", "source: "},
	} {
		dir := t.TempDir()
		git(t, dir, "init", "-q")
		write(t, filepath.Join(dir, "compose.yaml"), "services: {db: {image: postgres}}\n")
		var env []string
		if c.source != "" {
			env = []string{"OFFSHOOT_SOURCE=" + c.source}
		}
		shown, code := onTerminal(t, dir, env, "init")
		if code != 0 || !strings.Contains(shown, c.want) || !strings.Contains(shown, "offshoot subset --plan") {
			t.Errorf("%s: exit %d\n%s", name, code, shown)
		}
		if good := c.source == url; good != strings.Contains(shown, "77 of 1,000 rows") {
			t.Errorf("%s: %s", name, shown)
		}
	}
}
