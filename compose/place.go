package compose

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// Places say where the copies are on the engine's computer, in folders that no
// container and nobody but root there can write. Parts are named by their
// numbers.
type Places struct {
	// Base holds the folders as they are in the checkout. It is never written:
	// what a generation changes lies over it, in Layers. Empty: the folders in
	// Layers are whole.
	Base string
	// Layers holds what is the generation's own: of each folder upper and work,
	// and each file.
	Layers string
	// Labels go on the volumes.
	Labels map[string]string
	// Reuse maps keys of volumes to existing ones.
	Reuse map[string]string
}

// Upper and Work are the folders in Layers that an overlay of a part is made
// with. https://docs.kernel.org/filesystems/overlayfs.html
func Upper(part int) string { return strconv.Itoa(part) + "/upper" }

// Work is the second of them.
func Work(part int) string { return strconv.Itoa(part) + "/work" }

// Place makes a project mount copies in place of the checkout. It is pure.
func (c *Copies) Place(p *types.Project, at Places) (*types.Project, error) {
	own, err := p.WithServicesEnabled()
	if err != nil {
		return nil, fmt.Errorf("place copies: %w", err)
	}
	pl := &placing{Copies: c, project: own, at: at, number: map[string]int{}}
	for i, part := range c.Parts {
		pl.number[part.Path] = i
	}
	if own.Volumes == nil {
		own.Volumes = types.Volumes{}
	}
	for _, name := range own.ServiceNames() {
		s := own.Services[name]
		pl.mounts(&s)
		pl.objects(&s)
		own.Services[name] = s
	}
	pl.dropUnused(p)
	return own, nil
}

type placing struct {
	*Copies
	project *types.Project
	at      Places
	number  map[string]int // of a part, by its path
}

// mounts replaces the mounts of one service.
func (pl *placing) mounts(s *types.ServiceConfig) {
	before := s.Volumes
	s.Volumes = nil
	for _, v := range before {
		name, ok := pl.mounted(pl.project, v)
		i, known := pl.number[name]
		if !ok || !known {
			s.Volumes = append(s.Volumes, v)
			continue
		}
		s.Volumes = append(s.Volumes, pl.mount(pl.Parts[i], v.Target, v.ReadOnly))
		s.Volumes = append(s.Volumes, pl.within(s, before, pl.Parts[i], v)...)
	}
}

// within mounts the parts that lie in a folder at their places in it, but for
// those that a mount of the service's own covers.
func (pl *placing) within(
	s *types.ServiceConfig, all []types.ServiceVolumeConfig, outer Part, v types.ServiceVolumeConfig,
) []types.ServiceVolumeConfig {
	var more []types.ServiceVolumeConfig
	if !outer.Folder {
		return nil
	}
	for _, part := range pl.inner(outer.Path) {
		target := path.Join(v.Target, relativeTo(outer.Path, part.Path))
		covered := func(other types.ServiceVolumeConfig) bool {
			return other.Target != v.Target && holds(other.Target, target) && holds(v.Target, other.Target)
		}
		onTmpfs := func(t string) bool {
			at, _, _ := strings.Cut(t, ":")
			return holds(at, target) && holds(v.Target, at)
		}
		if !slices.ContainsFunc(all, covered) && !slices.ContainsFunc(s.Tmpfs, onTmpfs) {
			more = append(more, pl.mount(part, target, v.ReadOnly))
		}
	}
	return more
}

// mount mounts one part. A volume takes nothing from the image, as a bind mount
// does not.
func (pl *placing) mount(part Part, target string, readOnly bool) types.ServiceVolumeConfig {
	number := pl.number[part.Path]
	bind := func(source string) types.ServiceVolumeConfig {
		return types.ServiceVolumeConfig{
			Type: types.VolumeTypeBind, Source: source, Target: target, ReadOnly: readOnly,
			Bind: &types.ServiceVolumeBind{CreateHostPath: false},
		}
	}
	switch {
	case part.Given == MountShared:
		return bind(path.Join(pl.Root, part.Path))
	case part.Given == MountCopy && (!part.Folder || pl.at.Base == ""):
		return bind(path.Join(pl.at.Layers, strconv.Itoa(number)))
	}
	key := FilesVolume + strconv.Itoa(number)
	if part.Given == MountEmpty {
		sum := sha256.Sum256([]byte(part.Path))
		key = EmptyVolume + hex.EncodeToString(sum[:4])
	}
	pl.project.Volumes[key] = pl.volume(key, part, number)
	return types.ServiceVolumeConfig{
		Type: types.VolumeTypeVolume, Source: key, Target: target, ReadOnly: readOnly,
		Volume: &types.ServiceVolumeVolume{NoCopy: true},
	}
}

func (pl *placing) volume(key string, part Part, number int) types.VolumeConfig {
	if name, ok := pl.at.Reuse[key]; ok {
		return types.VolumeConfig{Name: name, External: true}
	}
	v := types.VolumeConfig{Name: pl.project.Name + "_" + key, Labels: maps.Clone(pl.at.Labels)}
	if part.Given == MountEmpty {
		return v
	}
	v.Driver = "local"
	v.DriverOpts = map[string]string{
		"type": "overlay", "device": "overlay",
		"o": fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", path.Join(pl.at.Base, strconv.Itoa(number)),
			path.Join(pl.at.Layers, Upper(number)), path.Join(pl.at.Layers, Work(number))),
	}
	return v
}

// objects lets the secrets and configs of a service be copies too. The project
// keeps those that builds read.
func (pl *placing) objects(s *types.ServiceConfig) {
	for i, o := range s.Secrets {
		if file, ok := pl.copyOf(pl.project.Secrets[o.Source].File); ok {
			key := "offshoot-file-" + o.Source
			object := pl.project.Secrets[o.Source]
			object.File = file
			pl.project.Secrets[key] = object
			s.Secrets[i] = types.ServiceSecretConfig(placed(types.FileReferenceConfig(o), key))
		}
	}
	for i, o := range s.Configs {
		if file, ok := pl.copyOf(pl.project.Configs[o.Source].File); ok {
			key := "offshoot-file-" + o.Source
			object := pl.project.Configs[o.Source]
			object.File = file
			pl.project.Configs[key] = object
			s.Configs[i] = types.ServiceConfigObjConfig(placed(types.FileReferenceConfig(o), key))
		}
	}
}

// placed keeps the target that a reference without one has by its name.
func placed(o types.FileReferenceConfig, key string) types.FileReferenceConfig {
	if o.Target == "" {
		o.Target = o.Source
	}
	o.Source = key
	return o
}

func (pl *placing) copyOf(file string) (string, bool) {
	if file == "" {
		return "", false
	}
	name, inside := pl.Copies.within(file)
	number, known := pl.number[name]
	if !inside || !known || pl.Parts[number].Given != MountCopy {
		return "", false
	}
	return path.Join(pl.at.Layers, strconv.Itoa(number)), true
}

// dropUnused takes out volumes that were bind mounts by another name, and are
// mounted no more.
func (pl *placing) dropUnused(before *types.Project) {
	for key := range before.Volumes {
		v := types.ServiceVolumeConfig{Type: types.VolumeTypeVolume, Source: key}
		if BindSource(before, v) != "" && !mounted(&edit{Project: pl.project}, key) {
			delete(pl.project.Volumes, key)
		}
	}
}
