package provision

import (
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

func TestPortOf_ReadsWhatTheServerIsStartedWith(t *testing.T) {
	for command, want := range map[string]string{
		"postgres": "", "": "", "postgres -p 5433": "5433", "postgres -p5433": "5433", "postgres --port=5433": "5433",
		"postgres --port 5433": "5433", "postgres -c port=5433": "5433", "postgres -cport=5433": "5433",
		"-p 5433":                   "5433",
		"-c port=5433 -c fsync=off": "5433", "postgres -p 1 -c port=2": "2",
		"/usr/lib/postgresql/16/bin/postgres -p 7": "7",
		"docker-entrypoint.sh postgres -p 5433":    "5433", "postgres -c listen_port=1": "", "postgres -p": "",
		"postgres -p x":     "",
		"postgres -p 70000": "", "sh -c|exec docker-entrypoint.sh postgres -p '5433'": "5433",
		"sh -c|mkdir -p 5 && run":                "",
		"sh -c|mkdir -p 5 && postgres -c port=6": "6", "-c|port=5433": "5433",
	} {
		var words []string
		if before, script, ok := strings.Cut(command, "|"); ok {
			words = append(strings.Fields(before), script)
		} else {
			words = strings.Fields(command)
		}
		if got := portOf(words); got != want {
			t.Errorf("%q: %q, want %q", command, got, want)
		}
	}
}

func TestServer_ClientsFindAPortAndTheChosenDatabase(t *testing.T) {
	s := server{user: "app", database: "app", password: "s3cret", port: "5433"}.using("shop")
	if diff := cmp.Diff([]string{"PGPASSWORD=s3cret", "PGPORT=5433"}, s.env()); diff != "" {
		t.Error(diff)
	}
	r := new(filling)
	r.server = s
	if got := strings.Join(r.isReady(), " "); got != "pg_isready -q -h 127.0.0.1 -U app -d postgres -p 5433" {
		t.Errorf("asks %s", got)
	}
	r.server = server{user: "app", database: "app"}.using("").using("app")
	if got := strings.Join(r.isReady(), " "); got != "pg_isready -q -h 127.0.0.1 -U app -d app" {
		t.Errorf("asks %s", got)
	}
}

// stack is a project of a database and of what uses it, each with an
// environment, written NAME=value.
func stack(services map[string][]string) *types.Project {
	p := &types.Project{Services: types.Services{}}
	for name, env := range services {
		s := types.ServiceConfig{Name: name, Environment: types.MappingWithEquals{}}
		for _, variable := range env {
			name, value, _ := strings.Cut(variable, "=")
			s.Environment[name] = &value
		}
		p.Services[name] = s
	}
	return p
}

func TestNameDatabase_ByTheConfigurationThenTheImageThenTheStack(t *testing.T) {
	const shop, jobs = "DATABASE_URL=postgres://app:pw@db/shop", "DATABASE_URL=postgres://app:pw@db/jobs"
	for name, c := range map[string]struct {
		services map[string][]string
		options  Options
		want     string // and the owner
		told     string // part of what is said
	}{
		"nothing": {map[string][]string{"db": nil}, Options{}, "", ""},
		"the stack": {
			map[string][]string{"db": nil, "web": {shop}, "job": {shop}},
			Options{},
			"shop app", "",
		},
		"as it is anyway": {
			map[string][]string{"db": {"POSTGRES_USER=shop"}, "web": {shop}},
			Options{},
			"",
			"",
		},
		"the image as the stack": {
			map[string][]string{"db": {"POSTGRES_DB=shop"}, "web": {shop}},
			Options{},
			"",
			"",
		},
		"the image before the stack": {
			map[string][]string{"db": {"POSTGRES_DB=other"}, "web": {shop}},
			Options{},
			"",
			"DATABASE_URL of web names database shop of db, and the archive is in other; to have it there: " +
				"preview.database: {service: db, name: shop}",
		},
		"the image, from a file": {
			map[string][]string{"db": {"POSTGRES_DB_FILE=/run/secrets/x"}, "web": {shop}},
			Options{},
			"", "",
		},
		"the image, one of several": {
			map[string][]string{"db": {"POSTGRES_DB=shop"}, "web": {shop}, "job": {jobs}},
			Options{},
			"", "",
		},
		"of bitnami": {map[string][]string{"db": {"POSTGRESQL_DATABASE=x"}}, Options{}, "", ""},
		"the configuration": {
			map[string][]string{"db": {"POSTGRES_DB=other"}, "web": {shop}},
			Options{DatabaseName: "shop"},
			"shop app", "",
		},
		"the configuration alone": {
			map[string][]string{"db": nil, "web": {shop}},
			Options{DatabaseName: "mine"},
			"mine ", "",
		},
		"several": {
			map[string][]string{"db": nil, "web": {shop}, "job": {jobs}},
			Options{},
			"",
			"db has several databases: jobs (DATABASE_URL of job), shop (DATABASE_URL of web); say which one",
		},
		"several, one of them it": {
			map[string][]string{"db": {"POSTGRES_USER=jobs"}, "web": {shop}, "job": {jobs}},
			Options{},
			"", "",
		},
		"the preview's environment": {
			map[string][]string{"db": nil, "web": {shop}},
			Options{Environment: map[string]string{"DATABASE_URL": "postgres://db/own"}},
			"own ", "",
		},
		"the image by the preview": {
			map[string][]string{"db": nil, "web": {shop}},
			Options{Environment: map[string]string{"POSTGRES_DB": "shop"}},
			"", "",
		},
	} {
		r, told := recorder()
		r.options, r.archive, r.next.Database = c.options, &archive{}, "db"
		changes := r.nameDatabase(stack(c.services))
		got := ""
		if r.next.Loaded != "" {
			got = r.next.Loaded + " " + r.owner
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if said := strings.Join(*told, "\n"); !strings.Contains(said, c.told) || (c.told == "") != (said == "") {
			t.Errorf("%s: says %q, want %q", name, said, c.told)
		}
		if byStack := r.next.Loaded != "" && c.options.DatabaseName == ""; byStack != (len(changes) == 1) {
			t.Errorf("%s: changes %v", name, changes)
		}
	}
}

func TestNameDatabase_StaysWhereDataIsKept(t *testing.T) {
	for chosen, want := range map[string]string{"": "was", "mine": "mine"} {
		r, told := recorder()
		r.carried, r.serving.Loaded, r.next.Database, r.options.DatabaseName = map[string]string{}, "was", "db", chosen
		r.nameDatabase(stack(map[string][]string{"db": nil, "web": {"DATABASE_URL=postgres://db/shop"}}))
		if r.next.Loaded != want || len(*told) != 0 {
			t.Errorf("%q, want %q, says %q", r.next.Loaded, want, *told)
		}
	}
}

func TestNameDatabase_OfKeptDataIsNotWhatTheImageIsToldNow(t *testing.T) {
	for name, c := range map[string]struct {
		env    []string
		loaded string
		want   string
		told   string
	}{
		"the same": {[]string{"POSTGRES_USER=app", "POSTGRES_DB=shop"}, "", "", ""},
		"another": {
			[]string{"POSTGRES_USER=app", "POSTGRES_DB=shop2"},
			"", "shop",
			"has database shop, and db names shop2 now",
		},
		"none any more": {[]string{"POSTGRES_USER=app"}, "", "shop", "has database shop, and db names app now"},
		"from a file":   {[]string{"POSTGRES_USER=app", "POSTGRES_DB_FILE=/x"}, "", "", ""},
		"another role": {
			[]string{"POSTGRES_USER=root", "POSTGRES_DB=shop"},
			"", "shop",
			"has role app, and db names root now",
		},
		"one in the data": {[]string{"POSTGRES_USER=app", "POSTGRES_DB=shop2"}, "jobs", "jobs", ""},
	} {
		r, told := recorder()
		r.carried, r.next.Database, r.serving.Loaded = map[string]string{}, "db", c.loaded
		r.kept = server{container: "c", user: "app", database: "shop"}
		r.nameDatabase(stack(map[string][]string{"db": c.env}))
		if said := strings.Join(*told, "\n"); r.next.Loaded != c.want || !strings.Contains(said, c.told) ||
			(c.told == "") != (said == "") {
			t.Errorf("%s: %q, says %q", name, r.next.Loaded, said)
		}
	}
}

func TestOpenOthers_NeedsTheFirstAndOtherNames(t *testing.T) {
	file := written(t, "a.sql", "SELECT 1;")
	services := map[string][]string{"db": {"POSTGRES_USER=app"}, "web": {"REPORTS_URL=postgres://rep:x@db/reports"}}
	for name, c := range map[string]struct {
		archives map[string]string
		first    *archive
		want     string
	}{
		"none":                  {nil, nil, ""},
		"without the first":     {map[string]string{"reports": file}, nil, "none of the first one"},
		"the first once more":   {map[string]string{"app": file}, &archive{}, "database app has two archives"},
		"one that is not there": {map[string]string{"reports": file + "x"}, &archive{}, "database reports: archive"},
		"another":               {map[string]string{"reports": file, "events": file}, &archive{}, ""},
	} {
		r, _ := recorder()
		r.options.Archives, r.archive, r.next.Database = c.archives, c.first, "db"
		project := stack(services)
		r.options.DatabaseName = "app"
		r.nameDatabase(project)
		err := r.openOthers(project)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "another" {
			var got []string
			for _, o := range r.others {
				got = append(got, o.database+" "+o.owner)
			}
			if !slices.Equal(got, []string{"events ", "reports rep"}) {
				t.Errorf("others %q", got)
			}
		}
	}
}

func TestMissingDatabases_AreThoseOfTheLog(t *testing.T) {
	const log = `db-1  | 2026-01-01 UTC [7] LOG:  database system is ready to accept connections
db-1  | 2026-01-01 UTC [8] FATAL:  database "shop" does not exist
db-1  | 2026-01-01 UTC [9] FATAL:  database "shop" does not exist
db-1  | 2026-01-01 UTC [9] FATAL:  role "root" does not exist
db-1  | 2026-01-01 UTC [9] ERROR:  database "quoted" does not exist
`
	if got := missingDatabases(log); !slices.Equal(got, []string{"shop"}) {
		t.Errorf("%q", got)
	}
}
