package compose_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// folder writes files into a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

func serviceFile(name string) string { return "services: {" + name + ": {image: busybox}}\n" }

func TestLoad_FindsTheFilesThatComposeFinds(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  []string
	}{
		"compose.yaml":        {[]string{"compose.yaml"}, []string{"compose-yaml"}},
		"compose.yml":         {[]string{"compose.yml"}, []string{"compose-yml"}},
		"docker-compose.yaml": {[]string{"docker-compose.yaml"}, []string{"docker-compose-yaml"}},
		"docker-compose.yml":  {[]string{"docker-compose.yml"}, []string{"docker-compose-yml"}},
		"the newest name wins": {[]string{
			"compose.yaml", "compose.yml", "docker-compose.yml",
			"docker-compose.yaml",
		}, []string{"compose-yaml"}},
		"compose.yml before docker-compose": {[]string{"compose.yml", "docker-compose.yml"}, []string{"compose-yml"}},
		"with its override": {
			[]string{"compose.yaml", "compose.override.yaml"},
			[]string{"compose-override-yaml", "compose-yaml"},
		},
		"override of another ending": {
			[]string{"compose.yaml", "compose.override.yml"},
			[]string{"compose-override-yml", "compose-yaml"},
		},
		"old names": {
			[]string{"docker-compose.yml", "docker-compose.override.yml"},
			[]string{"docker-compose-override-yml", "docker-compose-yml"},
		},
		"other files are nothing": {
			[]string{"compose.yaml", "compose.prod.yaml", "stack.yaml"},
			[]string{"compose-yaml"},
		},
		"a folder of the name is no file": {[]string{"compose.yaml/x", "compose.yml"}, []string{"compose-yml"}},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for _, file := range c.files {
				files[file] = serviceFile(strings.ReplaceAll(file, ".", "-"))
			}
			p, _, err := compose.Load(t.Context(), compose.Source{Dir: folder(t, files)})
			check(t, err)
			if diff := cmp.Diff(c.want, p.ServiceNames()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLoad_NamedFiles(t *testing.T) {
	dir := folder(t, map[string]string{
		"compose.yaml": serviceFile("default"), "a.yaml": serviceFile("a"), "deploy/b.yaml": serviceFile("b"),
		"list.env": "", ".env": "COMPOSE_FILE=a.yaml:deploy/b.yaml\n",
	})
	for name, c := range map[string]struct {
		source compose.Source
		want   []string
	}{
		"by .env":       {compose.Source{}, []string{"a", "b"}},
		"by the caller": {compose.Source{Files: []string{"compose.yaml"}}, []string{"default"}},
		"several":       {compose.Source{Files: []string{"compose.yaml", "a.yaml"}}, []string{"a", "default"}},
		"absolute":      {compose.Source{Files: []string{filepath.Join(dir, "deploy/b.yaml")}}, []string{"b"}},
		"over .env":     {compose.Source{Env: map[string]string{"COMPOSE_FILE": "a.yaml"}}, []string{"a"}},
		"other separator": {compose.Source{Env: map[string]string{
			"COMPOSE_FILE":           "a.yaml;compose.yaml",
			"COMPOSE_PATH_SEPARATOR": ";",
		}}, []string{"a", "default"}},
	} {
		c.source.Dir = dir
		p, _, err := compose.Load(t.Context(), c.source)
		check(t, err)
		if diff := cmp.Diff(c.want, p.ServiceNames()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, files := range [][]string{{"gone.yaml"}, {"a.yaml", "gone.yaml"}, {"deploy"}, {""}} {
		if _, _, err := compose.Load(t.Context(), compose.Source{Dir: dir, Files: files}); !errors.Is(err,
			hint.ErrUsage) || !strings.Contains(err.Error(), "no such file in "+dir) {
			t.Errorf("%q: got %v, want a usage error that names the folder", files, err)
		}
	}
}

func TestLoad_LaterFilesOverride(t *testing.T) {
	dir := folder(t, map[string]string{
		"one.yaml": "services:\n  web: {image: one, command: [a], environment: {A: '1', B: '1'}, ports: " +
			"['80:80'], labels: {x: '1'}}\n",
		"two.yaml":   "services:\n  web: {image: two, environment: [B=2, C=2], ports: ['81:81']}\n",
		"three.yaml": "services:\n  web: {ports: !override ['82:82'], command: !reset null, labels: !reset {}}\n",
	})
	p, _, err := compose.Load(t.Context(),
		compose.Source{Dir: dir, Files: []string{"one.yaml", "two.yaml", "three.yaml"}})
	check(t, err)
	web := p.Services["web"]
	got := map[string]string{
		"image": web.Image, "A": *web.Environment["A"], "B": *web.Environment["B"],
		"C": *web.Environment["C"],
	}
	if diff := cmp.Diff(map[string]string{"image": "two", "A": "1", "B": "2", "C": "2"}, got); diff != "" {
		t.Error(diff)
	}
	if len(web.Ports) != 1 || web.Ports[0].Target != 82 || web.Command != nil || len(web.Labels) > 0 {
		t.Errorf("ports %v, command %q, labels %v", web.Ports, web.Command, web.Labels)
	}
}

func TestLoad_Profiles(t *testing.T) {
	const text = `
services:
  web: {image: w}
  debug: {image: d, profiles: [dev, debug]}
  test: {image: t, profiles: [test]}
`
	for name, c := range map[string]struct {
		source compose.Source
		dotenv string
		want   []string
	}{
		"none":            {compose.Source{}, "", []string{"web"}},
		"one":             {compose.Source{Profiles: []string{"dev"}}, "", []string{"debug", "web"}},
		"several":         {compose.Source{Profiles: []string{"debug", "test"}}, "", []string{"debug", "test", "web"}},
		"all":             {compose.Source{Profiles: []string{"*"}}, "", []string{"debug", "test", "web"}},
		"by .env":         {compose.Source{}, "COMPOSE_PROFILES=test,dev\n", []string{"debug", "test", "web"}},
		"unknown in .env": {compose.Source{}, "COMPOSE_PROFILES=nobody\n", []string{"web"}},
		"the caller's too": {
			compose.Source{Env: map[string]string{"COMPOSE_PROFILES": "test"}},
			"",
			[]string{"test", "web"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.source.Dir = folder(t, map[string]string{"compose.yaml": text, ".env": c.dotenv})
			p, _, err := compose.Load(t.Context(), c.source)
			check(t, err)
			if diff := cmp.Diff(c.want, p.ServiceNames()); diff != "" {
				t.Error(diff)
			}
		})
	}
	_, _, err := compose.Load(t.Context(),
		compose.Source{Dir: folder(t, map[string]string{"compose.yaml": "services: {a: {image: b, profiles: [x]}}"})})
	if !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), "no services") {
		t.Errorf("only profiles: got %v", err)
	}
}

func TestLoad_InterpolationSeesDotenvAndTheCallerOnly(t *testing.T) {
	t.Setenv("ONLY_HERE", "never-to-be-seen")
	t.Setenv("BOTH", "never-to-be-seen")
	dotenv := "TAG=1.2\nBOTH=dotenv\nQUOTED='a b'\nEXPANDED=${TAG}-x\nexport EXPORTED=yes\n# comment\nEMPTY=\n" +
		"MULTI=\"l1\nl2\"\n"
	for value, want := range map[string]string{
		"${TAG}":                     "1.2",
		"$TAG":                       "1.2",
		"$$TAG":                      "$TAG",
		"${BOTH}":                    "caller",
		"${QUOTED}":                  "a b",
		"${EXPANDED}":                "1.2-x",
		"${EXPORTED}":                "yes",
		"${ONLY_HERE}":               "",
		"${ONLY_HERE:-fallback}":     "fallback",
		"${ONLY_HERE-fallback}":      "fallback",
		"${EMPTY:-fallback}":         "fallback",
		"${EMPTY-fallback}":          "",
		"${TAG:+set}":                "set",
		"${ONLY_HERE:+set}":          "",
		"${ONLY_HERE:-${TAG}}":       "1.2",
		"${MULTI}":                   "l1\nl2",
		"a${TAG}b${TAG}":             "a1.2b1.2",
		"${COMPOSE_PROJECT_NAME}":    "shop",
		"${HOME}":                    "",
		"${PATH:-no path}":           "no path",
		"${GITHUB_TOKEN:-no token}":  "no token",
		"${AWS_SECRET_ACCESS_KEY:-}": "",
	} {
		dir := folder(t,
			map[string]string{
				".env":         dotenv,
				"compose.yaml": "services: {a: {image: b, environment: {V: '" + value + "'}}}",
			})
		p, _, err := compose.Load(t.Context(),
			compose.Source{Dir: dir, Name: "shop", Env: map[string]string{"BOTH": "caller"}})
		check(t, err)
		if got := p.Services["a"].Environment["V"]; got == nil || *got != want {
			t.Errorf("%s: %v, want %q", value, got, want)
		}
	}
}

func TestLoad_SaysWhichVariablesAreMissing(t *testing.T) {
	t.Setenv("ONLY_HERE", "never-to-be-seen")
	for text, want := range map[string]string{
		"services: {a: {image: 'b:$GONE'}}":                                                            "*: variable GONE is empty",
		"services: {a: {image: 'b:${GONE}', command: '$GONE ${GONE}'}}":                                "*: variable GONE is empty",
		"services: {a: {image: 'b:${GONE:-latest}'}}":                                                  "",
		"services: {a: {image: 'b:${ONLY_HERE:-latest}'}}":                                             "*: variable ONLY_HERE is not passed on",
		"services: {a: {image: b, command: 'echo $$GONE'}}":                                            "",
		"services: {a: {image: b, environment: [ONLY_HERE, GONE, TAG]}}":                               "a: variable ONLY_HERE is not passed on",
		"services: {a: {image: b, environment: {ONLY_HERE: }}}":                                        "a: variable ONLY_HERE is not passed on",
		"services: {a: {build: {context: ., args: [ONLY_HERE, GONE, A=b]}}}":                           "a: variable ONLY_HERE is not passed on",
		"services: {a: {image: b, environment: {A: '${ONLY_HERE}', B: '${GONE}'}}}":                    "*: variable GONE is empty; *: variable ONLY_HERE is not passed on",
		"services: {a: {image: b, volumes: ['v:/v']}}\nvolumes: {v: {name: 'x${GONE}'}}":               "*: variable GONE is empty",
		"services: {a: {image: 'b:${TAG}'}}":                                                           "",
		"services: {a: {image: b, environment: [ONLY_HERE]}, c: {image: b, environment: [ONLY_HERE]}}": "a: variable ONLY_HERE is not passed on; c: variable ONLY_HERE is not passed on",
	} {
		dir := folder(t, map[string]string{".env": "TAG=1\n", "compose.yaml": text})
		p, changes, err := compose.Load(t.Context(), compose.Source{Dir: dir})
		check(t, err)
		var got []string
		for line := range strings.Lines(changeLines(changes)) {
			got = append(got, strings.Join(strings.SplitN(line, ": ", 3)[:2], ": "))
		}
		if joined := strings.Join(got, "; "); joined != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, joined, want)
		}
		if strings.Contains(yaml(t, p), "never-to-be-seen") {
			t.Errorf("%s: the process's value is in the project", text)
		}
	}
}

func TestLoad_AnchorsMergesAndExtends(t *testing.T) {
	dir := folder(t, map[string]string{
		"compose.yaml": `
x-env: &env {A: "1", B: "1"}
x-base: &base
  image: busybox
  environment: {<<: *env, B: "2"}
services:
  one: {<<: *base, command: [one]}
  two:
    <<: [*base, {restart: always}]
    extends: {file: lib/base.yaml, service: base}
  three: {extends: two, image: other}
`,
		"lib/base.yaml": "services: {base: {init: true, env_file: [base.env], volumes: ['./data:/data'], extends: " +
			"{service: root}}, root: {user: '7'}}\n",
		"lib/base.env": "FROM_FILE=yes\n",
	})
	p, _, err := compose.Load(t.Context(), compose.Source{Dir: dir})
	check(t, err)
	got := map[string]string{}
	for _, s := range p.Services {
		for k, v := range s.Environment {
			got[s.Name+" "+k] = *v
		}
		got[s.Name] = s.Image + " " + s.Restart + " " + s.User
	}
	want := map[string]string{
		"one": "busybox  ", "one A": "1", "one B": "2",
		"two": "busybox always 7", "two A": "1", "two B": "2", "two FROM_FILE": "yes",
		"three": "other always 7", "three A": "1", "three B": "2", "three FROM_FILE": "yes",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if v := p.Services["three"].Volumes; len(v) != 1 || v[0].Source != filepath.Join(dir, "lib/data") {
		t.Errorf("volumes %+v: not relative to the file that says it", v)
	}
}

func TestLoad_IncludesSeeTheirOwnEnvironment(t *testing.T) {
	dir := folder(t, map[string]string{
		"compose.yaml": "include:\n  - sub/compose.yaml\n  - {path: [other/a.yaml, other/b.yaml], env_file: " +
			"[shared.env], project_directory: other}\nservices: {web: {image: 'w:${TAG}'}}\n",
		".env":             "TAG=top\n",
		"sub/compose.yaml": "services: {sub: {image: 's:${TAG}-${SUB}', volumes: ['./x:/x']}}\n",
		"sub/.env":         "TAG=sub\nSUB=own\n",
		"other/a.yaml":     "services: {other: {image: 'o:${SHARED}', command: a}}\n",
		"other/b.yaml":     "services: {other: {command: b}}\n",
		"shared.env":       "SHARED=yes\n",
	})
	p, _, err := compose.Load(t.Context(), compose.Source{Dir: dir})
	check(t, err)
	got := []string{
		p.Services["web"].Image, p.Services["sub"].Image, p.Services["other"].Image,
		p.Services["other"].Command[0], p.Services["sub"].Volumes[0].Source,
	}
	if diff := cmp.Diff([]string{"w:top", "s:top-own", "o:yes", "b", filepath.Join(dir, "sub/x")}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoad_CyclesOfFilesAreUsageErrors(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"include of itself": {"compose.yaml": "include: [compose.yaml]\nservices: {a: {image: b}}"},
		"include in a ring": {
			"compose.yaml": "include: [b.yaml]", "b.yaml": "include: [c.yaml]",
			"c.yaml": "include: [compose.yaml]",
		},
		"extends of itself": {"compose.yaml": "services: {a: {image: b, extends: {service: a}}}"},
		"extends in a ring": {
			"compose.yaml": "services: {a: {image: b, extends: {file: b.yaml, service: a}}}",
			"b.yaml":       "services: {a: {image: b, extends: {file: compose.yaml, service: a}}}",
		},
		"a service's ring": {"compose.yaml": "services: {a: {image: b, depends_on: [c]}, c: {image: b, " +
			"depends_on: [a]}}"},
		"include of nothing": {"compose.yaml": "include: [{env_file: x}]\nservices: {a: {image: b}}"},
		"include of a gone":  {"compose.yaml": "include: [gone.yaml]\nservices: {a: {image: b}}"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := compose.Load(t.Context(), compose.Source{Dir: folder(t, files)})
			if !errors.Is(err, hint.ErrUsage) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want a usage error of one line", err)
			}
		})
	}
}

func TestLoad_SecretsAndConfigsComeFromWhatTheProjectSees(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "never-to-be-seen")
	for text, want := range map[string]string{
		"secrets: {s: {environment: AWS_SECRET_ACCESS_KEY}}": "secret s needs the variable " +
			"AWS_SECRET_ACCESS_KEY, which is not set",
		"configs: {s: {environment: AWS_SECRET_ACCESS_KEY}}": "config s needs the variable " +
			"AWS_SECRET_ACCESS_KEY, which is not set",
		"secrets: {s: {external: true}}": "secret s is external, which " +
			"only a swarm has",
		"configs: {s: {external: true, name: other}}": "config s is external, which " +
			"only a swarm has",
		"secrets: {s: {environment: TOKEN}}":                                         "",
		"configs: {s: {environment: TOKEN}}":                                         "",
		"configs: {s: {content: 'token is ${TOKEN} ${AWS_SECRET_ACCESS_KEY:-hid}'}}": "",
		"secrets: {s: {file: ./key}}":                                                "",
	} {
		kind, _, _ := strings.Cut(text, ":")
		dir := folder(t,
			map[string]string{
				".env": "TOKEN=mine\n", "key": "k",
				"compose.yaml": "services: {a: {image: b, " + kind + ": [s]}}\n" + text,
			})
		p, _, err := compose.Load(t.Context(), compose.Source{Dir: dir})
		switch {
		case want != "" && (!errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: got %v, want %s", text, err, want)
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want == "" && strings.Contains(yaml(t, p)+p.Environment["AWS_SECRET_ACCESS_KEY"], "never-to-be-seen"):
			t.Errorf("%s: the process's value is in the project", text)
		}
	}
}

func TestLoad_EnvFiles(t *testing.T) {
	dir := folder(t, map[string]string{
		"compose.yaml": `
services:
  a:
    image: busybox
    env_file: [one.env, {path: two.env}, {path: gone.env, required: false}]
    environment: {C: inline}
`,
		"one.env": "A=1\nB=1\nC=1\n", "two.env": "B=2\nC=2\nD=${A}-${TAG}\n", ".env": "TAG=x\n",
	})
	p, _, err := compose.Load(t.Context(), compose.Source{Dir: dir})
	check(t, err)
	got := map[string]string{}
	for k, v := range p.Services["a"].Environment {
		got[k] = *v
	}
	if diff := cmp.Diff(map[string]string{"A": "1", "B": "2", "C": "inline", "D": "1-x"}, got); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{
		"{path: one.env, format: raw}": "unsupported env_file format \"raw\"",
		"gone.env":                     "gone.env",
		"bad.env":                      "bad.env: line 1: not a KEY=value line",
	} {
		dir := folder(t,
			map[string]string{
				"one.env": "A=1\n", "bad.env": "hunter 2\n",
				"compose.yaml": "services: {a: {image: b, env_file: [" + text + "]}}",
			})
		_, _, err := compose.Load(t.Context(), compose.Source{Dir: dir})
		if !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "hunter") {
			t.Errorf("%s: got %v, want a usage error with %s", text, err, want)
		}
	}
}

func TestLoad_TheNameOfTheProject(t *testing.T) {
	for name, c := range map[string]struct {
		source compose.Source
		text   string
		want   string
	}{
		"of the file":      {compose.Source{}, "name: from-file\n", "from-file"},
		"given":            {compose.Source{Name: "given"}, "name: from-file\n", "given"},
		"of a variable":    {compose.Source{Env: map[string]string{"N": "var"}}, "name: x-${N}\n", "x-var"},
		"of the variables": {compose.Source{Env: map[string]string{"COMPOSE_PROJECT_NAME": "by-env"}}, "", "by-env"},
	} {
		c.source.Dir = folder(t, map[string]string{"compose.yaml": c.text + serviceFile("a")})
		p, _, err := compose.Load(t.Context(), c.source)
		check(t, err)
		if p.Name != c.want {
			t.Errorf("%s: %q, want %q", name, p.Name, c.want)
		}
	}
	for _, bad := range []string{"Shop", "a/b", "-x", "a b"} {
		_, _, err := compose.Load(t.Context(),
			compose.Source{Dir: folder(t, map[string]string{"compose.yaml": serviceFile("a")}), Name: bad})
		if !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%q: got %v, want a usage error", bad, err)
		}
	}
}

func TestLoad_EndsWithItsContextOrWithout(t *testing.T) {
	ctx, cancel := withCancel(t)
	cancel()
	p, _, err := compose.Load(ctx, compose.Source{Dir: folder(t, map[string]string{"compose.yaml": serviceFile("a")})})
	if (p == nil) == (err == nil) {
		t.Errorf("neither or both of %v and %v", p, err)
	}
}
