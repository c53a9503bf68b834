package compose_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

func TestLoad_ErrorsTellFileAndLine(t *testing.T) {
	const head = "# a comment\nservices:\n  web:\n    image: busybox\n"
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":      {head + "    comand: x\n", "compose.yaml:5: unknown key comand in services.web"},
		"two unknown keys": {head + "    comand: x\n    prots: y\n", "in services.web"},
		"unknown key deeper": {
			head + "    healthcheck:\n      tests: [x]\n",
			"compose.yaml:6: unknown key tests in services.web.healthcheck",
		},
		"unknown key on top": {head + "volume: {}\n", "compose.yaml:5: unknown key volume"},
		"key with dots": {
			"services:\n  a.b:\n    image: x\n    nope: y\n",
			"compose.yaml:4: unknown key nope in services.a.b",
		},
		"wrong type": {
			head + "    mem_limit: [1]\n",
			"compose.yaml:5: services.web.mem_limit must be a number or string",
		},
		"wrong size": {
			head + "    mem_limit: many\n",
			"compose.yaml:5: services.web.mem_limit: invalid size: 'many'",
		},
		"wrong duration": {
			head + "    stop_grace_period: often\n",
			`compose.yaml:5: services.web.stop_grace_period: time: invalid duration "often"`,
		},
		"wrong address": {
			head + "    ports:\n      - {target: 80, host_ip: here}\n",
			"compose.yaml:5: services.web.ports.[]: invalid ip address: here",
		},
		"duplicate key": {head + "    image: y\n", `line 5: mapping key "image" already defined at line 4`},
		"required variable": {
			head + "    command: echo ${TOKEN:?set a token}\n",
			"compose.yaml:5: TOKEN is not set (error while interpolating services.web.command: required variable " +
				"TOKEN is missing a value: set a token)",
		},
		"in a list": {
			head + "    command:\n      - echo\n      - ${TOKEN:?set a token}\n",
			"compose.yaml:7: TOKEN is not set (compose.yaml:5: error while interpolating services.web.command.[]: " +
				"required variable TOKEN",
		},
		"not a variable": {
			head + "    command: echo ${not a name}\n",
			"compose.yaml:5: invalid interpolation format for services.web.command. You may need to escape any $ " +
				"with another $. echo ${not a name}",
		},
		"undefined volume": {
			head + "    volumes: [data:/data]\n",
			`compose.yaml:3: service "web" refers to undefined volume data`,
		},
		"undefined network": {
			head + "    networks: [back]\n",
			`compose.yaml:3: service "web" refers to undefined network back`,
		},
		"undefined dependency": {
			head + "    depends_on: [db]\n",
			`compose.yaml:3: service "web" depends on undefined service "db"`,
		},
		"undefined secret": {
			head + "    secrets: [key]\n",
			`compose.yaml:3: service "web" refers to undefined secret key`,
		},
		"neither image nor": {
			"services:\n  web:\n    command: x\n",
			`compose.yaml:2: service "web" has neither an image nor a build context specified`,
		},
		"under an anchor": {
			"x-base: &base\n  image: busybox\n  comand: x\nservices:\n  web: *base\n",
			"compose.yaml:3: unknown key comand in services.web",
		},
		"under a merge": {
			"x-base: &base\n  comand: x\nservices:\n  web:\n    <<: *base\n    image: x\n",
			"compose.yaml:4: unknown key comand in services.web",
		},
		"in another document": {
			head + "---\nservices:\n  web:\n    comand: x\n",
			"compose.yaml:8: unknown key comand in services.web",
		},
		"not YAML": {head + "   odd: x\n", "compose.yaml: yaml: line 5: did not find expected key"},
		"a cycle": {
			"services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n",
			"dependency cycle detected: a -> b -> a",
		},
		"extends nothing": {
			"services:\n  a: {image: x, extends: {service: gone}}\n",
			`cannot extend service "a" in`,
		},
		"services in a list": {
			"# a comment\nservices: [web]\n",
			"compose.yaml:2: services must be a mapping of services by their names, such as {web: {image: nginx}}",
		},
		"no services": {
			"# a comment\nservices:\n",
			"compose.yaml:2: services must be a mapping of services by their names",
		},
		"service of one word": {
			"services:\n  web: nginx\n",
			"compose.yaml:2: services.web must be a mapping of keys, such as {image: nginx}",
		},
		"volumes in a list": {
			head + "    volumes: [data:/d]\nvolumes:\n  - data\n",
			"compose.yaml:6: volumes must be a mapping of names, each followed by a colon, such as {volume1: {}}",
		},
		"volume of no word": {
			head + "volumes: {data: \"\"}\n",
			"compose.yaml:5: volumes.data must be a mapping or null: write nothing after its colon",
		},
		"volume of one word": {
			head + "volumes:\n  a:\n  data: local\n",
			"compose.yaml:7: volumes.data must be a mapping or null",
		},
		"networks in a list": {head + "networks: [back]\n", "compose.yaml:5: networks must be a mapping of names"},
		"network of a list": {
			head + "networks: {back: [a]}\n",
			"compose.yaml:5: networks.back must be a mapping or null",
		},
		"secrets in a list":  {head + "secrets: [key]\n", "compose.yaml:5: secrets must be a mapping of names"},
		"config of one word": {head + "configs: {conf: ./conf}\n", "compose.yaml:5: configs.conf must be a mapping"},
		"secret without source": {
			"services: {a: {image: x, secrets: [s]}}\nsecrets:\n  s: {}\n",
			"compose.yaml:3: secrets.s: one of file|environment must be set",
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := loadText(t, c.text)
			if !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
		})
	}
}

// Null is what Compose's own examples write, in both forms of YAML.
func TestLoad_TakesVolumesAndNetworksOfNull(t *testing.T) {
	const services = "services: {web: {image: busybox, volumes: ['data:/d'], networks: [back]}}\n"
	for _, rest := range []string{
		"volumes: {data: }\nnetworks: {back: }\n",
		"volumes: {data}\nnetworks: {back: ~}\n",
		"volumes:\n  data:\nnetworks:\n  back:\n",
		"volumes:\n  data: null\nnetworks: {back: null}\n",
	} {
		if err := loadText(t, services+rest); err != nil {
			t.Errorf("%q: %v", rest, err)
		}
	}
}

func TestLoad_ErrorsNameTheFileThatIsWrong(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"compose.yaml": "include: [sub/more.yaml]\nservices:\n  web:\n    image: busybox\n    extends: " +
			"{file: base.yaml, service: base}\n",
		"compose.override.yaml": "services:\n  web:\n    environment:\n      A: b\n",
		"sub/more.yaml":         "services:\n  more:\n    image: busybox\n",
		"base.yaml":             "services:\n  base:\n    environment: {C: d}\n",
	}
	write := func(name, text string) {
		check(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		check(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	for name, text := range files {
		write(name, text)
	}
	load := func() error {
		_, _, err := compose.Load(t.Context(), compose.Source{Dir: dir})
		return err
	}
	check(t, load())
	for name, want := range map[string]string{
		"compose.yaml":          "compose.yaml:6: unknown key wrong in services.web",
		"compose.override.yaml": "compose.override.yaml:5: unknown key wrong in services.web",
		"sub/more.yaml":         "sub/more.yaml:4: unknown key wrong in services.more",
	} {
		write(name, files[name]+"    wrong: x\n")
		if err := load(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got  %v\nwant %s", name, err, want)
		}
		write(name, files[name])
	}
}
