package compose

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

func TestRailsDatabases_ReadsWhatIsPlain(t *testing.T) {
	const base = "default: &default\n  adapter: postgresql\n  pool: <%= ENV.fetch(\"RAILS_MAX_THREADS\") { 5 } %>\n"
	for name, c := range map[string]struct{ text, environment, want string }{
		"as rails writes it": {base +
			"development:\n  <<: *default\n  database: shop_development\nproduction:\n  <<: *default\n  database: " +
			"shop\n", "development", "shop_development"},
		"in production": {base + "production:\n  <<: *default\n  database: shop\n", "production", "shop"},
		"not there":     {base, "production", ""},
		"several": {base +
			"production:\n  primary: &p\n    <<: *default\n    database: shop\n  cache:\n    <<: *p\n    database: " +
			"shop_cache\n", "production", "shop"},
		"made by code":  {"production:\n  database: <%= ENV['DB'] %>\n", "production", ""},
		"by a variable": {"production:\n  database: <%= ENV['SET'] %>\n", "production", "from_env"},
		"or else": {
			"production:\n  database: <%= ENV[\"DB\"] || 'shop_else' %>\n", "production",
			"shop_else",
		},
		"fetched": {
			"production:\n  database: <%= ENV.fetch(\"DB\", \"shop_fetched\") %>\n", "production",
			"shop_fetched",
		},
		"fetched by a block": {
			"production:\n  database: \"<%= ENV.fetch('DB') { 'shop_block' } -%>\"\n", "production",
			"shop_block",
		},
		"fetched, and set": {
			"production:\n  database: <%= ENV.fetch(\"SET\", \"shop\") %>\n", "production",
			"from_env",
		},
		"by more code":       {"production:\n  database: <%= ENV['SET'].upcase %>\n", "production", ""},
		"by a hostile value": {"production:\n  database: <%= ENV['BAD'] %>\n", "production", ""},
		"partly":             {"production:\n  database: shop_<%= Rails.env %>\n", "production", ""},
		"quoted code":        {"production:\n  database: \"<%= ENV['DB'] %>\"\n", "production", ""},
		"by its address":     {"production:\n  database: shop\n  url: <%= ENV['DATABASE_URL'] %>\n", "production", ""},
		"with statements":    {"<% require 'x'\n y %>\nproduction:\n  database: shop\n", "production", "shop"},
		"on this server":     {"production:\n  database: shop\n  host: db\n", "production", "shop"},
		"on another server":  {"production:\n  database: shop\n  host: localhost\n", "production", ""},
		"where code says":    {"production:\n  database: shop\n  host: <%= ENV['H'] %>\n", "production", "shop"},
		"of sqlite": {
			"production:\n  adapter: sqlite3\n  database: storage/production.sqlite3\n",
			"production", "",
		},
		"not yaml": {"production: [", "production", ""},
		"a number": {"production:\n  database: 5\n", "production", ""},
		"nothing":  {"", "production", ""},
	} {
		got := ""
		for _, name := range railsDatabases(c.text, c.environment, []string{"db"}, func(name string) string {
			return map[string]string{"SET": "from_env", "BAD": "x\nproduction: {database: y}"}[name]
		}) {
			got += name
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestFrameworkUses_ReadsOnlyFilesOfTheCheckout(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	production := "production"
	context := func(dir string) *types.BuildConfig { return &types.BuildConfig{Context: dir} }
	p := &types.Project{WorkingDir: filepath.Join(root, "deploy"), Services: types.Services{
		"api": {
			Build:       context(filepath.Join(root, "api")),
			Environment: types.MappingWithEquals{"RAILS_ENV": &production},
		},
		"far":  {Build: context(outside)},
		"link": {Build: context(filepath.Join(root, "link"))},
		"pipe": {Build: context(filepath.Join(root, "pipe"))},
	}}
	write := func(dir string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, "config"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, railsFile), []byte("production: {database: shop}"),
			0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(root, "api"))
	write(filepath.Join(root, "deploy"))
	write(outside)
	if err := os.Symlink(outside, filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "pipe", "config"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(root, "pipe", railsFile), 0o644); err != nil {
		t.Skip(err)
	}
	want := []DatabaseUse{
		{Source: "deploy/config/database.yml", Name: "shop"},
		{Source: "api/config/database.yml", Name: "shop"},
	}
	if diff := cmp.Diff(want, FrameworkUses(root, p, "db")); diff != "" {
		t.Error(diff)
	}
}
