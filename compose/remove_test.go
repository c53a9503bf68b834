package compose_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/soak"
)

func TestRemoveByLabel_HalfMadeLeftovers(t *testing.T) {
	b := app(t, "  web: {image: app, init: true, command: [sleep, '1000'], volumes: [/anonymous]}\n")
	b.built()
	api, ctx := b.engine.Client(), t.Context()
	mine := b.labels()
	name := "offshoot/" + b.preview + "/builder:g1"
	_, err := api.ContainerCreate(ctx, &container.Config{Image: name, Labels: mine, Cmd: []string{"true"}}, nil, nil,
		nil, b.preview+"-created")
	check(t, err)
	running, err := api.ContainerCreate(ctx,
		&container.Config{
			Image: name, Labels: mine, Cmd: []string{"sleep", "1000"},
			Volumes: map[string]struct{}{"/v": {}},
		}, nil, nil, nil, b.preview+"-running")
	check(t, err)
	check(t, api.ContainerStart(ctx, running.ID, container.StartOptions{}))
	info, err := api.ContainerInspect(ctx, running.ID)
	check(t, err)
	anonymous := info.Mounts[0].Name
	_, err = api.NetworkCreate(ctx, b.preview+"-net", network.CreateOptions{Labels: mine})
	check(t, err)
	_, err = api.VolumeCreate(ctx, volume.CreateOptions{Name: b.preview + "-vol", Labels: mine})
	check(t, err)
	// A second build takes the name away from the first image.
	b.write("Dockerfile", dockerfile+"ENV CHANGED=1\n")
	b.built()

	removed, err := compose.RemoveByLabel(ctx, b.engine, mine)
	check(t, err)
	if diff := cmp.Diff([]string{b.preview + "-created", b.preview + "-running"}, removed.Containers); diff != "" {
		t.Error(diff)
	}
	if len(removed.Networks) != 1 || len(removed.Volumes) != 1 || len(removed.Images) != 2 || removed.Count() != 6 {
		t.Errorf("removed %+v", removed)
	}
	if _, err := api.VolumeInspect(ctx, anonymous); err == nil {
		t.Error("the anonymous volume is left")
	}
	removed, err = compose.RemoveByLabel(ctx, b.engine, mine)
	if err != nil || removed.Count() != 0 {
		t.Errorf("the second time: %+v, %v", removed, err)
	}
}

func TestRemoveByLabel_LeavesWhatIsNotLabelled(t *testing.T) {
	b := app(t, "")
	b.built()
	api, ctx := b.engine.Client(), t.Context()
	name := "offshoot/" + b.preview + "/builder:g1"
	foreign := b.preview + "-foreign"
	half := map[string]string{testLabel: b.preview, "other": "yes"}
	all := map[string]string{testLabel: b.preview, "dev.offshoot.part": "one"}

	check(t, api.ImageTag(ctx, name, foreign+":mine"))
	_, err := api.VolumeCreate(ctx, volume.CreateOptions{Name: foreign})
	check(t, err)
	_, err = api.NetworkCreate(ctx, b.preview+"-shared", network.CreateOptions{Labels: all})
	check(t, err)
	gateway,
		err := api.ContainerCreate(ctx, &container.Config{Image: name, Labels: half, Cmd: []string{"sleep", "1000"}},
		nil,
		&network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{b.preview + "-shared": {}}},
		nil, foreign)
	check(t, err)
	check(t, api.ContainerStart(ctx, gateway.ID, container.StartOptions{}))

	removed, err := compose.RemoveByLabel(ctx, b.engine, all)
	check(t, err)
	if diff := cmp.Diff(compose.Removed{Networks: []string{b.preview + "-shared"}}, removed); diff != "" {
		t.Error(diff)
	}
	info, err := api.ContainerInspect(ctx, gateway.ID)
	check(t, err)
	if !info.State.Running || len(info.NetworkSettings.Networks) != 0 {
		t.Errorf("the other container: %s, networks %v", info.State.Status, info.NetworkSettings.Networks)
	}

	check(t, api.ContainerRemove(ctx, gateway.ID, container.RemoveOptions{Force: true}))
	_, err = compose.RemoveByLabel(ctx, b.engine, b.labels())
	check(t, err)
	if _, err := api.ImageInspect(ctx, foreign+":mine"); err != nil {
		t.Errorf("the image with a name of someone else is gone: %v", err)
	}
	left := inventory(t, b.engine, b.preview)
	if diff := cmp.Diff([]string{"image " + b.preview, "image " + foreign + ":mine", "volume " + foreign},
		left); diff != "" {
		t.Error(diff)
	}
	_, err = api.ImageRemove(ctx, foreign+":mine", image.RemoveOptions{Force: true})
	check(t, err)
	check(t, api.VolumeRemove(ctx, foreign, true))
}

func TestRemoveByLabel_NeedsALabel(t *testing.T) {
	e := connect(t)
	for _, labels := range []map[string]string{nil, {}} {
		if _, err := compose.RemoveByLabel(t.Context(), e, labels); err == nil {
			t.Fatal("removing everything was accepted")
		}
	}
}

// removesTwiceAtOnce removes what runs of a bench by two runs at the same time.
func removesTwiceAtOnce(t *testing.T, b *bench) {
	t.Helper()
	results := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := compose.RemoveByLabel(context.WithoutCancel(t.Context()), b.engine, b.labels())
			results <- err
		}()
	}
	for range 2 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if left := inventory(t, b.engine, b.preview); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestRemoveByLabel_JoinsErrorsAndGoesOn(t *testing.T) {
	b := app(t, "")
	b.built()
	api, ctx := b.engine.Client(), t.Context()
	_, err := api.VolumeCreate(ctx, volume.CreateOptions{Name: b.preview + "-used", Labels: b.labels()})
	check(t, err)
	user,
		err := api.ContainerCreate(ctx,
		&container.Config{
			Image: "offshoot/" + b.preview + "/builder:g1", Labels: map[string]string{testLabel: ""},
			Cmd: []string{"sleep", "1000"},
		},
		&container.HostConfig{Binds: []string{b.preview + "-used:/used"}}, nil, nil, b.preview+"-user")
	check(t, err)
	check(t, api.ContainerStart(ctx, user.ID, container.StartOptions{}))
	_, err = compose.RemoveByLabel(ctx, b.engine, b.labels())
	for _, want := range []string{"remove volume " + b.preview + "-used: ", "remove image "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	check(t, api.ContainerRemove(ctx, user.ID, container.RemoveOptions{Force: true}))
}

// A killed process must leave nothing that RemoveByLabel does not find.
func TestRemoveByLabel_AfterAKilledRun(t *testing.T) {
	if os.Getenv("OFFSHOOT_TEST_VICTIM") != "" {
		victim(t)
		return
	}
	b := app(t, `
  db: {image: app, init: true, command: [sleep, "1000"], healthcheck: {test: [CMD, "true"], interval: 1s}, volumes: [data:/data, /anonymous]}
  web: {image: app, init: true, command: [sleep, "1000"], depends_on: {db: {condition: service_healthy}}}
volumes: {data: {}}
`)
	steps := []string{"build", "up", "run"}
	for _, at := range soak.Steps(t, len(steps), 1) {
		step := steps[at]
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRemoveByLabel_AfterAKilledRun$")
		cmd.Env = append(os.Environ(), "OFFSHOOT_TEST_VICTIM="+step, "OFFSHOOT_TEST_DIR="+b.dir,
			"OFFSHOOT_TEST_PREVIEW="+b.preview)
		out, err := cmd.StdoutPipe()
		check(t, err)
		check(t, cmd.Start())
		waitFor(t, out, "in "+step)
		check(t, cmd.Process.Kill())
		_ = cmd.Wait()
		_, err = compose.RemoveByLabel(t.Context(), b.engine, b.labels())
		check(t, err)
		b.eventually("nothing is left after a kill in "+step, func() bool {
			_, err := compose.RemoveByLabel(t.Context(), b.engine, b.labels())
			return err == nil && len(inventory(t, b.engine, b.preview)) == 0
		})
	}
}

// victim is the process that gets killed: it tells when it is in the step.
func victim(t *testing.T) {
	step := os.Getenv("OFFSHOOT_TEST_VICTIM")
	e := connect(t)
	dir, preview := os.Getenv("OFFSHOOT_TEST_DIR"), os.Getenv("OFFSHOOT_TEST_PREVIEW")
	p, _, err := compose.Load(t.Context(), compose.Source{Dir: dir})
	check(t, err)
	p, _, err = compose.Transform(p,
		compose.Options{Preview: preview, Generation: 1, Labels: map[string]string{testLabel: preview}})
	check(t, err)
	s := compose.NewStack(e, p, func(event compose.Event) {
		if event.Kind == step {
			_, _ = os.Stdout.WriteString("in " + step + "\n")
		}
	})
	check(t, s.Build(t.Context()))
	check(t, s.Up(t.Context()))
	_, err = s.Run(t.Context(), compose.OneOff{Service: "web", Command: []string{"sh", "-c", "echo here; sleep 1000"}})
	t.Fatal(err)
}

func waitFor(t *testing.T, r interface{ Read([]byte) (int, error) }, text string) {
	t.Helper()
	var seen strings.Builder
	buffer := make([]byte, 4096)
	for !strings.Contains(seen.String(), text) {
		n, err := r.Read(buffer)
		seen.Write(buffer[:n])
		if err != nil {
			t.Fatalf("no %q in %q: %v", text, seen.String(), err)
		}
	}
}

func TestDown_IsHarmlessWhenThereIsNothing(t *testing.T) {
	b := app(t, "")
	s := b.stack()
	check(t, s.Down(t.Context()))
	check(t, s.Stop(t.Context()))
	check(t, s.Down(t.Context()))
	if len(b.events) > 0 {
		t.Errorf("events %+v", b.events)
	}
}
