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
func (p *planning) describe(ctx context.Context, own *types.Project, copies *compose.Copies) {
	pulls := p.pulls(ctx, own)
	for _, name := range own.ServiceNames() {
		s := own.Services[name]
		planned := PlannedService{
			Name: name, Image: s.Image, Once: !slices.Contains(p.started, name),
			Port: p.shown(name),
		}
		if s.Build != nil {
			planned.Build = p.below(s.Build.Context)
		} else if s.Image != "" && s.PullPolicy != types.PullPolicyNever {
			planned.Pull = pulls(s.Image)
		}
		p.plan.Services = append(p.plan.Services, planned)
		p.plan.Mounts = append(p.plan.Mounts, p.mounts(own, withInherited(own, s), copies)...)
	}
	for _, key := range own.NetworkNames() {
		p.plan.Networks = append(p.plan.Networks, own.Networks[key].Name)
	}
	p.describeVolumes(ctx, own, copies)
	p.describeDatabase(own)
	if m := p.options.Migrate; m != nil {
		p.plan.Migrate = &PlannedRun{Service: m.Service, Command: m.Command}
	}
}

// describeVolumes names the volumes that are made when mounts of the checkout
// have become copies.
func (p *planning) describeVolumes(ctx context.Context, own *types.Project, plan *compose.Copies) {
	if plan == nil {
		return
	}
	c := &copies{shape: &p.shape, Copies: plan}
	at := compose.Places{Layers: "/layers", Reuse: p.carried}
	overlay := true // as on most engines
	if p.Docker != nil {
		var err error
		overlay, err = c.canOverlay(ctx)
		p.plan.Add(err)
	}
	if overlay {
		at.Base = "/base"
	}
	placed, err := plan.Place(own, at)
	if p.plan.Add(err) {
		return
	}
	for _, key := range placed.VolumeNames() {
		if v := placed.Volumes[key]; !bool(v.External) || v.Name == p.ownVolume() {
			p.plan.Volumes = append(p.plan.Volumes, v.Name)
		}
	}
	folders := len(plan.Copied(true))
	if folders+len(plan.Copied(false)) > 0 {
		p.plan.Volumes = append(p.plan.Volumes, own.Name+layersVolume)
	}
	if folders > 0 && overlay {
		p.plan.Volumes = append(p.plan.Volumes, own.Name+baseVolume)
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
func (p *planning) pulls(ctx context.Context, own *types.Project) func(image string) string {
	if p.Docker == nil {
		return func(string) string { return PullUnknown }
	}
	missing, err := compose.NewStack(p.Docker, own, nil).Missing(ctx)
	if p.plan.Add(err) {
		return func(string) string { return PullUnknown }
	}
	return func(image string) string {
		if _, wanted := missing[image]; wanted {
			return PullMissing
		}
		return PullDone
	}
}

func (p *planning) shown(service string) int {
	for _, exposed := range p.next.Expose {
		if exposed.Service == service {
			return exposed.Number
		}
	}
	return 0
}

// mounts are what a service gets to see, its own volumes last.
func (p *planning) mounts(own *types.Project, s types.ServiceConfig, copies *compose.Copies) []PlannedMount {
	var mounts []PlannedMount
	for _, v := range s.Volumes {
		source := v.Source
		if bound := compose.BindSource(own, v); bound != "" {
			source = p.below(bound)
		}
		mounts = append(mounts,
			PlannedMount{
				Service: s.Name, Type: v.Type, Source: source, Target: v.Target, ReadOnly: v.ReadOnly,
				Given: copies.GivenFor(own, v),
			})
	}
	for _, c := range s.Configs {
		mounts = append(mounts, p.given(s.Name, "config", c.Source, c.Target, own.Configs[c.Source].File, "/"))
	}
	for _, c := range s.Secrets {
		mounts = append(mounts,
			p.given(s.Name, "secret", c.Source, c.Target, own.Secrets[c.Source].File, "/run/secrets/"))
	}
	return mounts
}

// given is a secret or a config, from a file where it has one.
func (p *planning) given(service, kind, name, target, file, folder string) PlannedMount {
	m := PlannedMount{Service: service, Type: kind, Source: name, Target: target, ReadOnly: true}
	if file != "" {
		m.Source = p.below(file)
	}
	if !filepath.IsAbs(m.Target) {
		m.Target = folder + cmp.Or(m.Target, name)
	}
	return m
}

func (p *planning) describeDatabase(own *types.Project) {
	s, known := own.Services[p.next.Database]
	if !known {
		return
	}
	d := &PlannedDatabase{Service: s.Name, Name: p.firstDatabase(own), Data: DataScripts}
	for _, v := range s.Volumes {
		if v.Source == compose.DatabaseVolume {
			d.Folder = v.Target
		}
	}
	switch {
	case p.options.KeepData && (p.serving.Number > 0 || p.Docker == nil):
		d.Data = DataKept
	case p.options.Archive != "" && !p.options.KeepData:
		d.Data = DataArchive
	}
	p.plan.Database = d
}

// below names a path of the checkout as the compose file may have.
func (p *planning) below(path string) string {
	root, err := filepath.Abs(p.options.Source.Dir)
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
