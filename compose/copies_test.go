package compose_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// checkoutOf makes a folder with a compose file and the named files in it; a
// name that ends with a slash is a folder, one with "->" a link.
func checkoutOf(t *testing.T, file string, names ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, content string) {
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if link, target, ok := strings.Cut(content, "->"); ok && link == "" {
			err = os.Symlink(target, path)
		} else if err == nil {
			err = os.WriteFile(path, []byte(content), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write("compose.yaml", file)
	for _, name := range names {
		if folder, ok := strings.CutSuffix(name, "/"); ok {
			if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		name, target, _ := strings.Cut(name, "->")
		if target != "" {
			target = "->" + target
		}
		write(name, target)
	}
	return dir
}

func load(t *testing.T, dir string) *types.Project {
	t.Helper()
	p, _, err := compose.Load(t.Context(), compose.Source{Dir: dir, Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// placed loads, plans and places, and prints what each service mounts then.
func placed(t *testing.T, dir string, decisions map[string]string) []string {
	t.Helper()
	p := load(t, dir)
	plan, _, err := compose.PlanCopies(p, dir, dir, decisions)
	if err != nil {
		t.Fatal(err)
	}
	own, err := plan.Place(p, compose.Places{Base: "/base", Layers: "/layers"})
	if err != nil {
		t.Fatal(err)
	}
	return mountsOf(own, dir)
}

func mountsOf(p *types.Project, dir string) []string {
	var got []string
	for _, name := range p.ServiceNames() {
		for _, v := range p.Services[name].Volumes {
			source := strings.ReplaceAll(v.Source, dir, "CHECKOUT")
			if o := p.Volumes[v.Source].DriverOpts["o"]; o != "" {
				source = strings.Split(o, ",")[0]
			} else if strings.HasPrefix(v.Source, compose.EmptyVolume) {
				source = "empty"
			}
			line := fmt.Sprintf("%s %s %s", name, v.Target, source)
			if v.ReadOnly {
				line += " ro"
			}
			got = append(got, line)
		}
	}
	slices.Sort(got)
	return got
}

func TestPlace_GivesEachServiceCopiesByNumber(t *testing.T) {
	dir := checkoutOf(t, `
services:
  web:
    image: a
    volumes: [".:/app", "/app/node_modules", "./public:/app/static:ro", "./missing:/data", "named:/named"]
  nginx:
    image: b
    volumes: ["./public:/html:ro", "./nginx.conf:/etc/nginx/nginx.conf:ro"]
volumes: {named: {}}
`, "nginx.conf", "public/index.html", "src/main.rb")
	want := []string{ // parts by path: ., missing, nginx.conf, public
		"nginx /etc/nginx/nginx.conf /layers/2 ro",
		"nginx /html lowerdir=/base/3 ro",
		"web /app lowerdir=/base/0",
		"web /app/missing empty", // where the folder that another one mounts lies, the same is seen
		"web /app/node_modules ",
		"web /app/public lowerdir=/base/3",
		"web /app/static lowerdir=/base/3 ro",
		"web /data empty",
		"web /named named",
	}
	if diff := cmp.Diff(want, placed(t, dir, nil)); diff != "" {
		t.Error(diff)
	}
}

func TestPlace_LetsAServicesOwnMountCoverAPartWithin(t *testing.T) {
	dir := checkoutOf(t, `
services:
  web: {image: a, tmpfs: ["/app/tmp"], volumes: [".:/app", "/app/packages", "./storage:/app/storage"]}
  other: {image: b, volumes: ["./packages/ui:/ui", "./tmp/cache:/cache", "./storage:/s"]}
`, "packages/ui/x", "tmp/cache/y", "storage/z")
	want := []string{
		"other /cache lowerdir=/base/3", "other /s lowerdir=/base/2", "other /ui lowerdir=/base/1",
		"web /app lowerdir=/base/0", "web /app/packages ", "web /app/storage lowerdir=/base/2",
	}
	if diff := cmp.Diff(want, placed(t, dir, nil)); diff != "" {
		t.Error(diff)
	}
}

func TestPlace_FollowsLinksWithinTheCheckout(t *testing.T) {
	dir := checkoutOf(t, `services: {web: {image: a, volumes: ["./current:/app", "./conf:/etc/x"]}}`,
		"releases/5/x", "current->releases/5", "real.conf", "conf->real.conf")
	want := []string{"web /app lowerdir=/base/1", "web /etc/x /layers/0"}
	if diff := cmp.Diff(want, placed(t, dir, nil)); diff != "" {
		t.Error(diff)
	}
}

func TestPlace_NeverGivesGitsOwn(t *testing.T) {
	dir := checkoutOf(t,
		`services: {web: {image: a, volumes: ["./.git:/git", "./hooks:/hooks", "./sub/.GIT/config:/c"]}}`,
		".git/config", "hooks->.git", "sub/.GIT/config")
	want := []string{"web /c empty", "web /git empty", "web /hooks empty"}
	if diff := cmp.Diff(want, placed(t, dir, nil)); diff != "" {
		t.Error(diff)
	}
}

func TestPlace_DoesAsPreviewMountsDecides(t *testing.T) {
	dir := checkoutOf(t, `services: {web: {image: a, volumes: [".:/app", "./tmp:/scratch"]}}`, "uploads/a.png",
		"tmp/b", "c")
	want := []string{
		"web /app lowerdir=/base/0", "web /app/tmp empty", "web /app/uploads CHECKOUT/uploads",
		"web /scratch empty",
	}
	if diff := cmp.Diff(want, placed(t, dir, map[string]string{"./uploads": "shared", "tmp": "empty"})); diff != "" {
		t.Error(diff)
	}
}

func TestPlace_BindsWholeCopiesWhereNothingCanLieOverAnother(t *testing.T) {
	dir := checkoutOf(t, `services: {web: {image: a, volumes: [".:/app", "./a:/a"]}}`, "a")
	p := load(t, dir)
	plan, _, err := compose.PlanCopies(p, dir, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	own, err := plan.Place(p, compose.Places{Layers: "/layers"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"web /a /layers/1", "web /app /layers/0"}, mountsOf(own, dir)); diff != "" {
		t.Error(diff)
	}
	if got := mountsOf(p, dir); !slices.Contains(got, "web /app CHECKOUT") {
		t.Errorf("the project that was given changed: %q", got)
	}
}

func TestPlace_TakesAVolumeThatBindsForABind(t *testing.T) {
	dir := checkoutOf(t, `
services: {web: {image: a, volumes: ["code:/app"]}}
volumes: {code: {driver: local, driver_opts: {type: none, o: "bind,rw", device: "${PWD}/src"}}}
`, "src/x")
	if diff := cmp.Diff([]string{"web /app lowerdir=/base/0"}, placed(t, dir, nil)); diff != "" {
		t.Error(diff)
	}
}

func TestPlace_CopiesSecretsAndConfigsAndLeavesThoseOfBuilds(t *testing.T) {
	dir := checkoutOf(t, `
services:
  web: {image: a, build: {context: ., secrets: [key]}, secrets: [key, {source: key, target: /k}], configs: [{source: conf, target: /c}]}
secrets: {key: {file: ./key.pem}}
configs: {conf: {file: ./conf}}
`, "key.pem", "conf")
	p := load(t, dir)
	plan, _, err := compose.PlanCopies(p, dir, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	own, err := plan.Place(p, compose.Places{Base: "/base", Layers: "/layers"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	s := own.Services["web"]
	for _, o := range s.Secrets {
		got = append(got, o.Target+" "+own.Secrets[o.Source].File)
	}
	for _, o := range s.Configs {
		got = append(got, o.Target+" "+own.Configs[o.Source].File)
	}
	if diff := cmp.Diff([]string{"/run/secrets/key /layers/1", "/k /layers/1", "/c /layers/0"}, got); diff != "" {
		t.Error(diff)
	}
	if file := own.Secrets[s.Build.Secrets[0].Source].File; file != filepath.Join(dir, "key.pem") {
		t.Errorf("the build's secret is %s", file)
	}
}

func TestPlanCopies_SaysWhatIsWrong(t *testing.T) {
	dir := checkoutOf(t, `
services: {web: {image: a, volumes: ["./up:/up"], secrets: [key]}}
secrets: {key: {file: ./key.pem}}
`, "up/in/x", "key.pem", "sub/module/.git")
	p := load(t, dir)
	for want, decisions := range map[string]map[string]string{
		`preview.mounts: ./up: "mine" is no decision`:                    {"./up": "mine"},
		`preview.mounts: ../x is not in the checkout`:                    {"../x": "shared"},
		`preview.mounts: . has sub/module/.git in it, so`:                {".": "shared"},
		`preview.mounts: ./no does not exist, so that it cannot be`:      {"./no": "shared"},
		`preview.mounts: up/in is shared, and lies in up, which is too`:  {"./up": "shared", "./up/in": "shared"},
		`preview.mounts: .git does not exist, so that it cannot be shar`: {".git": "shared"},
	} {
		if _, _, err := compose.PlanCopies(p, dir, dir, decisions); err == nil ||
			!strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: %v", decisions, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "key.pem")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := compose.PlanCopies(p, dir, dir, nil); err == nil ||
		err.Error() != "web: secret key: key.pem does not exist" {
		t.Errorf("%v", err)
	}
}

func TestPlanCopies_RefusesAnEmptyFolderInPlaceOfAFile(t *testing.T) {
	dir := checkoutOf(t, `services: {web: {image: a, volumes: ["./f:/f", "./gone:/g"]}}`, "f")
	p := load(t, dir)
	_, _, err := compose.PlanCopies(p, dir, dir, map[string]string{"./f": "empty"})
	if err == nil || err.Error() != "preview.mounts: ./f is a file, and empty gives a folder in its place" {
		t.Errorf("%v", err)
	}
	if _, _, err := compose.PlanCopies(p, dir, dir, map[string]string{"./gone": "empty"}); err != nil {
		t.Error(err)
	}
}

func TestPlace_EmptiesAFolderWithinOneThatIsMounted(t *testing.T) {
	dir := checkoutOf(t, `services: {web: {image: a, volumes: [".:/app"]}}`, "tmp/b", "kept/c")
	want := []string{"web /app lowerdir=/base/0", "web /app/logs empty", "web /app/tmp empty"}
	if diff := cmp.Diff(want,
		placed(t, dir, map[string]string{"tmp": "empty", "./logs": "empty", "kept": "copy"})); diff != "" {
		t.Error(diff)
	}
}

// A decision about nothing has a slip in it: what it was meant for is shared or
// copied as if nobody had decided.
func TestLoad_RefusesADecisionAboutWhatNothingMounts(t *testing.T) {
	dir := checkoutOf(t, `
services:
  web: {image: a, volumes: ["./src:/src", "./data/in:/in", "code:/code"], secrets: [key]}
  tool: {image: b, profiles: [dev], volumes: ["./tools:/t"]}
  proxy: {image: c, volumes: ["./routes:/r"]}
secrets: {key: {file: ./key.pem}}
volumes: {code: {driver_opts: {type: none, o: bind, device: "${PWD}/code"}}}
`, "src/a", "srcc/b", "data/in/c", "key.pem", "code/d")
	for key, want := range map[string]string{
		"./src": "", "src/sub": "", "./tools": "", "routes/x": "", "./key.pem": "", "./code": "", "../out": "",
		"./srcc":    "did you mean ./src?",
		"./sourcce": "what is mounted is ./code, ./data/in, ./key.pem, ./routes, ./src, ./tools",
		"./data":    "what is mounted is ",
		".":         "what is mounted is ",
	} {
		_, _, err := compose.Load(t.Context(),
			compose.Source{Dir: dir, Without: []string{"proxy"}, Mounts: []string{key}})
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", key, err)
			}
			continue
		}
		hints := strings.Join(hint.Of(err), " ")
		if err == nil || err.Error() != "preview.mounts: no service mounts "+key+", or a folder that it lies in" ||
			!strings.HasPrefix(hints, want) {
			t.Errorf("%s: %v, hints %q", key, err, hints)
		}
	}
}

func TestLoad_SaysWhatIsMountedOrThatNothingIs(t *testing.T) {
	for volumes, want := range map[string]string{
		`["./data:/d"]`: "what is mounted is ./data",
		`["data:/d"]`:   "take it out of offshoot.yaml: nothing of the checkout is mounted",
	} {
		dir := checkoutOf(t, "services: {web: {image: a, volumes: "+volumes+"}}\nvolumes: {data: {}}\n", "data/a")
		_, _, err := compose.Load(t.Context(), compose.Source{Dir: dir, Mounts: []string{"./elsewhere"}})
		if err == nil || !slices.Equal(hint.Of(err), []string{want}) {
			t.Errorf("%s: %v, hints %q", volumes, err, hint.Of(err))
		}
	}
}

func TestPlanCopies_NamesEachMount(t *testing.T) {
	dir := checkoutOf(t, `services: {web: {image: a, volumes: ["./uploads:/u", "./gone:/g", "./tmp:/t", "/app/x"]}}`,
		"uploads/a", "tmp/a")
	_, changes, err := compose.PlanCopies(load(t, dir), dir, dir,
		map[string]string{"uploads": "copy", "gone": "copy", "tmp": "empty"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		got = append(got, c.Service+": "+c.What+" ("+c.Why+")")
	}
	want := []string{
		"web: mounts ./uploads: a copy of it (what a preview writes stays its own)",
		"web: mounts ./gone: an empty folder in its place (there is none in the checkout)",
		"web: mounts ./tmp: an empty folder in its place (preview.mounts says so)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A database's data is left out by the image's name alone, where an application
// does not mount the folder by itself.
func TestFiles_LeavesOutWhatIsMountedForDataOnly(t *testing.T) {
	dir := checkoutOf(t, `
services:
  db: {image: "postgres:15", volumes: ["./devdata:/var/lib/postgresql/data", "./init:/docker-entrypoint-initdb.d:ro"]}
  cache: {image: "redis:7", volumes: ["./link:/data"]}
  search: {image: "elasticsearch:8", volumes: ["./shared:/usr/share/elasticsearch/data"]}
  web: {build: ., volumes: [".:/app", "./shared:/shared"], env_file: .env}
`, "devdata/PG_VERSION", "init/tables.sql", "redisdata/dump.rdb", "link->redisdata", "shared/index", ".env", "Dockerfile")
	files, err := compose.Files(t.Context(), compose.Source{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, file := range files {
		name, _ := strings.CutPrefix(file, dir)
		got = append(got, name)
	}
	if diff := cmp.Diff([]string{"", "/.env", "/compose.yaml", "/init", "/shared"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestMayMountData_TellsBeforeTheImagesAreThere(t *testing.T) {
	for service, want := range map[string]bool{
		"{image: 'mysql:8', volumes: ['./d:/var/lib/mysql']}":                          true,
		"{build: ./mysql, volumes: ['./d:/var/lib/mysql/']}":                           true,
		"{image: 'mongo:7', command: [mongod, --dbpath=/m], volumes: ['./d:/m']}":      true,
		"{build: ., command: [mongod, --dbpath, /m], volumes: ['./d:/m']}":             true,
		"{image: 'acme/postgres:1', volumes: ['./d:/elsewhere']}":                      true,
		"{build: ., environment: {PGDATA: /pgdata/16}, volumes: ['./d:/pgdata']}":      true,
		"{image: 'mysql:8', volumes: ['./init:/docker-entrypoint-initdb.d:ro']}":       false,
		"{image: 'mysql:8', volumes: ['data:/var/lib/mysql']}":                         false,
		"{build: ., volumes: ['.:/app', './public:/srv/public', '/app/node_modules']}": false,
	} {
		p := project(t,
			"services:\n  db: {image: 'postgres:15', volumes: ['./devdata:/var/lib/postgresql/data']}\n  other: "+
				service+"\nvolumes: {data: {}}\n")
		if got := compose.MayMountData(p, "db"); got != want {
			t.Errorf("%s: %v", service, got)
		}
	}
}
