package docker

import (
	"errors"
	"testing"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/provision/machine"
	"github.com/offshoot-dev/offshoot/provision/machine/machinetest"
)

var _ machine.Provider = Provider{}

func TestProvider_Conforms(t *testing.T) {
	engine, err := compose.Connect(t.Context())
	if err != nil {
		t.Skipf("no engine here: %v", err)
	}
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	machinetest.Conformance(t, func(*testing.T) machinetest.Subject {
		return machinetest.Subject{Provider: Provider{}, Fixed: true, Prefix: "docker-"}
	})
}

func TestProvider_StopsNoComputer(t *testing.T) {
	if err := (Provider{}).Stop(t.Context(), localID); !errors.Is(err, machine.ErrFixed) {
		t.Errorf("error %v", err)
	}
	if err := (Provider{}).Stop(t.Context(), "i-1"); !errors.Is(err, machine.ErrGone) {
		t.Errorf("error %v", err)
	}
}
