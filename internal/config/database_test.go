package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConfig_DatabaseIsAServiceOrMore(t *testing.T) {
	type database struct {
		Service, Name string
		Databases     map[string]string
	}
	for file, want := range map[string]database{
		"preview: {database: db}":                               {Service: "db"},
		"preview: {database: {service: db, name: app}}":         {Service: "db", Name: "app"},
		"preview: {database: {name: \"${NAME}\"}}":              {Name: "shop"},
		"preview: {database: {databases: {events: e.sql.zst}}}": {Databases: map[string]string{"events": "e.sql.zst"}},
	} {
		c := new(Config)
		if err := c.Parse(Name, []byte(file), lookup("NAME", "shop")); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		got := database{c.Preview.Database, c.Preview.DatabaseName, c.Preview.Databases}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
	err := new(Config).Parse(Name, []byte("preview:\n  database: {service: db, databases: {\"a\\nb\": x}}\n"), lookup())
	if err == nil || !strings.Contains(err.Error(), "offshoot.yaml:2: preview.database.databases.a\nb: not the name "+
		"of a database") {
		t.Errorf("error %v", err)
	}
}

// An archive that a stranger names would be one of this computer's files.
func TestHostile_AForkWantsAFileOfThisComputerLoaded(t *testing.T) {
	own := &Config{Preview: Preview{DatabaseName: "shop", Databases: map[string]string{"x": "/srv/production.sql"}}}
	cfg := new(Config).ForStranger(own)
	if cfg.Preview.Databases != nil || cfg.Preview.DatabaseName != "shop" {
		t.Errorf("%+v", cfg.Preview)
	}
}
