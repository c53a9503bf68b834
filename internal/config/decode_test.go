package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

func TestConfig_WhatYAMLAllows(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       Config
	}{
		{"a byte order mark", "\ufeffproject: a\n", Config{Project: "a"}},
		{"DOS lines", "project: a\r\nsource: b\r\n", Config{Project: "a", Source: "b"}},
		{"a tab behind a colon", "project:\ta\n", Config{Project: "a"}},
		{"the marks of a document", "---\nproject: a\n...\n", Config{Project: "a"}},
		{"an empty document", "---\n", Config{}},
		{"nothing, spelled out", "null\n", Config{}},
		{"an empty mapping", "{}", Config{}},
		{"JSON", `{"project": "a", "preview": {"port": 80}}`, Config{Project: "a", Preview: Preview{Port: 80}}},
		{"no newline at the end", "project: a", Config{Project: "a"}},
		{"a block of text", "project: >-\n  a\n  b\n", Config{Project: "a b"}},
		{
			"numbers and dates where text is wanted", "project: 12\nsource: 2026-01-02\n",
			Config{Project: "12", Source: "2026-01-02"},
		},
		{
			"text as it is written", "preview: {environment: {A: 010, B: 1.50, C: yes, D: '', E: '~'}}",
			Config{Preview: Preview{Environment: map[string]string{
				"A": "010", "B": "1.50", "C": "yes", "D": "",
				"E": "~",
			}}},
		},
		{
			"an alias of a value", "preview: {database: &x db, environment: {A: *x}}",
			Config{Preview: Preview{Database: "db", Environment: map[string]string{"A": "db"}}},
		},
		{
			"an alias of a mapping", "subset: {tables: {a.b: &r {rows: 5}, a.c: *r}}",
			Config{Subset: Subset{Tables: map[string]plan.Rule{"a.b": {Rows: 5}, "a.c": {Rows: 5}}}},
		},
		{"an octal port", "preview: {port: 0o120}", Config{Preview: Preview{Port: 80}}},
		{"a quoted port", "preview: {port: '80'}", Config{Preview: Preview{Port: 80}}},
		{"the highest port", "preview: {port: 65535}", Config{Preview: Preview{Port: 65535}}},
		{"never", "preview: {expires: never}", Config{}},
		{
			"a whole table", "subset: {tables: {a.b: {share: 1}}}",
			Config{Subset: Subset{Tables: map[string]plan.Rule{"a.b": {Share: 1}}}},
		},
		{
			"one text for a list", "preview: {allow: docker.sock}\nsubset: {references: a.b.c -> a.d.e}",
			Config{
				Subset:  Subset{References: []string{"a.b.c -> a.d.e"}},
				Preview: Preview{Allow: []string{"docker.sock"}},
			},
		},
		{
			"a migration as the image has it", "preview: {migrate: {service: web}}",
			Config{Preview: Preview{Migrate: &Migrate{Service: "web"}}},
		},
		{"days", "preview: {expires: 1d30m}", Config{Preview: Preview{Expires: 24*time.Hour + 30*time.Minute}}},
	} {
		got := &Config{}
		err := got.Parse(Name, []byte(c.file), lookup())
		if diff := cmp.Diff(&c.want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("%s: %s, %v", c.name, diff, err)
		}
	}
}

func TestConfig_WhatIsRefused(t *testing.T) {
	for _, c := range []struct{ file, want, hint string }{
		{"project: {a: b}", "1: project: not text", ""},
		{"source: [a]", "1: source: not text", ""},
		{"source: a\nsource: b", "2: source is given twice", ""},
		{"provider: k8s", `1: unknown provider "k8s"`, "use provider: docker or ec2, or remove the line"},
		{"provider: [docker]", "1: provider: not text", ""},
		{"subset: all", "1: subset: not a mapping", ""},
		{"subset: {curve: [10, 3]}", "1: subset.curve: not a mapping", ""},
		{"subset: {curve: {ten: 3, 1000: 4}}", "1: subset.curve: not a whole number", ""},
		{"subset: {curve: {10: 3, 1000: many}}", "1: subset.curve.1000: not a whole number", ""},
		{"subset: {curve: {10: 3, 10: 4}}", "1: subset.curve.10 is given twice", ""},
		{"subset: {tables: [a.b]}", "1: subset.tables: not a mapping", ""},
		{"subset:\n  tables:\n    a.b:", "3: subset.tables.a.b: not all, none or {where, rows, share}", ""},
		{
			"subset: {tables: {a.b: {share: nan}}}", "1: subset.tables.a.b.share: not a share",
			"a share lies above 0 and is at most 1",
		},
		{
			"subset: {tables: {a.b: {share: 0}}}", "1: subset.tables.a.b.share: not a share",
			"a share lies above 0 and is at most 1",
		},
		{"subset: {tables: {a.b: {rows: 1.5}}}", "1: subset.tables.a.b.rows: not a whole number", ""},
		{"subset: {tables: {a.b: {wehre: x}}}", `1: unknown key "subset.tables.a.b.wehre"`, `did you mean "where"?`},
		{"subset: {references: {a: b}}", "1: subset.references: not a list", "write it like [one, two]"},
		{"subset: {references: [a, [b]]}", "1: subset.references[1]: not text", ""},
		{"subset: &s {references: [*s]}", "1: subset.references[0]: not text", ""},
		{"preview: {compose: {a: b}}", "1: preview.compose: not a list", "write it like [one, two]"},
		{"preview: {compose: [a.yaml, null]}", "1: preview.compose[1]: not text", ""},
		{"preview: {databse: db}", `1: unknown key "preview.databse"`, `did you mean "database"?`},
		{"preview: {Database: db}", `1: unknown key "preview.Database"`, `did you mean "database"?`},
		{"preview: {migrate: {service: , command: [make]}}", "1: preview.migrate: service is missing", ""},
		{
			"preview: {migrate: {service: web, comand: [make]}}", `1: unknown key "preview.migrate.comand"`,
			`did you mean "command"?`,
		},
		{
			"preview: {migrate: {service: web, command: {a: b}}}", "1: preview.migrate.command: not a list",
			"write it like [one, two]",
		},
		{"preview: {expose: [web]}", "1: preview.expose: not a mapping", ""},
		{"preview: {expose: {web: 0}}", "1: preview.expose.web: 0 is not between 1 and 65535", ""},
		{"preview: {expose: {web: 65536}}", "1: preview.expose.web: 65536 is not between 1 and 65535", ""},
		{"preview: {expires: [3d]}", "1: preview.expires: not a duration", ""},
		{"preview: {expires: 0s}", "1: preview.expires: not a duration", "write it like 72h, 3d or never"},
		{"preview: {expires: 72}", "1: preview.expires: not a duration", "write it like 72h, 3d or never"},
		{"preview: {environment: [A=b]}", "1: preview.environment: not a mapping", ""},
		{"preview:\n  mounts:\n    ../src: [a]\n", "3: preview.mounts: ../src: not text", ""},
		{"preview: {mounts: {uploads/a: }}", "1: preview.mounts: uploads/a: not text", ""},
		{"preview:\n  environment:\n    A:\n", "3: preview.environment.A: not text", ""},
		{"preview: {allow: {a: b}}", "1: preview.allow: not a list", "write it like [one, two]"},
		{"preview: {port: -1}", "1: preview.port: -1 is not between 1 and 65535", ""},
		{"preview: {port: 80.0}", "1: preview.port: not a whole number", ""},
		{"preview: {port: 99999999999999999999}", "1: preview.port: not a whole number", ""},
		{"x: 1", `1: unknown key "x"`, "known here: project, source, subset, preview, rehearse, checks, pull_requests, sweep, " +
			"provider, ec2, mask, schema, scanned, privacy"},
		{
			"preview:\n  <<: {port: 80}", `2: unknown key "preview.<<"`,
			"known here: compose, profiles, without, env_files, build, database, migrate, rehearse, expose, " +
				"expires, keep_templates, environment, mounts, allow, port, domain, public, acme",
		},
		{"? [a, b]\n: c", "1: the file: a key that is not plain text", ""},
		{"subset:\n\ttables: {}", "2: found character that cannot start any token", ""},
		{"project: *x", "1: unknown anchor 'x' referenced", ""},
		{"project: a: b", "1: mapping values are not allowed in this context", ""},
		{"project: a\n---\nproject: b", " yaml: expected single document, found multiple", ""},
	} {
		err := new(Config).Parse(Name, []byte(c.file), lookup())
		if want := Name + ":" + c.want; err == nil || err.Error() != want || !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%q: error %v, want %s", c.file, err, want)
		}
		if got := strings.Join(hint.Of(err), "|"); got != c.hint {
			t.Errorf("%q: hint %q, want %q", c.file, got, c.hint)
		}
	}
}

func TestConfig_VariablesAreReplacedInValuesOnly(t *testing.T) {
	env := lookup("A", "x: [1]", "N", "80", "E", "", "HASH", "a # b", "SELF", "${A}")
	c := &Config{}
	err := c.Parse(Name, []byte(`
project: ${A}
source: ${SELF}
preview:
  port: ${N}${E:-}
  database: "${HASH}" # not ${NOPE}
  environment: {"${A}": $$A, B: "$${A}", C: "$$${A}", D: $, E: "${E:-}", F: "$N"}
`), env)
	want := &Config{Project: "x: [1]", Source: "${A}", Preview: Preview{
		Port: 80, Database: "a # b",
		Environment: map[string]string{"${A}": "$$A", "B": "${A}", "C": "$${A}", "D": "$", "E": "", "F": "$N"},
	}}
	if diff := cmp.Diff(want, c); diff != "" || err != nil {
		t.Errorf("%s, %v", diff, err)
	}
	err = new(Config).Parse(Name, []byte("project: ${ONE}${TWO}\npreview: {port: \"${ONE}\"}\n"), env)
	if diff := cmp.Diff("offshoot.yaml:1: project: environment variables ONE, TWO are not set\n"+
		"offshoot.yaml:2: preview.port: environment variable ONE is not set", err.Error()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"export ONE TWO, or write the value itself", "export ONE, or write the value itself"},
		hint.Of(err)); diff != "" {
		t.Error(diff)
	}
}

func TestParseDuration_DaysStandBeforeAWholeRest(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"0d1h": time.Hour, "1d0s": 24 * time.Hour, "007d": 7 * 24 * time.Hour, "1d1h1m1s": 25*time.Hour + time.Minute +
			time.Second,
		"36500d": 36500 * 24 * time.Hour, "1.5h": 90 * time.Minute, "1ns": 1,
	} {
		if got, err := ParseDuration(in); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{
		"0d", "1d12", "1d.5", "1d-2h", "-1d", "1.5d", "1h1d", "1 d", "1d ", "36501d", "Never",
		"never1h", "1D", "0s", "9999999999h",
	} {
		if got, err := ParseDuration(in); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", in, got)
		}
	}
}

func TestLoadConfig_TheNearestWinsAndAWorktreeEndsTheSearch(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "app", "api", "cmd")
	for _, dir := range []string{deep, filepath.Join(root, ".git")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	want := func(project, dir string) {
		t.Helper()
		c, err := Load(deep, lookup())
		if err != nil || c.Project != project || c.Dir != dir {
			t.Errorf("%+v, %v, want project %q in %s", c, err, project, dir)
		}
	}
	write(t, filepath.Join(root, Name), "project: outer\npreview: {compose: deploy/compose.yaml}\n")
	want("outer", root)
	write(t, filepath.Join(root, "app", Name), "project: inner\n")
	want("inner", filepath.Join(root, "app"))
	write(t, filepath.Join(root, "app", "api", ".git"), "gitdir: elsewhere\n") // a worktree or submodule
	want("", deep)
	if err := os.Mkdir(filepath.Join(deep, Name), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(deep, lookup()); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("a folder of that name: %v", err)
	}
}

// What was configured with an earlier version goes on being read.
func TestParse_KnowsTheFormerNameOfKeepTemplates(t *testing.T) {
	for _, name := range []string{"keep_templates", "keep_seeds"} {
		var c Config
		err := c.Parse("offshoot.yaml", []byte("preview: {"+name+": 5GB}\n"), NoVariables)
		if err != nil || c.Preview.KeepTemplates == nil || *c.Preview.KeepTemplates != 5_000_000_000 {
			t.Errorf("%s: %v, %v", name, c.Preview.KeepTemplates, err)
		}
	}
}
