package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/soak"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/score"
)

var smallReport = &subset.Report{
	Version: 1, Database: "shop", SourceRows: 100, Target: 15, Rows: 16,
	Tables: []subset.TableReport{{
		Schema: "public", Name: "orders", Source: 100, Target: 15, Rows: 16, Sampled: 15,
		Forced: 1,
	}},
}

func TestWriteReport_PicksTheFormatByName(t *testing.T) {
	dir := t.TempDir()
	for name, start := range map[string]string{
		"r.md": "", "r.JSON": "{", "r.txt": "", "r.mmd": "flowchart LR\n",
		"r.dot": "digraph subset {\n",
	} {
		path := filepath.Join(dir, name)
		if err := writeReport(path, smallReport); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(data), start) || !strings.Contains(string(data), "orders") {
			t.Errorf("%s holds %s", name, data)
		}
		if strings.HasPrefix(string(data), "{") != (start == "{") {
			t.Errorf("%s has another format: %s", name, data)
		}
	}
	wantFiles(t, dir, "r.JSON", "r.dot", "r.md", "r.mmd", "r.txt")
}

func TestWriteReport_LeavesNothingHalfMade(t *testing.T) {
	dir := t.TempDir()
	if err := writeReport(filepath.Join(dir, "no", "r.md"), smallReport); err == nil {
		t.Error("a folder that is not there is no error")
	}
	if err := os.Mkdir(filepath.Join(dir, "r.md"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeReport(filepath.Join(dir, "r.md"), smallReport); err == nil {
		t.Error("a folder in the way is no error")
	}
	if err := writeReport(filepath.Join(dir, "r.pdf"), smallReport); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("unknown format: %v", err)
	}
	wantFiles(t, dir, "r.md")
	if err := writeReport("", smallReport); err != nil {
		t.Errorf("no report asked for: %v", err)
	}
}

func TestPrintText_CleansAndRedacts(t *testing.T) {
	secrets := &ui.Secrets{}
	secrets.Add("hunter22")
	var out bytes.Buffer
	err := printText(&out, secrets, func(w io.Writer) error {
		_, err := io.WriteString(w, "public.\x1b[31mt\n::error::hunter22\nlast")
		return err
	})
	if diff := cmp.Diff("public.t\n: :error::***\nlast\n", out.String()); diff != "" || err != nil {
		t.Errorf("%s, %v", diff, err)
	}
	broken := errors.New("broken")
	if err := printText(&out, secrets, func(io.Writer) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("the error is lost: %v", err)
	}
}

func TestSource_TheNearestWinsAndItsPasswordIsASecret(t *testing.T) {
	env := map[string]string{}
	a := here()
	a.lookup = func(name string) (string, bool) { value, ok := env[name]; return value, ok }
	cfg := &config.Config{Source: "postgres://u:configpw@h/d"}
	for _, c := range []struct{ flag, env, want string }{
		{"", "", "postgres://u:configpw@h/d"},
		{"", "host=h password='env pw'", "host=h password='env pw'"},
		{"postgres://u:flagpw@h/d", "host=h", "postgres://u:flagpw@h/d"},
	} {
		env["OFFSHOOT_SOURCE"] = c.env
		if got, err := a.source(cfg, c.flag); got != c.want || err != nil {
			t.Errorf("source %q, %v, want %q", got, err, c.want)
		}
	}
	if got := a.secrets.Redact("configpw env pw flagpw"); got != "*** *** ***" {
		t.Errorf("redacted %q", got)
	}
	env["OFFSHOOT_SOURCE"] = ""
	unset := errors.New("unset")
	if _, err := a.source(&config.Config{SourceUnset: unset}, ""); !errors.Is(err, unset) {
		t.Errorf("error %v", err)
	}
	if _, err := a.source(&config.Config{}, ""); !errors.Is(err, errNoSource) {
		t.Errorf("error %v", err)
	}
}

// TestSubset_SampleDatabases runs the command line on well-known databases,
// whose keys must be whole on the other side whatever the seed.
func TestSubset_SampleDatabases(t *testing.T) {
	first := soak.Seed(t)
	t.Logf("seeds from OFFSHOOT_TEST_SEED=%d on", first)
	for name, files := range map[string][]string{
		"pagila": {"pagila.sql"}, "chinook": {"chinook.sql"}, "sakila": {"sakila-schema.sql", "sakila-data.sql"},
	} {
		t.Run(name, func(t *testing.T) {
			source := pgtest.New(t)
			for _, file := range files {
				pgtest.Load(t, source, pgtest.Data(t, file))
			}
			pgtest.Exec(t, source, "ANALYZE")
			dir := t.TempDir()
			for n := range soak.Rounds(1, 3) {
				seed := fmt.Sprint(first + uint64(n))
				target := pgtest.New(t)
				p := start(t, dir, nil, "subset", "--source", source, "--to", target, "--seed", seed, "--privacy",
					"off")
				if code := p.ends(); code != 0 {
					t.Fatalf("seed %s: exit code %d: %s", seed, code, p.stderr.String())
				}
				dangling, err := score.Verify(t.Context(), target)
				if err != nil || len(dangling) > 0 {
					t.Errorf("seed %s: dangling %+v, %v", seed, dangling, err)
				}
			}
		})
	}
}
