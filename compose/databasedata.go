package compose

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/distribution/reference"
)

// knownDataDirs are where files mount the data of the official image, old and
// new. A mount that is left there makes the newer image refuse to start.
var knownDataDirs = []string{"/var/lib/postgresql", "/var/lib/postgresql/data"}

// databaseData puts the data directory of the database on a fresh volume,
// whatever the file mounts there: a bind mount or a shared volume would bring
// the developer's own data into the preview, and back.
func databaseData(e *edit) {
	s, ok := e.Services[e.Database]
	if e.Database == "" || !ok {
		return
	}
	dir := e.DataDir
	if dir == "" {
		dir = dataDir(s, nil)
	}
	replaced := "the image's own volume"
	var kept, dropped []types.ServiceVolumeConfig
	for _, v := range s.Volumes {
		if !holds(v.Target, dir) && !slices.Contains(knownDataDirs, v.Target) {
			kept = append(kept, v)
			continue
		}
		replaced = strings.TrimSpace(v.Type + " " + rel(e.WorkingDir, v.Source))
		dropped = append(dropped, v)
	}
	s.Tmpfs = slices.DeleteFunc(s.Tmpfs, func(t string) bool {
		at, _, _ := strings.Cut(t, ":")
		if !holds(at, dir) {
			return false
		}
		replaced = "tmpfs"
		return true
	})
	s.Volumes = append(kept, types.ServiceVolumeConfig{
		Type: types.VolumeTypeVolume, Source: DatabaseVolume, Target: dir, Volume: &types.ServiceVolumeVolume{},
	})
	e.Services[e.Database] = s
	for _, v := range dropped {
		if v.Type == types.VolumeTypeVolume && !mounted(e, v.Source) {
			delete(e.Volumes, v.Source)
		}
	}
	if e.Volumes == nil {
		e.Volumes = types.Volumes{}
	}
	if name, ok := e.ReuseVolumes[DatabaseVolume]; ok {
		e.Volumes[DatabaseVolume] = types.VolumeConfig{Name: name, External: true}
		e.usual(s.Name, "data in "+dir+" on "+name+", not "+replaced, "its data is kept")
		return
	}
	e.Volumes[DatabaseVolume] = types.VolumeConfig{Name: e.ProjectName() + "_" + DatabaseVolume}
	if e.DatabaseVolume != "" {
		e.Volumes[DatabaseVolume] = types.VolumeConfig{Name: e.DatabaseVolume, External: true}
	}
	tell := e.usual
	if slices.ContainsFunc(dropped, func(v types.ServiceVolumeConfig) bool { return v.Type == types.VolumeTypeBind }) {
		tell = e.changed // a folder of the checkout, whose data somebody may look for
	}
	tell(s.Name, "data in "+dir+" on a volume of its own, not "+replaced, "the database is filled from the archive")
}

// mounted tells whether any service still mounts the named volume.
func mounted(e *edit, volume string) bool {
	for _, s := range e.Services {
		for _, v := range s.Volumes {
			if v.Type == types.VolumeTypeVolume && v.Source == volume {
				return true
			}
		}
	}
	return false
}

// holds tells whether a mount at target contains dir.
func holds(target, dir string) bool {
	target, dir = path.Clean(target), path.Clean(dir)
	return target != "/" && (target == dir || strings.HasPrefix(dir, target+"/"))
}

// dataDir is where a service's data has to be mounted: what its PGDATA or the
// image's says, the image's own volume where that holds it, else what the
// image is known for. Since 18 the official image keeps its data in a folder of
// the version under /var/lib/postgresql:
// https://github.com/docker-library/postgres/pull/1259
func dataDir(s types.ServiceConfig, image *imageConfig) string {
	if v := s.Environment["PGDATA"]; v != nil && *v != "" {
		return within(image, *v)
	}
	if image != nil {
		if image.pgdata != "" {
			return within(image, image.pgdata)
		}
		if len(image.volumes) > 0 {
			return image.volumes[0]
		}
	}
	name, tag := splitImage(s.Image)
	switch {
	case strings.HasPrefix(name, "bitnami/") || strings.HasPrefix(name, "bitnamilegacy/"):
		return "/bitnami/postgresql"
	case path.Base(name) == "timescaledb-ha":
		return "/home/postgres/pgdata/data"
	case major(tag) >= 18:
		return "/var/lib/postgresql"
	}
	return "/var/lib/postgresql/data"
}

type imageConfig struct {
	pgdata  string
	volumes []string
}

func within(image *imageConfig, dir string) string {
	if image != nil {
		for _, v := range image.volumes {
			if holds(v, dir) {
				return v
			}
		}
	}
	return dir
}

// splitImage gives the name without registry or library/, and the tag.
func splitImage(image string) (name, tag string) {
	ref, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return image, ""
	}
	if tagged, ok := ref.(reference.Tagged); ok {
		tag = tagged.Tag()
	}
	return strings.TrimPrefix(reference.Path(ref), "library/"), tag
}

// major is the version that a tag such as 16.3-alpine or pg17 starts with.
func major(tag string) int {
	digits := strings.TrimPrefix(tag, "pg")
	end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		digits = digits[:end]
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}
