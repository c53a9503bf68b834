package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/offshoot-dev/offshoot/compose"
)

// missing skips a test on a laptop, and fails it where everything has to be.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// connected is the engine of all tests, as they look at what is on it.
var connected struct {
	once sync.Once
	api  client.APIClient
	err  error
}

func engine(t *testing.T) client.APIClient {
	t.Helper()
	connected.once.Do(func() {
		engine, err := compose.Connect(context.Background())
		if err == nil {
			connected.api = engine.Client()
		}
		connected.err = err
	})
	if connected.err != nil {
		missing(t, "no docker engine: %v", connected.err)
	}
	return connected.api
}

func needEngine(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a docker engine")
	}
	if _, err := engine(t).ImageInspect(context.Background(), postgresImage); err != nil {
		missing(t, "no image %s: run testdata/machine/postgres-image", postgresImage)
	}
}

// ours lists what the engine holds of the project in dir, by labels.
func ours(t *testing.T, dir string) []string {
	t.Helper()
	return labelled(t, "dev.offshoot.repository="+dir)
}

// labelled lists what bears a label on the engine.
func labelled(t *testing.T, label string) []string {
	t.Helper()
	var found []string
	for _, c := range containers(t, label) {
		found = append(found, "container-"+strings.TrimPrefix(c.Names[0], "/"))
	}
	by := filters.NewArgs(filters.Arg("label", label))
	networks, err := engine(t).NetworkList(context.Background(), network.ListOptions{Filters: by})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range networks {
		found = append(found, "network-"+n.Name)
	}
	volumes, err := engine(t).VolumeList(context.Background(), volume.ListOptions{Filters: by})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range volumes.Volumes {
		found = append(found, "volume-"+v.Name)
	}
	images, err := engine(t).ImageList(context.Background(), image.ListOptions{All: true, Filters: by})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range images {
		found = append(found, "image-"+strings.Join(append(i.RepoTags, i.ID), " "))
	}
	slices.Sort(found)
	return found
}

// containers lists those that bear all of the labels.
func containers(t *testing.T, labels ...string) []container.Summary {
	t.Helper()
	by := filters.NewArgs()
	for _, label := range labels {
		by.Add("label", label)
	}
	found, err := engine(t).ContainerList(context.Background(), container.ListOptions{All: true, Filters: by})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
