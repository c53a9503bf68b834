package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/provision"
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
		if err := c.parse(configName, []byte(file), lookup("NAME", "shop")); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		got := database{c.Preview.Database, c.Preview.DatabaseName, c.Preview.Databases}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
		options := provisionOptions(c, upOptions{}, provision.Preview{}, "", "")
		if options.Database != want.Service || options.DatabaseName != want.Name {
			t.Errorf("%s: options %+v", file, options)
		}
	}
	err := new(Config).parse(configName, []byte("preview:\n  database: {service: db, databases: {\"a\\nb\": x}}\n"), lookup())
	if err == nil || !strings.Contains(err.Error(), "offshoot.yaml:2: preview.database.databases.a\nb: not the name of a database") {
		t.Errorf("error %v", err)
	}
}

func TestArchiveFlag_TakesOneAndFurtherByName(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	if err := os.WriteFile("a=b.sql", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"shop.sql":                         "shop.sql map[]",
		"shop.sql events=e.sql":            "shop.sql map[events:e.sql]",
		"events=s3://b/e.sql s3://b/a=1":   "s3://b/a=1 map[events:s3://b/e.sql]",
		"a=b.sql":                          "a=b.sql map[]",
		"x/a=b.sql":                        "x/a=b.sql map[]",
		"größe=e.sql rep-orts=r.sql":       " map[größe:e.sql rep-orts:r.sql]",
		"shop.sql other.sql":               "given twice: write NAME=FILE",
		"events=a events=b":                "given twice for database events",
		strings.Repeat("n", 64) + "=a.sql": "not the name of a database",
	} {
		var o upOptions
		got := ""
		for value := range strings.FieldsSeq(given) {
			if err := (archiveFlag{&o}).Set(value); err != nil {
				got = err.Error()
			}
		}
		if got == "" {
			got = o.archive + " " + fmt.Sprint(o.archives)
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", given, got, want)
		}
	}
}

func TestOtherArchives_OfTheConfigurationAndOverItOfTheCommandLine(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"e.sql", "r.sql"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := &Config{Dir: folder, Preview: PreviewConfig{Databases: map[string]string{"events": "e.sql", "reports": "e.sql"}}}
	given := map[string]string{"reports": filepath.Join(folder, "r.sql")}
	got, err := here().otherArchives(t.Context(), nil, cfg, upOptions{archives: given})
	want := map[string]string{"events": filepath.Join(folder, "e.sql"), "reports": filepath.Join(folder, "r.sql")}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	if kept, err := here().otherArchives(t.Context(), nil, cfg, upOptions{keepData: true}); len(kept) != 0 || err != nil {
		t.Errorf("with data that is kept: %v, %v", kept, err)
	}
	if err := (upOptions{archives: given, keepData: true, timeout: 1}).check(); err == nil {
		t.Error("an archive over data that is kept")
	}
	cfg.Preview.Databases["events"] = "gone.sql"
	if _, err := here().otherArchives(t.Context(), nil, cfg, upOptions{}); err == nil || !strings.HasPrefix(err.Error(), "database events: archive: ") {
		t.Errorf("error %v", err)
	}
}

// An archive that a stranger names would be one of this computer's files.
func TestHostile_AForkWantsAFileOfThisComputerLoaded(t *testing.T) {
	own := &Config{Preview: PreviewConfig{DatabaseName: "shop", Databases: map[string]string{"x": "/srv/production.sql"}}}
	cfg := new(Config).forStranger(own)
	if cfg.Preview.Databases != nil || cfg.Preview.DatabaseName != "shop" {
		t.Errorf("%+v", cfg.Preview)
	}
}
