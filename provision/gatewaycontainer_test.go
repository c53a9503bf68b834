package provision_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/volume"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

func TestGateway_PortThatIsTakenIsSaidAndNothingStays(t *testing.T) {
	f := newLight(t, 30).alone()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	f.engine.Port = taken.Addr().(*net.TCPAddr).Port
	_, err = f.tryUp()
	var port *provision.PortTakenError
	if !errors.As(err, &port) || port.Port != f.engine.Port || len(hint.Of(err)) != 1 ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, hints %q", err, hint.Of(err))
	}
	f.assertNothingLeft(t.Context())
}

func TestGateway_LeavesAContainerOfSomebodyElseAlone(t *testing.T) {
	f := newLight(t, 33).alone()
	api := f.engine.Docker.Client()
	f.engine.Gateway += "-foreign"
	_, err := api.ContainerCreate(t.Context(), &container.Config{Image: provision.PostgresImage}, nil, nil, nil,
		f.engine.Gateway)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := api.ContainerRemove(t.Context(), f.engine.Gateway,
			container.RemoveOptions{Force: true, RemoveVolumes: true}); err != nil {
			t.Errorf("it is gone: %v", err)
		}
	}()
	if _, err := f.tryUp(); err == nil || !strings.Contains(err.Error(), "is not offshoot's") {
		t.Errorf("error %v", err)
	}
	f.assertNothingLeft(t.Context())
}

func TestGateway_LeavesAVolumeOfSomebodyElseAlone(t *testing.T) {
	f := newLight(t, 36).alone()
	api := f.engine.Docker.Client()
	name := f.engine.Gateway + "-kept"
	defer func() { _ = api.VolumeRemove(t.Context(), name, true) }()
	made,
		err := api.ContainerCreate(t.Context(),
		&container.Config{Image: provision.PostgresImage, Entrypoint: []string{"touch", "/kept/mine"}},
		&container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeVolume, Source: name, Target: "/kept"}}}, nil,
		nil, f.engine.Gateway+"-other")
	if err != nil {
		t.Fatal(err)
	}
	ended, failed := api.ContainerWait(t.Context(), made.ID, container.WaitConditionNextExit)
	if err := api.ContainerStart(t.Context(), made.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case err := <-failed:
		t.Fatal(err)
	}
	if err := api.ContainerRemove(t.Context(), made.ID,
		container.RemoveOptions{Force: true, RemoveVolumes: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.tryUp(); err == nil || !strings.Contains(err.Error(), "is not offshoot's") {
		t.Errorf("error %v", err)
	}
	if _, err := api.VolumeInspect(t.Context(), name); err != nil {
		t.Errorf("it is gone: %v", err)
	}
}

func TestGateway_NeedsAStaticProgram(t *testing.T) {
	f := newLight(t, 34).alone()
	text := filepath.Join(t.TempDir(), "offshoot")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for binary, want := range map[string]string{
		text: "not a linux executable", "/bin/sh": "dynamically linked",
		"": "no executable for the gateway",
	} {
		f.engine.Binary = binary
		if _, err := f.tryUp(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", binary, err)
		}
	}
	f.assertNothingLeft(t.Context())
}

// other is a program that does the same and has another digest.
func other(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(programPath(t))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "offshoot")
	if err := os.WriteFile(path, append(content, "another"...), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGateway_OfAnotherProgramOrPortHasAllRoutesAtOnce(t *testing.T) {
	a := newLight(t, 35).alone()
	b := a.neighbour(36)
	b.options.Source.Env["GREETING"] = "two"
	a.up()
	neighbour := b.up().Links[0]

	a.engine.Binary, b.engine.Binary = other(t), ""
	before := a.gatewayID()
	seen := ""
	_, err := a.engine.Up(t.Context(), a.options, func(e provision.Event) {
		if e.Step == provision.StepGateway && e.Kind == provision.Done {
			// Until it listens, the engine accepts the connection and cuts it; what it answers first is what counts.
			answers := func() bool {
				var status int
				status, seen = get(t, neighbour.URL)
				return status != 0
			}
			for deadline := time.Now().Add(30 * time.Second); !answers() && time.Now().Before(deadline); {
			}
		}
	})
	if err != nil || seen != "two" || a.gatewayID() == before {
		t.Errorf("after another program the neighbour gave %q (%v), gateway %s before", seen, err, before)
	}
	// The image before stays for as long as the neighbour's keeper is of it.
	if images := things(t.Context(), t, a.engine,
		"dev.offshoot.gateway="+a.engine.Gateway); strings.Count(strings.Join(images, "\n"), "image ") != 2 {
		t.Errorf("the gateway has %q", images)
	}

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a.engine.Port = taken.Addr().(*net.TCPAddr).Port
	var port *provision.PortTakenError
	if _, err := a.tryUp(); !errors.As(err, &port) {
		t.Errorf("to a port that is taken: %v", err)
	}
	b.awaitServes(neighbour, "two") // where it was before
	_ = taken.Close()

	a.up()
	statuses, err := a.engine.List(t.Context(), provision.Filter{ID: b.options.Preview.ID})
	if err != nil || len(statuses) != 1 {
		t.Fatalf("%+v, %v", statuses, err)
	}
	if moved := statuses[0].Links[0]; moved == neighbour {
		t.Errorf("the link did not move from %v", neighbour)
	} else {
		b.assertServes(moved, "two")
	}
}

// The life of one gateway, from a volume that somebody else seems to have made.
func TestGateway_LivesOn(t *testing.T) {
	f := newLight(t, 37).alone()
	api := f.engine.Docker.Client()
	name := f.engine.Gateway + "-kept"
	if _, err := api.VolumeCreate(t.Context(), volume.CreateOptions{Name: name}); err != nil {
		t.Fatal(err)
	}
	link := f.up().Links[0]
	t.Run("MakesAVolumeAgainThatARaceHasLeftWithoutALabel", func(t *testing.T) {
		f.assertServes(link, "one")
		made, err := api.VolumeInspect(t.Context(), name)
		if err != nil || made.Labels["dev.offshoot.gateway"] != f.engine.Gateway {
			t.Errorf("labels %v, %v", made.Labels, err)
		}
	})
	// A gateway that was just started has the routes before anybody tells it.
	t.Run("HasItsRoutesBeforeItIsTold", func(t *testing.T) {
		for name, undo := range map[string]func() error{
			"restarted": func() error {
				return api.ContainerRestart(t.Context(), f.engine.Gateway, container.StopOptions{})
			},
			"stopped": func() error {
				return api.ContainerStop(t.Context(), f.engine.Gateway, container.StopOptions{})
			},
			"removed": func() error {
				return api.ContainerRemove(t.Context(), f.engine.Gateway, container.RemoveOptions{Force: true})
			},
		} {
			if err := undo(); err != nil {
				t.Fatal(err)
			}
			if err := provision.EnsureGateway(t.Context(), f.engine); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			f.awaitServes(link, "one")
		}
	})
	t.Run("StaysAtItsPortWhereNoneIsAskedFor", func(t *testing.T) {
		f.engine.Port = 0
		if again := f.up().Links[0]; again != link {
			t.Errorf("the link went from %v to %v", link, again)
		}
	})
}

func (f *fixture) gatewayID() string {
	f.t.Helper()
	found, err := f.engine.Docker.Client().ContainerInspect(f.t.Context(), f.engine.Gateway)
	if err != nil {
		f.t.Fatal(err)
	}
	return found.ID
}
