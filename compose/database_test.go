package compose

import (
	"path/filepath"
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
		"postgres -p 5433":                            "port",
		"postgres -p":                                 "?",
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

func TestDataPlaceOf_ByServiceThenImageThenName(t *testing.T) {
	built := types.ServiceConfig{Build: &types.BuildConfig{}, Image: "offshoot/pr-1/db:g1"}
	pull := func(image string) types.ServiceConfig { return types.ServiceConfig{Image: image} }
	with := func(s types.ServiceConfig, name, value string) types.ServiceConfig {
		s.Environment = types.MappingWithEquals{name: &value}
		return s
	}
	says := func(pgdata string, volumes ...string) ImageConfig {
		env := map[string]string{}
		if pgdata != "" {
			env["PGDATA"] = pgdata
		}
		return ImageConfig{Env: env, Volumes: volumes}
	}
	old, eighteen := says("/var/lib/postgresql/data",
		"/var/lib/postgresql/data"), says("/var/lib/postgresql/18/docker", "/var/lib/postgresql")
	none := ImageConfig{}
	for name, c := range map[string]struct {
		service types.ServiceConfig
		image   ImageConfig
		want    string // the mount, and the data below it
	}{
		"13 to 17":         {pull("postgres:16"), old, "/var/lib/postgresql/data ."},
		"18":               {pull("postgres:18"), eighteen, "/var/lib/postgresql 18/docker"},
		"18 without a tag": {pull("postgres"), eighteen, "/var/lib/postgresql 18/docker"},
		"18, built":        {built, eighteen, "/var/lib/postgresql 18/docker"},
		"18 with the old PGDATA": {
			with(pull("postgres:18"), "PGDATA", "/var/lib/postgresql/data"), eighteen,
			"/var/lib/postgresql data",
		},
		"postgis":        {pull("postgis/postgis"), old, "/var/lib/postgresql/data ."},
		"pgvector of 18": {pull("pgvector/pgvector:pg18"), eighteen, "/var/lib/postgresql 18/docker"},
		"timescale":      {pull("timescale/timescaledb:latest-pg17"), old, "/var/lib/postgresql/data ."},
		"timescale ha": {
			pull("timescale/timescaledb-ha:pg17"), says("/home/postgres/pgdata/data"),
			"/home/postgres/pgdata/data .",
		},
		"supabase": {
			pull("supabase/postgres:15.8"),
			says("/var/lib/postgresql/data", "/var/lib/postgresql/data"), "/var/lib/postgresql/data .",
		},
		"bitnami": {
			pull("bitnami/postgresql:16"),
			says("", "/bitnami/postgresql", "/docker-entrypoint-initdb.d"), "/bitnami/postgresql data",
		},
		"bitnami's other folder": {
			with(pull("bitnami/postgresql"), "POSTGRESQL_DATA_DIR", "/bitnami/postgresql/own"),
			says("", "/bitnami/postgresql"), "/bitnami/postgresql own",
		},
		"cloudnative-pg": {with(pull("ghcr.io/cloudnative-pg/postgresql:17"), "PGDATA",
			"/var/lib/postgresql/data/pgdata"), none, "/var/lib/postgresql/data/pgdata ."},
		"cloudnative-pg, older": {pull("ghcr.io/cloudnative-pg/postgresql:14"), old, "/var/lib/postgresql/data ."},
		"built, own PGDATA":     {built, says("/pgdata", "/var/lib/postgresql/data"), "/pgdata ."},
		"PGDATA in a subfolder": {
			with(pull("postgres:16"), "PGDATA", "/var/lib/postgresql/data/pgdata"), old,
			"/var/lib/postgresql/data pgdata",
		},
		"PGDATA elsewhere":      {with(pull("postgres:16"), "PGDATA", "/data/pg/"), old, "/data/pg ."},
		"an empty PGDATA":       {with(pull("postgres:16"), "PGDATA", ""), none, "/var/lib/postgresql/data ."},
		"a PGDATA that is none": {with(pull("postgres:16"), "PGDATA", "data"), none, "/var/lib/postgresql/data ."},
		"beside a volume":       {with(pull("postgres:18"), "PGDATA", "/vv/pg"), says("", "/v"), "/vv/pg ."},
		"in the second volume":  {with(pull("acme/db"), "PGDATA", "/v/pg"), says("", "/other", "/v"), "/v pg"},
		"the image's volume":    {pull("acme/db"), says("", "/var/run/postgresql", "/vol/pgdata"), "/vol/pgdata ?"},
		"its only volume":       {pull("acme/db"), says("", "/vol"), "/vol ?"},

		"an image that says nothing": {pull("acme/db"), none, "/var/lib/postgresql/data ."},
		"old by name":                {pull("postgres:16"), none, "/var/lib/postgresql/data ."},
		"by digest": {
			pull("postgres@sha256:" + strings.Repeat("0a", 32)), none,
			"/var/lib/postgresql/data .",
		},
		"eighteen by name": {pull("postgres:18.1-trixie"), none, "/var/lib/postgresql 18/docker"},
		"eighteen elsewhere by name": {
			pull("registry.test:5000/mirror/postgres:18"), none,
			"/var/lib/postgresql 18/docker",
		},
		"pgvector by name":       {pull("pgvector/pgvector:pg18"), none, "/var/lib/postgresql 18/docker"},
		"postgis by name":        {pull("postgis/postgis:18-3.6"), none, "/var/lib/postgresql 18/docker"},
		"bitnami by name":        {pull("bitnami/postgresql:16"), none, "/bitnami/postgresql data"},
		"bitnami legacy by name": {pull("docker.io/bitnamilegacy/postgresql:16"), none, "/bitnami/postgresql data"},
		"timescale ha by name":   {pull("timescale/timescaledb-ha:pg17"), none, "/home/postgres/pgdata/data ."},
		"a name that is none":    {pull("Not A Name"), none, "/var/lib/postgresql/data ."},
	} {
		place, ok := DataPlaceOf(c.service, c.image, true)
		if got := describe(place); got != c.want || !ok || !place.Postgres {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func describe(p DataPlace) string {
	if p.Data == "" {
		return p.Mount + " ?"
	}
	below, err := filepath.Rel(p.Mount, p.Data)
	if err != nil {
		return err.Error()
	}
	return p.Mount + " " + below
}

func TestDataPlaceOf_WhatLooksLikeAnotherDatabase(t *testing.T) {
	for name, c := range map[string]struct {
		service types.ServiceConfig
		image   ImageConfig
		want    string
	}{
		"mysql": {
			types.ServiceConfig{Image: "mysql:8"},
			ImageConfig{Volumes: []string{"/var/lib/mysql"}},
			"/var/lib/mysql .",
		},
		"mysql, moved": {
			types.ServiceConfig{Image: "mysql:8", Command: []string{"--datadir=/my"}},
			ImageConfig{},
			"/my .",
		},
		"bitnami's mariadb": {types.ServiceConfig{Image: "bitnami/mariadb"}, ImageConfig{}, "/bitnami/mariadb ."},
		"mongo, its second": {
			types.ServiceConfig{Image: "mongo"},
			ImageConfig{Volumes: []string{"/data/configdb", "/data/db"}},
			"/data/db .",
		},
		"mongo, moved": {
			types.ServiceConfig{Image: "mongo", Command: []string{"mongod", "--dbpath", "/m"}},
			ImageConfig{},
			"/m .",
		},
		"bitnami's redis": {types.ServiceConfig{Image: "bitnami/redis"}, ImageConfig{}, "/bitnami/redis/data ."},
		"valkey": {
			types.ServiceConfig{Image: "valkey/valkey:8"},
			ImageConfig{Volumes: []string{"/data"}},
			"/data .",
		},
		"opensearch": {
			types.ServiceConfig{Image: "opensearchproject/opensearch:2"},
			ImageConfig{},
			"/usr/share/opensearch/data .",
		},
		"rabbitmq": {
			types.ServiceConfig{Image: "rabbitmq:3-management"},
			ImageConfig{},
			"/var/lib/rabbitmq .",
		},
		"a build of mysql": {
			types.ServiceConfig{Build: &types.BuildConfig{}, Image: "offshoot/pr-1/m:g1"},
			ImageConfig{Env: map[string]string{"MYSQL_MAJOR": "8"}},
			"/var/lib/mysql .",
		},
		"a second postgres": {types.ServiceConfig{Image: "postgres:16"}, ImageConfig{}, "/var/lib/postgresql/data ."},
		"redis-commander":   {types.ServiceConfig{Image: "rediscommander/redis-commander"}, ImageConfig{}, ""},
		"mongo-express":     {types.ServiceConfig{Image: "mongo-express"}, ImageConfig{}, ""},
		"an exporter":       {types.ServiceConfig{Image: "prom/mysqld-exporter"}, ImageConfig{}, ""},
		"the application": {
			types.ServiceConfig{Build: &types.BuildConfig{}, Image: "offshoot/pr-1/web:g1"},
			ImageConfig{Env: map[string]string{"NODE_VERSION": "22"}},
			"",
		},
	} {
		place, ok := DataPlaceOf(c.service, c.image, false)
		if got := describe(place); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s: %v %s, want %s", name, ok, got, c.want)
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
		"postgres": {"postgres", ""}, "postgres:16": {"postgres", "16"},
		"docker.io/library/postgres:16":                  {"postgres", "16"},
		"registry.test:5000/a/b/postgres:16-alpine":      {"a/b/postgres", "16-alpine"},
		"bitnami/postgresql":                             {"bitnami/postgresql", ""},
		"postgres:16@sha256:" + strings.Repeat("0a", 32): {"postgres", "16"}, "Not A Name": {"Not A Name", ""},
		"": {"", ""},
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
		"udp": {
			[]types.ServicePortConfig{{Target: 80, Protocol: "udp"}, {Target: 9999, Protocol: "tcp"}},
			nil, 9999, 9999,
		},
		"databases":    {[]types.ServicePortConfig{{Target: 5432}, {Target: 6379}, {Target: 3306}}, nil, 0, 0},
		"not a number": {nil, []string{"http"}, 0, 0},
		"too large":    {nil, []string{"70000"}, 0, 0},
	} {
		s := types.ServiceConfig{Ports: c.ports, Expose: c.expose}
		if published, anyPort := bestPort(s, true), bestPort(s, false); published != c.published || anyPort != c.any {
			t.Errorf("%s: %d and %d, want %d and %d", name, published, anyPort, c.published, c.any)
		}
	}
}

func TestHasPort_InEveryForm(t *testing.T) {
	for _, s := range []types.ServiceConfig{
		{Ports: []types.ServicePortConfig{{Target: 5432}}},
		{Expose: []string{"5432"}},
		{Expose: []string{"80", "5432/tcp"}},
	} {
		if !hasPort(s, 5432) {
			t.Errorf("%+v %+v: not found", s.Ports, s.Expose)
		}
	}
	if hasPort(types.ServiceConfig{Expose: []string{"5432/udp", "15432"}}, 5432) {
		t.Error("another port is taken for it")
	}
}
