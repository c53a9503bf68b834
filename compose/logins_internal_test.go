package compose

import (
	"io"
	"testing"

	"github.com/docker/cli/cli/command"
	"github.com/docker/docker/api/types/registry"
)

func TestAddLogins_LendsThemToPulls(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	cli, err := command.NewDockerCli(command.WithErrorStream(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	s := &Stack{engine: &Engine{cli: cli}}
	s.engine.AddLogins(map[string]Login{"lent.example.com": {Username: "ci", Password: "s3cret"}})
	for image, want := range map[string]string{
		"lent.example.com/shop/web:1":     "s3cret",
		"not-lent.example.com/shop/web:1": "",
	} {
		text, _, err := s.registryAuth(image)
		if err != nil {
			t.Fatal(err)
		}
		auth, err := registry.DecodeAuthConfig(text)
		if err != nil || auth.Password != want {
			t.Errorf("%s: password %q, %v", image, auth.Password, err)
		}
	}
}
