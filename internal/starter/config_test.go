package starter

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: want (-) and got (+):\n%s", path, diff)
	}
}

func TestConfig_SaysWhatWasFoundAndGivesExamplesOfTheRest(t *testing.T) {
	golden(t, "nothing.yaml", Findings{}.Config())
	golden(t, "everything.yaml", Findings{
		Compose: []string{"deploy/compose.dev.yml"}, Database: "db", Expose: []Port{{"web", 8000}, {"admin", 8080}},
		Migration: &Migration{
			Tool: "golang-migrate", Evidence: "sql/000001_init.up.sql", Service: "web", Note: databaseURL,
			Command: golangMigrate(nil, "", "sql/000001_init.up.sql"),
		},
		Also: []string{"Atlas"},
	}.Config())
	golden(t, "homeless.yaml", Findings{
		Database: "db", Expose: []Port{{"web", 8000}},
		Migration: &Migration{
			Tool: "Alembic", Evidence: "alembic.ini",
			Command: []string{"alembic", "upgrade", "head"},
		},
	}.Config())
}

// hostile is text as an attacker, or an odd project, would choose it.
func hostile() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"${PRODUCTION_DATABASE_URL}", "$${X}", "a: b", "a #b", "- a", "-", "--", "*x", "&x", "!x", "yes", "NULL", "~",
		"1e3", "0x1f", "1_000", ".5", "12:30:45",
		"a\nprovider: ec2", "a\u2028b", "\"", "'", "\\", "]", "}", "a,b", "{", "%YAML", "@x", "`x`", "|", ">", "? x",
		"\x00\x1b[2J", "\ufeff", "", " ", "a ", "=", "<<",
	}))
}

func TestConfig_EveryTextComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ToValidUTF8(hostile().Draw(t, "text"), "?")
		var back struct{ Value []string }
		if err := yaml.Load([]byte("value: "+scalars([]string{text, "end"})), &back); err != nil {
			t.Fatalf("%s: %v", scalar(text), err)
		}
		if want := strings.ReplaceAll(text, "${", "$${"); len(back.Value) != 2 || back.Value[0] != want {
			t.Fatalf("%s is read as %q", scalar(text), back.Value)
		}
	})
}

func TestConfig_KeepsHostileNamesInTheirPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string { return "x" + strings.ToValidUTF8(hostile().Draw(t, name), "?") }
		f := Findings{
			Compose: []string{draw("file")}, Database: draw("database"), Expose: []Port{{draw("shown"), 80}},
			Migration: &Migration{
				Tool: "Alembic", Evidence: draw("evidence"), Service: draw("service"),
				Command: []string{draw("argument")},
			},
		}
		var back map[string]any
		if err := yaml.Load([]byte(f.Config()), &back); err != nil {
			t.Fatalf("%v\n%s", err, f.Config())
		}
		preview, ok := back["preview"].(map[string]any)
		if !ok || len(back) != 3 || len(preview) != 5 {
			t.Fatalf("keys %v\n%s", back, f.Config())
		}
	})
}

func TestScalar_LeavesUsualTextsBare(t *testing.T) {
	for text, want := range map[string]string{
		"alembic": "alembic", "-c": "-c", "--noinput": "--noinput", "migrate:latest": "migrate:latest",
		"db/alembic.ini": "db/alembic.ini", "/shop": "/shop",
		"-locations=filesystem:db/sql": "-locations=filesystem:db/sql", "no": `"no"`, "a b": `"a b"`, "1": `"1"`,
		"${X}": `"$${X}"`, "a:": `"a:"`,
	} {
		if got := scalar(text); got != want {
			t.Errorf("%q is written %s, want %s", text, got, want)
		}
	}
}
