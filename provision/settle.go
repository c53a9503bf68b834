package provision

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// settleDatabase puts the data of the database, and of whatever else looks like
// one, on volumes of the generation's own, where their images keep it. The
// images have to be there for that: those that are not yet are settled when it
// is called again, and those that are settled stay as they are. Data to be kept
// that a new image would not find is refused, before anything is stopped.
func (h *shape) settleDatabase(ctx context.Context) error {
	h.shaping.Lock()
	defer h.shaping.Unlock()
	images, err := h.unsettled(ctx)
	if err != nil || len(images) == 0 {
		return err
	}
	own, changes, err := compose.SettleData(h.stack.Load().Project(), h.transform, images)
	if err != nil {
		return err
	}
	for service, image := range images {
		if err := h.checkKept(ctx, service, image); err != nil {
			return err
		}
		h.settled[service] = true
	}
	h.unmounted = append(h.unmounted, compose.Unmounted(h.stack.Load().Project(), own)...)
	h.stack.Store(h.stack.Load().With(labelVolumes(own, h.next.Number)))
	h.result.Changes = append(h.result.Changes, changes...)
	h.tellNotKept(images)
	return nil
}

// unsettled are the images that have come since the last time.
func (h *shape) unsettled(ctx context.Context) (map[string]compose.ImageConfig, error) {
	if h.settled == nil {
		h.settled = map[string]bool{}
	}
	project, images := h.stack.Load().Project(), map[string]compose.ImageConfig{}
	for _, name := range project.ServiceNames() {
		if h.settled[name] {
			continue
		}
		image, there, err := h.Docker.ImageConfig(ctx, project.Services[name].Image)
		if err != nil {
			return nil, fmt.Errorf("data of %s: %w", name, err)
		}
		if there {
			images[name] = image
		}
	}
	return images, nil
}

// tellNotKept names the databases beside the first one whose data was not on a
// volume that could be kept.
func (h *shape) tellNotKept(images map[string]compose.ImageConfig) {
	if h.carried == nil {
		return
	}
	project := h.stack.Load().Project()
	for _, service := range project.ServiceNames() {
		key := compose.DataVolume(service, false)
		_, settled := images[service]
		_, has := project.Volumes[key]
		if _, kept := h.carried[key]; settled && has && !kept {
			h.notice("the data of %s is not kept: what serves has it on no volume of its own", service)
		}
	}
}

// checkKept refuses to give a server a volume in which it would not find the
// data that is to be kept: it would make new ones, and nobody would know.
func (h *shape) checkKept(ctx context.Context, service string, image compose.ImageConfig) error {
	database := service == h.next.Database
	volume, kept := h.carried[compose.DataVolume(service, database)]
	place, keeps := compose.DataPlaceOf(h.stack.Load().Project().Services[service], image, database)
	if !kept || !keeps {
		return nil
	}
	old, at, err := h.mountOf(ctx, service, volume)
	if err != nil {
		return err
	}
	advice := "run offshoot up without --keep-data"
	if !place.Postgres || place.Data == "" {
		if path.Clean(at) != path.Clean(place.Mount) {
			return hint.Wrap(fmt.Errorf("the data of %s to keep was in %s, and its image has them in %s now", service,
				printable(at), printable(place.Mount)), "%s", advice)
		}
		return nil
	}
	below, err := filepath.Rel(place.Mount, place.Data)
	if err != nil {
		return fmt.Errorf("data of %s: %w", service, err)
	}
	version, err := h.readVersion(ctx, old.ID, path.Join(at, filepath.ToSlash(below), "PG_VERSION"))
	if err != nil {
		return err
	}
	if version == "" {
		return hint.Wrap(fmt.Errorf("the data of %s to keep is not where it would be read: its volume has no "+
			"database in %s", service, printable(place.Data)),
			"%s, or let PGDATA and the image be what they were", advice)
	}
	was, now := environmentOf(old.Config)["PG_MAJOR"], image.Env["PG_MAJOR"]
	if now != "" && was != now && version != now {
		return hint.Wrap(fmt.Errorf("the data of %s to keep is PostgreSQL %s's, and its image is %s now", service,
			printable(version), printable(now)), "%s", advice)
	}
	return nil
}

// mountOf finds the container of what serves that has a service's volume, and
// where.
func (h *shape) mountOf(ctx context.Context, service, volume string) (container.InspectResponse, string, error) {
	s, err := look(ctx, h.Docker.Client(), h.serving.Preview.ID)
	if err != nil {
		return container.InspectResponse{}, "", err
	}
	for _, c := range s.containersOf(h.serving.Preview.ID, h.serving.Number) {
		if c.service() != service || !slices.Contains(c.Volumes, volume) {
			continue
		}
		found, err := h.Docker.Client().ContainerInspect(ctx, c.ID)
		if err != nil {
			return found, "", fmt.Errorf("data of %s: %w", service, err)
		}
		for _, m := range found.Mounts {
			if m.Type == mount.TypeVolume && m.Name == volume {
				return found, m.Destination, nil
			}
		}
	}
	return container.InspectResponse{}, "",
		hint.Wrap(fmt.Errorf("the data of %s to keep is that of another service", service),
			"run offshoot up without --keep-data")
}

// readVersion reads the file that PostgreSQL has in every data folder, out of a
// container that may have stopped; empty: there is none.
func (h *shape) readVersion(ctx context.Context, id, name string) (string, error) {
	content, _, err := h.Docker.Client().CopyFromContainer(ctx, id, name)
	if notFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for the data to keep: %w", err)
	}
	defer content.Close()
	files := tar.NewReader(content)
	header, err := files.Next()
	if err != nil || header.Typeflag != tar.TypeReg {
		return "", nil
	}
	version, err := io.ReadAll(io.LimitReader(files, 16))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", fmt.Errorf("look for the data to keep: %w", err)
	}
	return strings.TrimSpace(string(version)), nil
}

func environmentOf(c *container.Config) map[string]string {
	env := map[string]string{}
	if c == nil {
		return env
	}
	for _, variable := range c.Env {
		name, value, _ := strings.Cut(variable, "=")
		env[name] = value
	}
	return env
}
