package compose_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

var update = flag.Bool("update", false, "write the want sections of testdata anew")

// goldens runs f on every case of testdata/<folder>: f gets the unpacked case
// and gives the wanted files, which are compared with those in the case.
func goldens(t *testing.T, folder string, f func(t *testing.T, c goldenCase) map[string]string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
	check(t, err)
	if len(paths) == 0 {
		t.Fatalf("no cases in testdata/%s", folder)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			check(t, err)
			c := unpack(t, archive)
			got := f(t, c)
			for name, text := range got {
				got[name] = strings.ReplaceAll(text, c.dir, "$DIR")
			}
			if *update {
				rewrite(t, path, archive, got)
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

type goldenCase struct {
	dir     string
	source  compose.Source
	options compose.Options
	images  map[string]compose.ImageConfig
	want    map[string]string
}

// unpack writes the files of a case into a folder of its own. source.json and
// options.json are its Source and Options, images.json what images say, want*
// the outcome, and the text of
// a file called link:name is where the symbolic link called name points.
func unpack(t *testing.T, archive *txtar.Archive) goldenCase {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	check(t, err)
	c := goldenCase{dir: filepath.Join(dir, "shop"), want: map[string]string{}}
	c.options = compose.Options{Preview: "pr-7", Generation: 2}
	check(t, os.Mkdir(c.dir, 0o755))
	for _, file := range archive.Files {
		name, text := file.Name, file.Data
		path := filepath.Join(c.dir, strings.TrimPrefix(name, "link:"))
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		switch {
		case name == "source.json":
			decode(t, text, &c.source)
		case name == "options.json":
			decode(t, text, &c.options)
		case name == "images.json":
			decode(t, text, &c.images)
		case strings.HasPrefix(name, "want"):
			c.want[name] = string(text)
		case strings.HasPrefix(name, "link:"):
			check(t, os.Symlink(strings.TrimSpace(string(text)), path))
		default:
			check(t, os.WriteFile(path, text, 0o644))
		}
	}
	c.source.Dir = filepath.Join(c.dir, c.source.Dir)
	if c.source.Root != "" {
		c.source.Root = filepath.Join(c.dir, c.source.Root)
	}
	c.options.Root = c.dir
	return c
}

func decode(t *testing.T, text []byte, to any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	check(t, d.Decode(to))
}

func rewrite(t *testing.T, path string, archive *txtar.Archive, got map[string]string) {
	t.Helper()
	archive.Files = slices.DeleteFunc(archive.Files,
		func(f txtar.File) bool { return strings.HasPrefix(f.Name, "want") })
	for _, name := range sortedKeys(got) {
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(got[name])})
	}
	check(t, os.WriteFile(path, txtar.Format(archive), 0o644))
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// changeLines prints changes one a line.
func changeLines(changes []compose.Change) string {
	var b strings.Builder
	for _, c := range changes {
		service := c.Service
		if service == "" {
			service = "*"
		}
		fmt.Fprintf(&b, "%s: %s: %s\n", service, c.What, c.Why)
	}
	return b.String()
}

// toldLines prints changes one a line, with a mark on those that an up tells.
func toldLines(changes []compose.Change) string {
	var b strings.Builder
	for _, c := range changes {
		line := changeLines([]compose.Change{c})
		if !c.Usual {
			line = "told: " + line
		}
		b.WriteString(line)
	}
	return b.String()
}

// errorLines prints an error as main would: the text, its kind, its hints.
func errorLines(err error) string {
	kind := "failed"
	if errors.Is(err, hint.ErrUsage) {
		kind = "usage"
	}
	text := fmt.Sprintf("%s: %v\n", kind, err)
	for _, h := range hint.Of(err) {
		text += "hint: " + h + "\n"
	}
	return text
}

// transformed is the outcome of a case: the project and the changes, or the error.
func transformed(t *testing.T, c goldenCase) map[string]string {
	p, _, err := compose.Load(t.Context(), c.source)
	check(t, err)
	before := yaml(t, p)
	out, changes, err := compose.Transform(p, c.options)
	if err != nil {
		return map[string]string{"want.err": errorLines(err)}
	}
	if diff := cmp.Diff(before, yaml(t, p)); diff != "" {
		t.Errorf("the input was changed (-before +after)\n%s", diff)
	}
	again, changesAgain, err := compose.Transform(p, c.options)
	check(t, err)
	if diff := cmp.Diff(out, again, cmpopts.EquateEmpty(),
		cmp.AllowUnexported(types.SecretConfig{}, types.ConfigObjConfig{})); diff != "" {
		t.Errorf("the second time gives another project\n%s", diff)
	}
	if diff := cmp.Diff(changes, changesAgain); diff != "" {
		t.Errorf("the second time gives other changes\n%s", diff)
	}
	return map[string]string{"want.changes": toldLines(changes), "want.yaml": yaml(t, out)}
}

// settled is the outcome of a case whose images.json says what the
// images are: what is built or pulled before the data is settled.
func settled(t *testing.T, c goldenCase) map[string]string {
	p, _, err := compose.Load(t.Context(), c.source)
	check(t, err)
	p, _, err = compose.Transform(p, c.options)
	check(t, err)
	images := map[string]compose.ImageConfig{}
	for _, name := range p.ServiceNames() {
		images[name] = c.images[name]
	}
	before := yaml(t, p)
	out, changes, err := compose.SettleData(p, c.options, images)
	check(t, err)
	if diff := cmp.Diff(before, yaml(t, p)); diff != "" {
		t.Errorf("the input was changed (-before +after)\n%s", diff)
	}
	return map[string]string{"want.changes": toldLines(changes), "want.yaml": dataOf(t, out)}
}

// dataOf leaves of a project what its data is on.
func dataOf(t *testing.T, p *types.Project) string {
	t.Helper()
	short := &types.Project{Name: p.Name, Services: types.Services{}, Volumes: p.Volumes}
	for name, s := range p.Services {
		short.Services[name] = types.ServiceConfig{Name: name, Image: s.Image, Volumes: s.Volumes, Tmpfs: s.Tmpfs}
	}
	return yaml(t, short)
}

func yaml(t *testing.T, p *types.Project) string {
	t.Helper()
	text, err := p.MarshalYAML()
	check(t, err)
	return string(text)
}

func TestTransform_Rename(t *testing.T)           { goldens(t, "rename", transformed) }
func TestTransform_Networks(t *testing.T)         { goldens(t, "networks", transformed) }
func TestTransform_Volumes(t *testing.T)          { goldens(t, "volumes", transformed) }
func TestTransform_Ports(t *testing.T)            { goldens(t, "ports", transformed) }
func TestTransform_Images(t *testing.T)           { goldens(t, "images", transformed) }
func TestTransform_DatabaseSettings(t *testing.T) { goldens(t, "databasesettings", transformed) }
func TestTransform_Restart(t *testing.T)          { goldens(t, "restart", transformed) }
func TestTransform_Logging(t *testing.T)          { goldens(t, "logging", transformed) }
func TestTransform_Limits(t *testing.T)           { goldens(t, "limits", transformed) }
func TestTransform_Environment(t *testing.T)      { goldens(t, "environment", transformed) }
func TestTransform_Labels(t *testing.T)           { goldens(t, "labels", transformed) }

func TestSettleData(t *testing.T) { goldens(t, "databasedata", settled) }

func TestTransform_GenerationsShareNothing(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(`
services:
  web: {build: ., container_name: shop, ports: ["80:80"], networks: [front], volumes: [files:/files]}
  db: {image: postgres:16, volumes: [data:/var/lib/postgresql/data]}
networks: {front: {name: front, ipam: {config: [{subnet: 10.9.0.0/24}]}}}
volumes: {files: {name: files}, data: {external: true}}
`), 0o644))
	p, _, err := compose.Load(t.Context(), compose.Source{Dir: dir})
	check(t, err)
	names := map[string]int{}
	for generation := 1; generation <= 2; generation++ {
		options := compose.Options{Preview: "pr-1", Generation: generation, Database: "db"}
		out, _, err := compose.Transform(p, options)
		check(t, err)
		out, _, err = compose.SettleData(out, options, map[string]compose.ImageConfig{"db": {}})
		check(t, err)
		names["project "+out.Name]++
		for _, s := range out.Services {
			if s.Build != nil {
				names["image "+s.Image]++
			}
			if s.ContainerName != "" || len(s.Ports) > 0 {
				t.Errorf("%s keeps its container name or ports", s.Name)
			}
		}
		for _, n := range out.Networks {
			names["network "+n.Name]++
		}
		for _, v := range out.Volumes {
			names["volume "+v.Name]++
		}
	}
	for name, count := range names {
		if count > 1 {
			t.Errorf("%s is in both generations", name)
		}
	}
	if len(names) != 2*(1+1+2+2) {
		t.Errorf("names %v", names)
	}
}
