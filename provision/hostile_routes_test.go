package provision_test

import (
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"

	"github.com/offshoot-dev/offshoot/provision"
)

// containerOf is the container of a service of the preview.
func (f *fixture) containerOf(service string) container.Summary {
	f.t.Helper()
	found, err := f.engine.Docker.Client().ContainerList(f.t.Context(),
		container.ListOptions{All: true, Filters: filters.NewArgs(
			filters.Arg("label", "dev.offshoot.preview="+f.options.Preview.ID),
			filters.Arg("label", "com.docker.compose.service="+service))})
	if err != nil || len(found) != 1 {
		f.t.Fatalf("containers of %s: %v, %v", service, found, err)
	}
	return found[0]
}

// The thief has the smaller number, and the engine looks for names in networks by their order.
func TestHostile_ASiblingWantsTheRequestsOfAnotherPreview(t *testing.T) {
	victim := newLight(t, 9).alone()
	thief := victim.neighbour(8)
	link := victim.up().Links[0]
	web := victim.containerOf("web")
	own := victim.options.Preview.ID + "-g1_default"
	aliases := []string{
		web.ID, web.ID[:12], web.ID[:12] + "." + own, strings.TrimPrefix(web.Names[0], "/"),
		"missing.invalid",
	}
	thief.options.Source.Env["GREETING"] = "stolen"
	thief.write("compose.yaml", strings.Replace(lightFile, "    ports: [\"8000\"]\n",
		"    ports: [\"8000\"]\n    networks: {default: {aliases: ["+strings.Join(aliases, ", ")+"]}}\n", 1))
	stolen := thief.up().Links[0]
	thief.assertServes(stolen, "stolen")

	for range 20 {
		victim.assertServes(link, "one")
	}
	// Where nothing is told to the gateway: it, or the container, is started anew.
	api := victim.engine.Docker.Client()
	for _, id := range []string{victim.engine.Gateway, web.ID} {
		if err := api.ContainerRestart(t.Context(), id, container.StopOptions{}); err != nil {
			t.Fatal(err)
		}
		victim.awaitServes(link, "one")
	}
	if err := api.ContainerStop(t.Context(), web.ID, container.StopOptions{}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if status, body := get(t, link.URL); status != 502 {
			t.Fatalf("of a container that is stopped: %d %q", status, body)
		}
	}
}

// assertFollowed gives the address of the container of web to another one.
func (f *fixture) assertFollowed(link provision.Link) {
	f.t.Helper()
	t := f.t
	api := f.engine.Docker.Client()
	web := f.containerOf("web")
	if err := api.ContainerStop(t.Context(), web.ID, container.StopOptions{}); err != nil {
		t.Fatal(err)
	}
	own := f.options.Preview.ID + "-g1_default"
	was := web.NetworkSettings.Networks[own].IPAddress
	squatter,
		err := api.ContainerCreate(t.Context(),
		&container.Config{Image: imageOfProgram(t), Cmd: []string{"sleep"}}, nil,
		&network.NetworkingConfig{
			EndpointsConfig: map[string]*network.EndpointSettings{own: {IPAMConfig: &network.EndpointIPAMConfig{}}},
		}, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := api.ContainerRemove(t.Context(), squatter.ID,
			container.RemoveOptions{Force: true, RemoveVolumes: true}); err != nil {
			t.Error(err)
		}
	}()
	for _, id := range []string{squatter.ID, web.ID} {
		if err := api.ContainerStart(t.Context(), id, container.StartOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if now := f.containerOf("web").NetworkSettings.Networks[own].IPAddress; now == was {
		t.Fatalf("its address is still %s", now)
	}
	f.awaitServes(link, f.options.Source.Env["GREETING"])
}
