package compose

import (
	"fmt"
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

// DataVolume is the key of the volume that SettleData gives to a service for
// its data: that of the database, or one that is named after the service.
func DataVolume(service string, database bool) string {
	if database {
		return DatabaseVolume
	}
	return "offshoot-data-" + service
}

// SettleData puts the data of the services in images on volumes of the
// generation's own, wherever they keep it: a bind mount or a shared volume
// would bring the developer's own data into the preview, and back. It comes
// after Transform with the same options, when the images are there and say
// where data is. A service that keeps none stays as it is. Like Transform it is
// pure.
func SettleData(p *types.Project, o Options, images map[string]ImageConfig) (*types.Project, []Change, error) {
	own, err := p.WithServicesEnabled()
	if err != nil {
		return nil, nil, fmt.Errorf("settle the data of the compose project: %w", err)
	}
	e := &edit{Project: own, Options: o}
	if e.Volumes == nil {
		e.Volumes = types.Volumes{}
	}
	for _, name := range sorted(images) {
		s, there := e.Services[name]
		place, keeps := DataPlaceOf(s, images[name], name == o.Database)
		if there && keeps {
			settle(e, s, place, images[name])
		}
	}
	return e.Project, e.changes, nil
}

// settle gives one service its volume.
func settle(e *edit, s types.ServiceConfig, place DataPlace, image ImageConfig) {
	database, before := s.Name == e.Database, s.Volumes
	replaced := e.takeMounts(&s, place)
	if !database && len(replaced) == 0 {
		if k, _ := keeperOf(s, image); !k.serves(s) || hasMount(s, place) {
			return
		}
	}
	key := DataVolume(s.Name, database)
	s.Volumes = append(s.Volumes, types.ServiceVolumeConfig{
		Type: types.VolumeTypeVolume, Source: key, Target: place.Mount, Volume: &types.ServiceVolumeVolume{},
	})
	e.Services[s.Name] = s
	e.dropUnmounted(before)
	instead := strings.Join(replaced, " and ")
	if instead == "" {
		instead = "the image's own volume"
	}
	if name, ok := e.ReuseVolumes[key]; ok {
		e.Volumes[key] = types.VolumeConfig{Name: name, External: true}
		e.usual(s.Name, "data in "+place.Mount+" on "+name+", not "+instead, "its data is kept")
		return
	}
	why := "it starts with fresh data"
	e.Volumes[key] = types.VolumeConfig{Name: e.ProjectName() + "_" + key, Labels: labelled(nil, e.Labels)}
	if database {
		why = "the database is filled from the archive"
		if e.DatabaseVolume != "" {
			e.Volumes[key] = types.VolumeConfig{Name: e.DatabaseVolume, External: true}
		}
	}
	tell := e.usual
	if slices.ContainsFunc(before, func(v types.ServiceVolumeConfig) bool {
		return v.Type == types.VolumeTypeBind &&
			!slices.ContainsFunc(s.Volumes,
				func(kept types.ServiceVolumeConfig) bool { return kept.Target == v.Target && kept.Type == v.Type })
	}) {
		tell = e.changed // a folder of the checkout, whose data somebody may look for
	}
	if database || len(replaced) > 0 {
		tell(s.Name, "data in "+place.Mount+" on a volume of its own, not "+instead, why)
	}
}

// takeMounts takes away what is mounted where the data goes, and tells what
// that was. A volume of the file's is a fresh one anyway: another server than
// the database keeps it where it is.
func (e *edit) takeMounts(s *types.ServiceConfig, place DataPlace) (replaced []string) {
	database := s.Name == e.Database
	e.inherit(s, place)
	var kept []types.ServiceVolumeConfig
	for _, v := range s.Volumes {
		if e.staysMounted(v, place, database) {
			kept = append(kept, v)
			continue
		}
		what := strings.TrimSpace(v.Type + " " + rel(e.WorkingDir, v.Source))
		if !slices.Contains(replaced, what) {
			replaced = append(replaced, what)
		}
	}
	s.Volumes = kept
	if !database {
		return replaced // what is in memory is fresh
	}
	s.Tmpfs = slices.DeleteFunc(s.Tmpfs, func(t string) bool {
		at, _, _ := strings.Cut(t, ":")
		if !place.touches(at, true) {
			return false
		}
		if !slices.Contains(replaced, "tmpfs") {
			replaced = append(replaced, "tmpfs")
		}
		return true
	})
	return replaced
}

// inherit makes the mounts that a service has from another one its own, where
// one of them lies where the data goes.
func (e *edit) inherit(s *types.ServiceConfig, place DataPlace) {
	s.VolumesFrom = slices.DeleteFunc(slices.Clone(s.VolumesFrom), func(from string) bool {
		name, _, _ := strings.Cut(from, ":")
		other := e.Services[name]
		if !slices.ContainsFunc(other.Volumes,
			func(v types.ServiceVolumeConfig) bool { return place.touches(v.Target, true) }) {
			return false
		}
		s.Volumes = append(slices.Clone(s.Volumes), other.Volumes...)
		return true
	})
}

func (e *edit) staysMounted(v types.ServiceVolumeConfig, place DataPlace, database bool) bool {
	switch {
	case database:
		return !place.touches(v.Target, !v.ReadOnly)
	case v.Type == types.VolumeTypeBind:
		return v.ReadOnly || !place.touches(v.Target, true)
	case v.Type == types.VolumeTypeVolume:
		// The newer PostgreSQL refuses to start beside a mount at the old place.
		return !place.Postgres || !place.touches(v.Target, !v.ReadOnly) ||
			holds(place.Mount, v.Target) && holds(v.Target, place.Mount)
	}
	return true
}

// touches tells whether a mount at target lies where the data goes: at the
// folder or above it, or inside of it. What is read only is no data where only
// the volume, and not the data's folder, holds it.
func (p DataPlace) touches(target string, writable bool) bool {
	switch {
	case holds(target, p.Mount), p.Data != "" && (holds(target, p.Data) || holds(p.Data, target)):
		return true
	case p.Postgres && slices.Contains(knownDataDirs, path.Clean(target)):
		return true
	}
	return writable && holds(p.Mount, target)
}

// hasMount tells whether anything of the file's is left where the data goes.
func hasMount(s types.ServiceConfig, place DataPlace) bool {
	if slices.ContainsFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool { return place.touches(v.Target, true) }) {
		return true
	}
	return slices.ContainsFunc(s.Tmpfs, func(t string) bool {
		at, _, _ := strings.Cut(t, ":")
		return place.touches(at, true)
	})
}

// dropUnmounted forgets those of the volumes that no service mounts any more:
// they would be made for nothing.
func (e *edit) dropUnmounted(volumes []types.ServiceVolumeConfig) {
	for _, v := range volumes {
		if v.Type == types.VolumeTypeVolume && !mounted(e, v.Source) {
			delete(e.Volumes, v.Source)
		}
	}
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
