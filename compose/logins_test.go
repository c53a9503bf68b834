package compose_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
)

func TestLogins_AreThoseOfRegistriesThatTheFileNames(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	t.Setenv("DOCKER_CONFIG", home)
	auth := func(text string) string { return `{"auth":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}` }
	config := `{"auths":{"registry.example.com":` + auth("ci:s3cret") + `,"other.example.com":` + auth("ci:other") +
		`,"built.example.com":` + auth("ci:built") + `,"https://index.docker.io/v1/":` + auth("hub:token") + `}}`
	if err := os.WriteFile(filepath.Join(home, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	file := `services:
  db: {image: postgres:15}
  web: {image: "registry.example.com/shop/web:1"}
  api: {image: "registry.example.com/shop/api:1"}
  tool: {image: "open.example.com/tool", profiles: [tools]}
  own: {image: "built.example.com/own", build: .}
`
	if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := compose.Logins(t.Context(), compose.Source{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]compose.Login{
		"registry.example.com":        {Username: "ci", Password: "s3cret"},
		"https://index.docker.io/v1/": {Username: "hub", Password: "token"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
