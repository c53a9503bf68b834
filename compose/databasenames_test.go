package compose

import (
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

// user is a project in which web has an environment, written NAME=value.
func user(env ...string) *types.Project {
	web := types.ServiceConfig{Name: "web", Environment: types.MappingWithEquals{}}
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		web.Environment[name] = &value
	}
	return &types.Project{Services: types.Services{
		"web": web,
		"db": {
			Name: "db", Image: "postgres:16", ContainerName: "shop-db", Hostname: "pg",
			Networks: map[string]*types.ServiceNetworkConfig{"back": {Aliases: []string{"primary"}}, "default": nil},
		},
	}}
}

func TestDatabaseUses_ReadsEveryUsualForm(t *testing.T) {
	for env, want := range map[string]string{
		"DATABASE_URL=postgres://app:pw@db:5432/shop":                                        "shop app",
		"DATABASE_URL=postgresql://db/shop?sslmode=disable":                                  "shop ",
		"PG_DATABASE_URL=postgres://postgres:postgres@db:5432/default":                       "default postgres",
		"DATABASE_URL=postgresql+asyncpg://app:p%40w@db/my%20shop":                           "my shop app",
		"SQLALCHEMY_DATABASE_URI=postgresql+psycopg2://app:p@ss/w@DB:5432/shop":              "shop app",
		"SPRING_DATASOURCE_URL=jdbc:postgresql://db:5432/shop?user=x":                        "shop ",
		"R2DBC=r2dbc:postgresql://db/shop":                                                   "shop ",
		"DATABASE_URL=ecto://postgres:postgres@db/shop_prod":                                 "shop_prod postgres",
		"DATABASE_URL=psql://u:p@shop-db:5432/shop":                                          "shop u",
		"DATABASE_URL=postgres://u:p@pg/shop":                                                "shop u",
		"DATABASE_URL=postgres://u:p@primary/shop":                                           "shop u",
		"DATABASE_URL=postgres://u:p@other,db:5433/shop":                                     "shop u",
		"DSN=host=db user=app password='x y' dbname=shop port=5432":                          "shop app",
		"ConnectionStrings__Default=Host=db;Port=5432;Database=shop;Username=app;Password=x": "shop app",
		"PGHOST=db PGDATABASE=shop PGUSER=app":                                               "shop app",
		"DB_HOST=db DB_NAME=mastodon DB_USER=mastodon":                                       "mastodon mastodon",
		"DB_HOST=db:5432 DB_DATABASE=laravel DB_USERNAME=sail":                               "laravel sail",
		"POSTGRES_SERVER=db POSTGRES_DB=fastapi POSTGRES_USER=u":                             "fastapi u",
		"DATABASE_HOST=db DATABASE_NAME=a":                                                   "a ",
		"PAPERLESS_DBHOST=db PAPERLESS_DBNAME=paper":                                         "paper ",
		"TYPEORM_HOST=db TYPEORM_DATABASE=orm":                                               "orm ",
		"HOST=db DB_NAME=plain":                                                              "plain ",
		"HOST=db USER=odoo DATABASE=odoo17":                                                  "odoo17 odoo",
		"DATABASE_URL=postgresql:///shop?host=db":                                            "shop ",
		"DATABASE_URL=postgresql://app@/shop?sslmode=disable&host=db":                        "shop app",
		"DATABASE_URL=postgresql:///shop?host=/var/run/postgresql":                           "",
		"DATABASE_URL=postgresql:///shop":                                                    "",
		"PGDATABASE=shop PGUSER=app":                                                         "shop app",
		"PGHOST=elsewhere PGDATABASE=shop":                                                   "",
		"PGSERVICE=far PGDATABASE=shop":                                                      "",
		"DB_HOST=db POSTGRES_DB=shared":                                                      "shared ",

		"DATABASE_URL=postgres://app:pw@elsewhere.example.com/shop": "",
		"DATABASE_URL=mysql://app:pw@db/shop":                       "",
		"DATABASE_URL=postgres://app:pw@db:5432":                    "",
		"DATABASE_URL=postgres://app:pw@db:5432/${NAME}":            "",
		"TEST_DATABASE_URL=postgres://app:pw@db/shop_test":          "",
		"SHADOW_DATABASE_URL=postgres://app:pw@db/shadow":           "",
		"LATEST_DATABASE_URL=postgres://app:pw@db/shop":             "shop app",
		"DB_NAME=shop":               "",
		"DB_HOST=mysql DB_NAME=shop": "",
		"DB_HOST=db DB_NAME=":        "",
		"DATABASE_URL=postgres://u@db/" + strings.Repeat("n", 64): "",
		"URL=https://db/postgres":                                 "",
		"A=postgres://u@db/shop B=postgres://u@db/shop":           "shop u,shop u",
	} {
		var got []string
		var variables []string
		if strings.HasPrefix(env, "DSN=") || strings.HasPrefix(env, "ConnectionStrings") {
			variables = []string{env}
		} else {
			variables = strings.Split(env, " ")
		}
		for _, use := range DatabaseUses(user(variables...), "db") {
			if use.Service != "web" || use.Source == "" {
				t.Errorf("%s: %+v", env, use)
			}
			got = append(got, use.Name+" "+use.User)
		}
		if diff := cmp.Diff(want, strings.Join(got, ",")); diff != "" {
			t.Errorf("%s: %s", env, diff)
		}
	}
}

func TestDatabaseUses_AlsoOfCommands(t *testing.T) {
	p := user()
	web := p.Services["web"]
	web.Command = []string{"serve", "--database=postgres://u:p@db/shop"}
	p.Services["web"] = web
	want := []DatabaseUse{{Service: "web", Source: "command", Name: "shop", User: "u"}}
	if diff := cmp.Diff(want, DatabaseUses(p, "db")); diff != "" {
		t.Error(diff)
	}
}

func TestAgreedDatabase_OnlyWhereAllNameTheSame(t *testing.T) {
	for names, want := range map[string]string{
		"": "", "a": "a", "a a": "a", "a b": "", "postgres a": "a", "a template1 a": "a", "postgres": "postgres",
		"postgres a b": "",
	} {
		var uses []DatabaseUse
		for name := range strings.FieldsSeq(names) {
			uses = append(uses, DatabaseUse{Service: "web", Name: name, User: "u-" + name})
		}
		name, user := AgreedDatabase(uses)
		if name != want || (want != "") != (user != "") {
			t.Errorf("%q: %q of %q, want %q", names, name, user, want)
		}
	}
}
