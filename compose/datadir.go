package compose

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"
)

// ImageConfig is what an image says about where a server keeps its data.
type ImageConfig struct {
	Env     map[string]string
	Volumes []string // in order
}

// ImageConfig reads an image, which is there or not.
func (e *Engine) ImageConfig(ctx context.Context, ref string) (image ImageConfig, there bool, err error) {
	found, err := e.Client().ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) || ref == "" {
		return ImageConfig{}, false, nil
	}
	if err != nil {
		return ImageConfig{}, false, fmt.Errorf("inspect %s: %w", ref, err)
	}
	if found.Config == nil {
		return ImageConfig{}, true, nil
	}
	image = ImageConfig{Env: map[string]string{}, Volumes: sorted(found.Config.Volumes)}
	for _, variable := range found.Config.Env {
		name, value, _ := strings.Cut(variable, "=")
		image.Env[name] = value
	}
	return image, true, nil
}

// A DataPlace is where a server's data is.
type DataPlace struct {
	Mount string // where its volume belongs
	// Data is the folder with the data, the volume's own or one below; empty:
	// it cannot be told.
	Data string
	// Postgres says that this is a PostgreSQL server.
	Postgres bool
}

// DataPlaceOf tells where a service that keeps data has it, by its own words,
// by what its image says, and in the end by what the image is known for. Ok is
// false for one that keeps none that we know of. The database service is
// PostgreSQL whatever it looks like.
func DataPlaceOf(s types.ServiceConfig, image ImageConfig, database bool) (place DataPlace, ok bool) {
	if database {
		return postgresPlace(s, image), true
	}
	k, ok := keeperOf(s, image)
	switch {
	case !ok:
		return DataPlace{}, false
	case k.name == keepers[0].name:
		return postgresPlace(s, image), true
	}
	dir := k.moved(s, image)
	if dir == "" {
		dir = k.home(s, image)
	}
	return DataPlace{Mount: within(image, dir), Data: dir}, true
}

// home is the folder that the image has a volume for, among those where images
// of this kind keep data.
func (k keeper) home(s types.ServiceConfig, image ImageConfig) string {
	for _, dir := range k.homes {
		if slices.ContainsFunc(image.Volumes, func(v string) bool { return holds(v, dir) }) {
			return dir
		}
	}
	name, _ := splitImage(s.Image)
	maker := path.Base(name) // of several kinds of images with the same server: opensearch, mariadb
	for _, dir := range k.homes {
		if isBitnami(name) == strings.HasPrefix(dir, "/bitnami/") && strings.Contains(dir, maker) {
			return dir
		}
	}
	return k.homes[0]
}

// postgresPlace is that of a PostgreSQL server. A volume belongs where the
// image has its own, if that holds the data: since 18 the official image keeps
// them in a folder of the version under /var/lib/postgresql, and refuses to
// start where something is mounted at the old place.
// https://github.com/docker-library/postgres/pull/1259
func postgresPlace(s types.ServiceConfig, image ImageConfig) DataPlace {
	if dir := keepers[0].moved(s, image); dir != "" {
		return DataPlace{Mount: within(image, dir), Data: dir, Postgres: true}
	}
	name, tag := splitImage(s.Image)
	if mount := postgresVolume(image); mount != "" {
		data := ""
		switch mount {
		case "/bitnami/postgresql":
			data = "/bitnami/postgresql/data"
		case "/var/lib/postgresql/data":
			data = mount
		}
		return DataPlace{Mount: mount, Data: data, Postgres: true}
	}
	place := DataPlace{Mount: "/var/lib/postgresql/data", Data: "/var/lib/postgresql/data", Postgres: true}
	switch {
	case isBitnami(name):
		place.Mount, place.Data = "/bitnami/postgresql", "/bitnami/postgresql/data"
	case path.Base(name) == "timescaledb-ha":
		place.Mount = "/home/postgres/pgdata/data"
		place.Data = place.Mount
	case major(tag) >= 18:
		place.Mount = "/var/lib/postgresql"
		place.Data = fmt.Sprintf("/var/lib/postgresql/%d/docker", major(tag))
	}
	return place
}

// postgresVolume is the image's own volume that is likeliest for the data. An
// image may have others, for its sockets or its scripts.
func postgresVolume(image ImageConfig) string {
	for _, dir := range keepers[0].homes {
		for _, v := range image.Volumes {
			if holds(v, dir) {
				return v
			}
		}
	}
	for _, word := range []string{"pgdata", "postgres", "data"} {
		for _, v := range image.Volumes {
			if strings.Contains(v, word) && !strings.Contains(v, "initdb") && !strings.HasPrefix(v, "/var/run") &&
				!strings.HasPrefix(v, "/run") {
				return v
			}
		}
	}
	if len(image.Volumes) > 0 {
		return image.Volumes[0]
	}
	return ""
}

func isBitnami(name string) bool {
	return strings.HasPrefix(name, "bitnami/") || strings.HasPrefix(name, "bitnamilegacy/") ||
		strings.HasPrefix(name, "bitnamisecure/")
}

// within is the image's volume that holds dir, else dir itself.
func within(image ImageConfig, dir string) string {
	for _, v := range image.Volumes {
		if holds(v, dir) {
			return path.Clean(v)
		}
	}
	return dir
}
