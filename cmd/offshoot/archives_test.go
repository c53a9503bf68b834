package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/provision"
)

func TestProvisionOptions_NameTheDatabaseAndItsService(t *testing.T) {
	cfg := &config.Config{Preview: config.Preview{Database: "db", DatabaseName: "app"}}
	options := provisionOptions(cfg, upOptions{}, provision.Preview{}, "", "")
	if options.Database != "db" || options.DatabaseName != "app" {
		t.Errorf("options %+v", options)
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
	cfg := &config.Config{
		Dir:     folder,
		Preview: config.Preview{Databases: map[string]string{"events": "e.sql", "reports": "e.sql"}},
	}
	given := map[string]string{"reports": filepath.Join(folder, "r.sql")}
	got, err := here().otherArchives(t.Context(), nil, cfg, upOptions{archives: given})
	want := map[string]string{"events": filepath.Join(folder, "e.sql"), "reports": filepath.Join(folder, "r.sql")}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	if kept, err := here().otherArchives(t.Context(), nil, cfg, upOptions{keepData: true}); len(kept) != 0 ||
		err != nil {
		t.Errorf("with data that is kept: %v, %v", kept, err)
	}
	if err := (upOptions{archives: given, keepData: true, timeout: 1}).check(); err == nil {
		t.Error("an archive over data that is kept")
	}
	cfg.Preview.Databases["events"] = "gone.sql"
	if _, err := here().otherArchives(t.Context(), nil, cfg, upOptions{}); err == nil ||
		!strings.HasPrefix(err.Error(), "database events: archive: ") {
		t.Errorf("error %v", err)
	}
}
