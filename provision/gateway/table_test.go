package gateway

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHostName_IsBareAndLowerCase(t *testing.T) {
	for header, want := range map[string]string{
		"pr-1.shop.localhost":       "pr-1.shop.localhost",
		"PR-1.Shop.LOCALHOST:8480":  "pr-1.shop.localhost",
		"pr-1.shop.localhost.:8480": "pr-1.shop.localhost",
		"[::1]:8480":                "::1",
		"[::1]":                     "::1",
		"":                          "",
	} {
		if got := hostName(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

func TestReadTable_SortsAndFinds(t *testing.T) {
	table, err := readTable(strings.NewReader(`{"routes":[
		{"host":"b.x.localhost","project":"x","preview":"b","service":"web","state":"starting"},
		{"host":"a.x.localhost","project":"x","preview":"a","service":"web","state":"serving","address":"10.0.0.1:80"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"a.x.localhost", "b.x.localhost:80"} {
		if route, ok := table.lookup(host); !ok || !strings.HasPrefix(host, route.Host) {
			t.Errorf("%s leads to %+v, %v", host, route, ok)
		}
	}
	for _, host := range []string{"", "c.x.localhost", "a.x", "x.localhost"} {
		if route, ok := table.lookup(host); ok {
			t.Errorf("%q leads to %+v", host, route)
		}
	}
}

func TestReadTable_RefusesWhatCannotBeServed(t *testing.T) {
	for name, input := range map[string]string{
		"half":        `{"routes":[{"host":"a`,
		"unknown key": `{"paths":[]}`,
		"twice":       `{"routes":[{"host":"a","state":"starting"},{"host":"a","state":"starting"}]}`,
		"upper case":  `{"routes":[{"host":"A","state":"starting"}]}`,
		"port":        `{"routes":[{"host":"a:80","state":"starting"}]}`,
		"no host":     `{"routes":[{"state":"starting"}]}`,
		"a name":      `{"routes":[{"host":"a","state":"serving","address":"web:80"}]}`,
		"no port":     `{"routes":[{"host":"a","state":"serving","address":"10.0.0.1"}]}`,
	} {
		if table, err := readTable(strings.NewReader(input)); err == nil {
			t.Errorf("%s: accepted as %+v", name, table)
		}
	}
}

func TestStore_IsReadBackAndLeavesNothingElse(t *testing.T) {
	folder := t.TempDir()
	want := Table{Routes: []Route{{Host: "a.x.localhost", State: Starting}}}
	path := filepath.Join(folder, "routes.json")
	for range 2 {
		if err := want.store(path); err != nil {
			t.Fatal(err)
		}
	}
	g := New(make([]byte, keySize))
	if err := g.restore(path); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, *g.table.Load()); diff != "" {
		t.Error(diff)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	if err := want.store(filepath.Join(folder, "missing", "routes.json")); err == nil {
		t.Error("no error for a folder that is not there")
	}
}
