package provision

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
)

// describe puts the project of the next generation into the plan.
func (r *run) describe(ctx context.Context, own *types.Project, copies *compose.Copies) {
	pulls := r.pulls(ctx, own)
	for _, name := range own.ServiceNames() {
		s := own.Services[name]
		planned := PlannedService{
			Name: name, Image: s.Image, Once: !slices.Contains(r.started, name),
			Port: r.shown(name),
		}
		if s.Build != nil {
			planned.Build = r.below(s.Build.Context)
		} else if s.Image != "" && s.PullPolicy != types.PullPolicyNever {
			planned.Pull = pulls(s.Image)
		}
		r.plan.Services = append(r.plan.Services, planned)
		r.plan.Mounts = append(r.plan.Mounts, r.mounts(own, withInherited(own, s), copies)...)
	}
	for _, key := range own.NetworkNames() {
		r.plan.Networks = append(r.plan.Networks, own.Networks[key].Name)
	}
	r.describeVolumes(ctx, own, copies)
	r.describeDatabase(own)
	if m := r.options.Migrate; m != nil {
		r.plan.Migrate = &PlannedRun{Service: m.Service, Command: m.Command}
	}
}

// describeVolumes names the volumes that are made when mounts of the checkout
// have become copies.
func (r *run) describeVolumes(ctx context.Context, own *types.Project, plan *compose.Copies) {
	if plan == nil {
		return
	}
	c := &copies{run: r, Copies: plan}
	at := compose.Places{Layers: "/layers", Reuse: r.carried}
	overlay := true // as on most engines
	if r.Docker != nil {
		var err error
		overlay, err = c.canOverlay(ctx)
		r.plan.Add(err)
	}
	if overlay {
		at.Base = "/base"
	}
	placed, err := plan.Place(own, at)
	if r.plan.Add(err) {
		return
	}
	for _, key := range placed.VolumeNames() {
		if v := placed.Volumes[key]; !bool(v.External) || v.Name == r.ownVolume() {
			r.plan.Volumes = append(r.plan.Volumes, v.Name)
		}
	}
	folders := len(plan.Copied(true))
	if folders+len(plan.Copied(false)) > 0 {
		r.plan.Volumes = append(r.plan.Volumes, own.Name+layersVolume)
	}
	if folders > 0 && overlay {
		r.plan.Volumes = append(r.plan.Volumes, own.Name+baseVolume)
	}
}

// withInherited is a service with what it mounts of others, by volumes_from:
// at a place of its own it mounts its own.
func withInherited(own *types.Project, s types.ServiceConfig) types.ServiceConfig {
	s.Volumes = slices.Clone(s.Volumes)
	seen := []string{s.Name}
	for from := s.VolumesFrom; len(from) > 0; from = from[1:] {
		name, mode, _ := strings.Cut(from[0], ":")
		other, known := own.Services[name]
		if !known || slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		for _, v := range other.Volumes {
			if !slices.ContainsFunc(s.Volumes, func(o types.ServiceVolumeConfig) bool { return o.Target == v.Target }) {
				v.ReadOnly = v.ReadOnly || mode == "ro"
				s.Volumes = append(s.Volumes, v)
			}
		}
		from = slices.Concat(from, other.VolumesFrom)
	}
	return s
}

// pulls tells how an image gets onto the machine.
func (r *run) pulls(ctx context.Context, own *types.Project) func(image string) string {
	if r.Docker == nil {
		return func(string) string { return PullUnknown }
	}
	missing, err := compose.NewStack(r.Docker, own, nil).Missing(ctx)
	if r.plan.Add(err) {
		return func(string) string { return PullUnknown }
	}
	return func(image string) string {
		if _, wanted := missing[image]; wanted {
			return PullMissing
		}
		return PullDone
	}
}

func (r *run) shown(service string) int {
	for _, p := range r.next.Expose {
		if p.Service == service {
			return p.Number
		}
	}
	return 0
}

// mounts are what a service gets to see, its own volumes last.
func (r *run) mounts(own *types.Project, s types.ServiceConfig, copies *compose.Copies) []PlannedMount {
	var mounts []PlannedMount
	for _, v := range s.Volumes {
		source := v.Source
		if bound := compose.BindSource(own, v); bound != "" {
			source = r.below(bound)
		}
		mounts = append(mounts,
			PlannedMount{
				Service: s.Name, Type: v.Type, Source: source, Target: v.Target, ReadOnly: v.ReadOnly,
				Given: copies.GivenFor(own, v),
			})
	}
	for _, c := range s.Configs {
		mounts = append(mounts, r.given(s.Name, "config", c.Source, c.Target, own.Configs[c.Source].File, "/"))
	}
	for _, c := range s.Secrets {
		mounts = append(mounts,
			r.given(s.Name, "secret", c.Source, c.Target, own.Secrets[c.Source].File, "/run/secrets/"))
	}
	return mounts
}

// given is a secret or a config, from a file where it has one.
func (r *run) given(service, kind, name, target, file, folder string) PlannedMount {
	m := PlannedMount{Service: service, Type: kind, Source: name, Target: target, ReadOnly: true}
	if file != "" {
		m.Source = r.below(file)
	}
	if !filepath.IsAbs(m.Target) {
		m.Target = folder + cmp.Or(m.Target, name)
	}
	return m
}

func (r *run) describeDatabase(own *types.Project) {
	s, known := own.Services[r.next.Database]
	if !known {
		return
	}
	d := &PlannedDatabase{Service: s.Name, Name: r.firstDatabase(own), Data: DataScripts}
	for _, v := range s.Volumes {
		if v.Source == compose.DatabaseVolume {
			d.Folder = v.Target
		}
	}
	switch {
	case r.options.KeepData && (r.serving.Number > 0 || r.Docker == nil):
		d.Data = DataKept
	case r.options.Archive != "" && !r.options.KeepData:
		d.Data = DataArchive
	}
	r.plan.Database = d
}

// below names a path of the checkout as the compose file may have.
func (r *run) below(path string) string {
	root, err := filepath.Abs(r.options.Source.Dir)
	if err != nil {
		return path
	}
	inside, err := filepath.Rel(root, path)
	if err != nil || !filepath.IsLocal(inside) {
		return path
	}
	return inside
}

// format says in words what is in an archive, and how it is compressed.
func (a *archive) format() (string, error) {
	if a.Custom {
		return "pg_dump's, for pg_restore", nil
	}
	file, err := os.Open(a.Path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	head := make([]byte, 4)
	if _, err := io.ReadFull(file, head); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "SQL script, zstd", nil
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return "SQL script, gzip", nil
	}
	return "SQL script", nil
}
