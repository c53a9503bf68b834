package compose_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// project loads one compose file.
func project(t *testing.T, text string) *types.Project {
	t.Helper()
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(text), 0o600))
	p, _, err := compose.Load(t.Context(), compose.Source{Dir: dir})
	check(t, err)
	return p
}

func TestFindDatabase_KnowsServersByTheirImage(t *testing.T) {
	for image, want := range map[string]bool{
		"postgres":                                        true,
		"postgres:16.3-alpine":                            true,
		"docker.io/library/postgres:15":                   true,
		"registry.example.com:5000/mirror/postgres:15":    true,
		"postgres@sha256:" + strings.Repeat("ab", 32):     true,
		"postgis/postgis:16-3.4":                          true,
		"imresamu/postgis:16":                             true,
		"pgvector/pgvector:pg17":                          true,
		"ankane/pgvector":                                 true,
		"tensorchord/pgvecto-rs:pg16":                     true,
		"timescale/timescaledb:latest-pg16":               true,
		"timescale/timescaledb-ha:pg16":                   true,
		"bitnami/postgresql:16":                           true,
		"supabase/postgres:15.1.0.117":                    true,
		"citusdata/citus:12":                              true,
		"paradedb/paradedb":                               true,
		"ghcr.io/acme/shop-postgres":                      true,
		"quay.io/prometheuscommunity/postgres-exporter":   false,
		"prodrigestivill/postgres-backup-local":           false,
		"postgrest/postgrest":                             false,
		"supabase/postgres-meta:v0.80":                    false,
		"dpage/pgadmin4":                                  false,
		"edoburu/pgbouncer":                               false,
		"bitnami/pgpool":                                  false,
		"sosedoff/pgweb":                                  false,
		"mysql:8":                                         false,
		"redis":                                           false,
		"acme/web":                                        false,
		"postgresql-client":                               false,
		"acme/postgres-migrations":                        false,
		"registry.example.com/postgres/something-else:v1": false,
	} {
		p := project(t, "services:\n  one: {image: '"+image+"'}\n  app: {image: acme/web}\n")
		got, err := compose.FindDatabase(p, "")
		if found := err == nil; found != want {
			t.Errorf("%s: found is %v, want %v (%v)", image, found, want, err)
		}
		if want && got != "one" {
			t.Errorf("%s: found %q", image, got)
		}
	}
}

func TestLooksLikePostgres_ByItsNameOrWhatItsImageSays(t *testing.T) {
	for _, c := range []struct {
		service string
		image   compose.ImageConfig
		want    bool
	}{
		{"{image: 'postgres:15'}", compose.ImageConfig{}, true},
		{"{image: acme/data}", compose.ImageConfig{}, false},
		{"{image: acme/data}", compose.ImageConfig{Env: map[string]string{"PG_MAJOR": "15"}}, true},
		{"{image: acme/data}", compose.ImageConfig{Volumes: []string{"/var/lib/postgresql/data"}}, true},
		{"{image: acme/data, environment: {PGDATA: /d}}", compose.ImageConfig{}, true},
		{
			"{image: nginx}",
			compose.ImageConfig{Env: map[string]string{"NGINX_VERSION": "1"}, Volumes: []string{"/cache"}},
			false,
		},
	} {
		p := project(t, "services: {one: "+c.service+"}\n")
		if got := compose.LooksLikePostgres(p.Services["one"], c.image); got != c.want {
			t.Errorf("%s, %+v: %v", c.service, c.image, got)
		}
	}
}

func TestFind_NamesTheProfileOfAServiceThatIsNotThere(t *testing.T) {
	p := project(t,
		"services: {web: {image: a}, tool: {image: b, profiles: [debug, dev]}, pg: {image: postgres, profiles: "+
			"[dev]}}\n")
	_, expose := compose.FindExposed(p, map[string]int{"tool": 9})
	_, database := compose.FindDatabase(p, "pg")
	for _, c := range []struct {
		err        error
		want, hint string
	}{
		{
			expose, "preview.expose: service tool is there only with a profile that is not chosen: debug, dev",
			"preview.profiles: [debug]",
		},
		{
			database, "preview.database: service pg is there only with a profile that is not chosen: dev",
			"preview.profiles: [dev]",
		},
	} {
		if c.err == nil || c.err.Error() != c.want || !strings.Contains(strings.Join(hint.Of(c.err), " "), c.hint) {
			t.Errorf("%v, hints %q", c.err, hint.Of(c.err))
		}
	}
}

func TestLeftAside_NamesEachPortWithoutALinkOnce(t *testing.T) {
	p := project(t, `
services:
  mail: {image: postfix, ports: ["25:25", "127.0.0.1:2525:25", "587"]}
  box: {image: mailpit, ports: ["8025", "1025"]}
  cache: {image: redis, ports: ["6379"]}
  web: {image: a, ports: ["8000"]}
`)
	exposed, err := compose.FindExposed(p, nil)
	check(t, err)
	var got []string
	for _, c := range compose.LeftAside(p, exposed) {
		line := c.Service + ": " + c.What
		if c.Usual {
			line += ", as usual"
		}
		got = append(got, line)
	}
	want := []string{
		"box: port 1025 has no link, as usual", "cache: port 6379 has no link, as usual",
		"mail: port 25 has no link", "mail: port 587 has no link",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(compose.LeftAside(p, map[string]int{"mail": 25})) != 3 {
		t.Error("a port that is shown is left aside")
	}
}

func TestFindDatabase_KnowsBuiltServers(t *testing.T) {
	for text, want := range map[string]string{
		"services: {pg: {build: .}}":                                                       "pg",
		"services: {shop-postgres: {build: .}, web: {build: .}}":                           "shop-postgres",
		"services: {store: {build: ., expose: ['5432']}}":                                  "store",
		"services: {store: {build: ., ports: ['127.0.0.1:15432:5432']}}":                   "store",
		"services: {db: {build: ., environment: {POSTGRES_PASSWORD: x}}}":                  "db",
		"services: {custom: {build: ., image: acme/postgres}}":                             "custom",
		"services: {db: {build: .}}":                                                       "",
		"services: {web: {build: ., environment: {POSTGRES_PASSWORD: x}}}":                 "",
		"services: {postgres-backup: {build: .}, page: {build: .}, pgadmin: {image: adm}}": "",
	} {
		got, err := compose.FindDatabase(project(t, text), "")
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: found %q (%v), want %q", text, got, err, want)
		}
	}
}

func TestFindDatabase_AsksWhenThereIsNotExactlyOne(t *testing.T) {
	two := project(t, "services: {main: {image: postgres}, stats: {image: timescale/timescaledb}, web: {image: w}}")
	none := project(t, "services: {web: {image: w}, cache: {image: redis}}")
	for _, c := range []struct {
		p    *types.Project
		want string
		text string
		hint string
	}{
		{two, "", "2 PostgreSQL services: main, stats", "choose one under preview.database in offshoot.yaml"},
		{none, "", "no PostgreSQL service among cache, web", "name it under preview.database in offshoot.yaml"},
		{none, "db", "preview.database: no service db in the compose file", "services are cache, web"},
	} {
		_, err := compose.FindDatabase(c.p, c.want)
		if !errors.Is(err, hint.ErrUsage) || err.Error() != c.text {
			t.Errorf("got %v, want the usage error %q", err, c.text)
		}
		if diff := cmp.Diff([]string{c.hint}, hint.Of(err)); diff != "" {
			t.Error(diff)
		}
	}
	if got, err := compose.FindDatabase(two, "stats"); got != "stats" || err != nil {
		t.Errorf("a chosen one: %q, %v", got, err)
	}
	if got, err := compose.FindDatabase(none, "cache"); got != "cache" || err != nil {
		t.Errorf("the choice is not second-guessed: %q, %v", got, err)
	}
}

func TestFindExposed_ServicesWithPublishedPorts(t *testing.T) {
	for text, want := range map[string]map[string]int{
		"services: {web: {image: w, ports: ['8000:80']}}":                {"web": 80},
		"services: {web: {image: w, ports: ['9229:9229', '3000:3000']}}": {"web": 3000},
		"services: {web: {image: w, ports: ['5678:5678', '8001:8001']}}": {"web": 8001},
		"services: {web: {image: w, ports: ['22:22', '7777:7777']}}":     {"web": 7777},
		"services: {web: {image: w, ports: ['80:80']}, api: {image: a, ports: [5000]}}": {
			"web": 80,
			"api": 5000,
		},
		"services: {web: {image: w, ports: ['80:80']}, db: {image: postgres, ports: ['8080:8080']}}": {"web": 80},
		"services: {web: {image: w, ports: ['80:80']}, mail: {image: mailpit, ports: [1025, 8025]}}": {
			"web":  80,
			"mail": 8025,
		},
		"services: {web: {image: w, ports: ['80:80']}, cache: {image: redis, ports: ['6379:6379']}}":       {"web": 80},
		"services: {web: {image: w, ports: ['80:80']}, dns: {image: dns, ports: ['8053:8053/udp']}}":       {"web": 80},
		"services: {web: {image: w, ports: ['80:80']}, worker: {image: w, expose: ['8000']}}":              {"web": 80},
		"services: {web: {image: w, ports: [{target: 8080, published: '80', protocol: tcp}], expose: []}}": {"web": 8080},
	} {
		got, err := compose.FindExposed(project(t, text), nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", text, diff)
		}
	}
}

func TestFindExposed_ChecksWhatIsWanted(t *testing.T) {
	p := project(t,
		"services: {web: {image: w, ports: ['8000:80']}, api: {image: a, expose: ['9000', '3000/tcp']}, job: "+
			"{image: j}}")
	want := map[string]int{"web": 81, "api": 0}
	got, err := compose.FindExposed(p, want)
	check(t, err)
	if diff := cmp.Diff(map[string]int{"web": 81, "api": 3000}, got); diff != "" {
		t.Error(diff)
	}
	if want["api"] != 0 {
		t.Error("the caller's map was changed")
	}
	for text, want := range map[string]map[string]int{
		"preview.expose: no service shop in the compose file": {"shop": 80},
		"preview.expose: service job declares no port":        {"job": 0},
	} {
		if _, err := compose.FindExposed(p, want); !errors.Is(err, hint.ErrUsage) || err.Error() != text {
			t.Errorf("got %v, want the usage error %q", err, text)
		}
	}
}

func TestFindExposed_NoneIsAUsageError(t *testing.T) {
	_, err := compose.FindExposed(project(t,
		"services: {worker: {image: w}, db: {image: postgres, ports: ['5432:5432']}}"), nil)
	if !errors.Is(err, hint.ErrUsage) {
		t.Fatalf("got %v, want a usage error", err)
	}
	if hints := hint.Of(err); len(hints) != 1 || !strings.Contains(hints[0], "preview.expose") {
		t.Errorf("hints %q, want one about preview.expose", hints)
	}
}

func TestExposedOrder_TheSiteComesFirst(t *testing.T) {
	p := project(t, `
services:
  admin: {image: a, ports: ['1'], depends_on: [zoo]}
  api: {image: a, ports: ['1']}
  frontend: {image: a, ports: ['1'], depends_on: [api]}
  zoo: {image: a, ports: ['1']}
  mail: {image: a, ports: ['1']}
`)
	exposed := map[string]int{"admin": 8081, "api": 8000, "frontend": 3000, "zoo": 80, "mail": 8025}
	want := []string{"frontend", "api", "admin", "mail", "zoo"}
	for range 5 {
		if diff := cmp.Diff(want, compose.ExposedOrder(p, exposed)); diff != "" {
			t.Fatal(diff)
		}
	}
}
