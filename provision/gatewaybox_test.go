package provision_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

func TestGateway_PortThatIsTakenIsSaidAndNothingStays(t *testing.T) {
	f := newFixture(t, 30)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	f.machine.Port = taken.Addr().(*net.TCPAddr).Port
	_, err = f.tryUp()
	var port *provision.PortTakenError
	if !errors.As(err, &port) || port.Port != f.machine.Port || len(hint.Of(err)) != 1 || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, hints %q", err, hint.Of(err))
	}
	f.assertNothingLeft(t.Context())
}

func TestGateway_MovesToAnotherPortAndStaysWhereNoneIsAskedFor(t *testing.T) {
	f := newFixture(t, 31)
	first := f.up().Links[0]
	f.machine.Port = 0
	if again := f.up().Links[0]; again != first {
		t.Errorf("the link went from %v to %v", first, again)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.machine.Port = free.Addr().(*net.TCPAddr).Port
	_ = free.Close()
	moved := f.up().Links[0]
	if moved == first {
		t.Error("the link did not move")
	}
	f.assertServes(moved, "one")
}

func TestGateway_ComesBackWithItsRoutesAfterItWasKilledOrRemoved(t *testing.T) {
	f := newFixture(t, 32)
	link := f.up().Links[0]
	api := f.machine.Engine.Client()
	if err := api.ContainerRestart(t.Context(), f.machine.Gateway, container.StopOptions{}); err != nil {
		t.Fatal(err)
	}
	f.awaitServes(link, "one") // the table is kept, and so are the networks
	if err := api.ContainerRemove(t.Context(), f.machine.Gateway, container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	f.assertServes(f.up().Links[0], "one")
}

func TestGateway_LeavesAContainerOfSomebodyElseAlone(t *testing.T) {
	f := newFixture(t, 33)
	api := f.machine.Engine.Client()
	f.machine.Gateway += "-foreign"
	_, err := api.ContainerCreate(t.Context(), &container.Config{Image: provision.PostgresImage}, nil, nil, nil, f.machine.Gateway)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := api.ContainerRemove(t.Context(), f.machine.Gateway, container.RemoveOptions{Force: true, RemoveVolumes: true}); err != nil {
			t.Errorf("it is gone: %v", err)
		}
	}()
	if _, err := f.tryUp(); err == nil || !strings.Contains(err.Error(), "is not offshoot's") {
		t.Errorf("error %v", err)
	}
	f.assertNothingLeft(t.Context())
}

func TestGateway_NeedsAStaticProgram(t *testing.T) {
	f := newFixture(t, 34)
	text := filepath.Join(t.TempDir(), "offshoot")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for binary, want := range map[string]string{text: "not a linux executable", "/bin/sh": "dynamically linked", "": "no executable for the gateway"} {
		f.machine.Binary = binary
		if _, err := f.tryUp(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", binary, err)
		}
	}
	f.assertNothingLeft(t.Context())
}
