package compose

import (
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

func TestSettings_ReadsOnlyPlainCommands(t *testing.T) {
	for command, want := range map[string]string{
		"postgres": "", "": "",
		"postgres -c fsync=on":                        "fsync",
		"-c fsync=on -c jit=off":                      "fsync jit",
		"postgres -cfsync=on":                         "fsync",
		"postgres --fsync=on --max-connections=5":     "fsync max_connections",
		"postgres -c shared_preload_libraries=a,b":    "shared_preload_libraries",
		"postgres -c":                                 "?",
		"postgres -c fsync":                           "?",
		"postgres -p 5433":                            "?",
		"postgres --single":                           "?",
		"docker-entrypoint.sh postgres":               "?",
		"sh -c run.sh":                                "?",
		"postgres -c config_file=/etc/p.conf -N 10":   "?",
		"postgres -c config_file=/etc/p.conf":         "config_file",
		"postgres -c log_statement=all -c wal_level=": "log_statement wal_level",
	} {
		set, plain := settings(strings.Fields(command))
		got := strings.Join(sorted(set), " ")
		if !plain {
			got = "?"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", command, got, want)
		}
	}
}

func TestDataDir_ByServiceThenImageThenName(t *testing.T) {
	pgdata := func(dir string) types.MappingWithEquals { return types.MappingWithEquals{"PGDATA": &dir} }
	for name, c := range map[string]struct {
		service types.ServiceConfig
		image   *imageConfig
		want    string
	}{
		"old":                        {types.ServiceConfig{Image: "postgres:16"}, nil, "/var/lib/postgresql/data"},
		"no tag":                     {types.ServiceConfig{Image: "postgres"}, nil, "/var/lib/postgresql/data"},
		"by digest":                  {types.ServiceConfig{Image: "postgres@sha256:" + strings.Repeat("0a", 32)}, nil, "/var/lib/postgresql/data"},
		"built":                      {types.ServiceConfig{Build: &types.BuildConfig{}}, nil, "/var/lib/postgresql/data"},
		"eighteen":                   {types.ServiceConfig{Image: "postgres:18.1-trixie"}, nil, "/var/lib/postgresql"},
		"eighteen elsewhere":         {types.ServiceConfig{Image: "registry.test:5000/mirror/postgres:18"}, nil, "/var/lib/postgresql"},
		"pgvector":                   {types.ServiceConfig{Image: "pgvector/pgvector:pg18"}, nil, "/var/lib/postgresql"},
		"postgis":                    {types.ServiceConfig{Image: "postgis/postgis:18-3.6"}, nil, "/var/lib/postgresql"},
		"bitnami":                    {types.ServiceConfig{Image: "bitnami/postgresql:16"}, nil, "/bitnami/postgresql"},
		"bitnami legacy":             {types.ServiceConfig{Image: "docker.io/bitnamilegacy/postgresql:16"}, nil, "/bitnami/postgresql"},
		"timescale ha":               {types.ServiceConfig{Image: "timescale/timescaledb-ha:pg17"}, nil, "/home/postgres/pgdata/data"},
		"timescale":                  {types.ServiceConfig{Image: "timescale/timescaledb:latest-pg17"}, nil, "/var/lib/postgresql/data"},
		"the service's PGDATA":       {types.ServiceConfig{Image: "postgres:18", Environment: pgdata("/data/pg")}, nil, "/data/pg"},
		"an empty PGDATA":            {types.ServiceConfig{Image: "postgres:16", Environment: pgdata("")}, nil, "/var/lib/postgresql/data"},
		"PGDATA in a volume":         {types.ServiceConfig{Image: "postgres:18", Environment: pgdata("/v/pg")}, &imageConfig{volumes: []string{"/other", "/v"}}, "/v"},
		"PGDATA beside a volume":     {types.ServiceConfig{Image: "postgres:18", Environment: pgdata("/vv/pg")}, &imageConfig{volumes: []string{"/v"}}, "/vv/pg"},
		"the image's":                {types.ServiceConfig{Image: "acme/db"}, &imageConfig{pgdata: "/image/pg"}, "/image/pg"},
		"the image's in its volume":  {types.ServiceConfig{Image: "acme/db"}, &imageConfig{pgdata: "/image/pg", volumes: []string{"/image"}}, "/image"},
		"the image's volume":         {types.ServiceConfig{Image: "acme/db"}, &imageConfig{volumes: []string{"/vol"}}, "/vol"},
		"an image that says nothing": {types.ServiceConfig{Image: "acme/db"}, &imageConfig{}, "/var/lib/postgresql/data"},
		"a name that is none":        {types.ServiceConfig{Image: "Not A Name"}, nil, "/var/lib/postgresql/data"},
	} {
		if got := dataDir(c.service, c.image); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestHolds_AFolderAndWhatIsBelow(t *testing.T) {
	for _, c := range []struct {
		target, dir string
		want        bool
	}{
		{"/var/lib/pg", "/var/lib/pg", true},
		{"/var/lib/pg/", "/var/lib/pg", true},
		{"/var/lib", "/var/lib/pg", true},
		{"/var/lib/pg/conf", "/var/lib/pg", false},
		{"/var/lib/p", "/var/lib/pg", false},
		{"/", "/var/lib/pg", false},
		{"/var//lib/./pg", "/var/lib/pg", true},
	} {
		if got := holds(c.target, c.dir); got != c.want {
			t.Errorf("%s holds %s: %v", c.target, c.dir, got)
		}
	}
}

func TestSplitImage_NameAndTag(t *testing.T) {
	for image, want := range map[string][2]string{
		"postgres": {"postgres", ""}, "postgres:16": {"postgres", "16"}, "docker.io/library/postgres:16": {"postgres", "16"},
		"registry.test:5000/a/b/postgres:16-alpine": {"a/b/postgres", "16-alpine"}, "bitnami/postgresql": {"bitnami/postgresql", ""},
		"postgres:16@sha256:" + strings.Repeat("0a", 32): {"postgres", "16"}, "Not A Name": {"Not A Name", ""}, "": {"", ""},
	} {
		name, tag := splitImage(image)
		if diff := cmp.Diff(want, [2]string{name, tag}); diff != "" {
			t.Errorf("%q: %s", image, diff)
		}
	}
}

func TestBestPort_TheLikeliestForHTTP(t *testing.T) {
	for name, c := range map[string]struct {
		ports     []types.ServicePortConfig
		expose    []string
		published int
		any       int
	}{
		"none":             {},
		"one":              {[]types.ServicePortConfig{{Target: 8123}}, nil, 8123, 8123},
		"a usual one":      {[]types.ServicePortConfig{{Target: 8123}, {Target: 8080}, {Target: 80}}, nil, 80, 80},
		"only exposed":     {nil, []string{"9000", "3000"}, 0, 3000},
		"exposed with tcp": {nil, []string{"3000/tcp"}, 0, 3000},
		"exposed udp":      {nil, []string{"53/udp"}, 0, 0},
		"published first":  {[]types.ServicePortConfig{{Target: 7777}}, []string{"80"}, 7777, 80},
		"udp":              {[]types.ServicePortConfig{{Target: 80, Protocol: "udp"}, {Target: 9999, Protocol: "tcp"}}, nil, 9999, 9999},
		"databases":        {[]types.ServicePortConfig{{Target: 5432}, {Target: 6379}, {Target: 3306}}, nil, 0, 0},
		"not a number":     {nil, []string{"http"}, 0, 0},
		"too large":        {nil, []string{"70000"}, 0, 0},
	} {
		s := types.ServiceConfig{Ports: c.ports, Expose: c.expose}
		if published, anyPort := bestPort(s, true), bestPort(s, false); published != c.published || anyPort != c.any {
			t.Errorf("%s: %d and %d, want %d and %d", name, published, anyPort, c.published, c.any)
		}
	}
}

func TestHasPort_InEveryForm(t *testing.T) {
	for _, s := range []types.ServiceConfig{
		{Ports: []types.ServicePortConfig{{Target: 5432}}}, {Expose: []string{"5432"}}, {Expose: []string{"80", "5432/tcp"}},
	} {
		if !hasPort(s, 5432) {
			t.Errorf("%+v %+v: not found", s.Ports, s.Expose)
		}
	}
	if hasPort(types.ServiceConfig{Expose: []string{"5432/udp", "15432"}}, 5432) {
		t.Error("another port is taken for it")
	}
}
