package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

var update = flag.Bool("update", false, "write what comes out into the golden files")

// shopPlan is the plan of the sample shop, told without an engine.
func shopPlan(t *testing.T, provider string) upPlan {
	t.Helper()
	folder, err := filepath.Abs(filepath.Join("..", "..", "testdata", "shop"))
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(folder, lookup("", ""))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Preview.Expires, cfg.Provider = 0, provider
	t.Setenv("DOCKER_HOST", "unix:///nonexistent.sock")
	a := &app{lookup: lookup("OFFSHOOT_SOURCE", "postgres://reader@db.example.com/shop"), secrets: &ui.Secrets{}}
	preview := provision.Preview{
		ID: "shop-pr-12", Project: "shop", Name: "pr-12", Repository: "example.com/shop",
		PullRequest: 12,
	}
	options, up := upOptions{timeout: defaultTimeout}, making{a.above()}
	plan, err := up.makePlan(t.Context(), cfg, options, preview, "0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

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
		t.Error(diff)
	}
}

func TestUpPlan_OfTheSampleShop(t *testing.T) {
	plan := shopPlan(t, "")
	golden(t, "plan_shop.txt", plan.text(80, false)+"\n")
	golden(t, "plan_shop_verbose.txt", plan.text(80, true)+"\n")
	golden(t, "plan_shop.json", documentOf(t, plan))
	if err := plan.failure(); err != nil {
		t.Error(err)
	}
}

func TestUpPlan_OnEC2SaysWhichMachineAndAsksNobody(t *testing.T) {
	text := shopPlan(t, config.ProviderEC2).text(80, false)
	for _, want := range []string{
		"machine    one of its own on EC2, t3.large or t3a.large or m6i.large, 30 GB disk\n",
		"link       one has to sign in\n", "not known  the machine of the preview",
		"services   db      postgres:15   is pulled if missing\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "localhost") {
		t.Errorf("shows links of this computer:\n%s", text)
	}
}

func TestUpPlan_EndsAsTheRunWould(t *testing.T) {
	preview := provision.Preview{Name: "pr-1"}
	for name, c := range map[string]struct {
		plan provision.UpPlan
		want int
	}{
		"nothing is wrong": {provision.UpPlan{}, exitDone},
		"a refusal": {
			provision.UpPlan{Refused: []provision.Refused{{}}, Problems: []provision.Problem{{}}},
			exitUsage,
		},
		"a usage error": {provision.UpPlan{Problems: []provision.Problem{{}, {Usage: true}}}, exitUsage},
		"a taken port":  {provision.UpPlan{Problems: []provision.Problem{{}}}, exitFailed},
	} {
		c.plan.Preview = preview
		err := upPlan{UpPlan: &c.plan}.failure()
		if got := exitCode(t.Context(), err); got != c.want {
			t.Errorf("%s: exit %d, want %d", name, got, c.want)
		}
		if len(hint.Of(err)) > 0 {
			t.Errorf("%s: hints %q beside those of the plan", name, hint.Of(err))
		}
	}
}

func TestUpPlan_ToldOfFurtherDatabases(t *testing.T) {
	dir := t.TempDir()
	a, cfg := &app{lookup: lookup("", ""), secrets: &ui.Secrets{}}, &config.Config{Dir: dir}
	t.Setenv("DOCKER_HOST", "unix:///nonexistent.sock")
	for name, text := range map[string]string{
		"compose.yaml": "services:\n  db: {image: postgres:15, environment: {POSTGRES_DB: app}}\n  web: {image: " +
			"web, ports: [80]}\n",
		"app.sql": "SELECT 1;\n", "logs.sql": "SELECT 2;\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg.Preview.Databases = map[string]string{"logs": "logs.sql", "metrics": "missing.sql"}
	options := upOptions{archive: filepath.Join(dir, "app.sql"), timeout: defaultTimeout}
	preview, up := provision.Preview{ID: "p-pr-1", Project: "p", Name: "pr-1"}, making{a.above()}
	plan, err := up.makePlan(t.Context(), cfg, options, preview, "")
	if err != nil {
		t.Fatal(err)
	}
	text := plan.text(500, false)
	for _, want := range []string{
		"app.sql into app\n", "logs.sql into logs\n",
		"problems   database metrics: archive: stat " + filepath.Join(dir, "missing.sql"),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the plan lacks %q:\n%s", want, text)
		}
	}
	if got := exitCode(t.Context(), plan.failure()); got != exitUsage {
		t.Errorf("exit %d, and up ends with %d", got, exitUsage)
	}
}

func TestUpPlan_SaysThatWhatServesHandsItsDataOver(t *testing.T) {
	plan := upPlan{UpPlan: &provision.UpPlan{
		Replaces: &provision.Replaced{Commit: "0123456789abcdef"},
		Database: &provision.PlannedDatabase{Service: "db", Data: provision.DataKept},
		Mounts:   []provision.PlannedMount{{Service: "web", Type: "bind", Source: ".", Target: "/app", Given: "copy"}},
	}}
	for _, want := range []string{"replaces 0123456789, which stops to hand its data over", "a copy of . at /app"} {
		if text := plan.text(80, false); !strings.Contains(text, want) {
			t.Errorf("the plan lacks %q:\n%s", want, text)
		}
	}
}
