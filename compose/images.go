package compose

import (
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/distribution/reference"
	"github.com/docker/compose/v5/pkg/api"
)

// images names built images after the preview and its generation, also for
// services that only use an image another one builds.
func images(e *edit) {
	built := map[string]string{}
	e.each(func(s *types.ServiceConfig) {
		if s.Build == nil {
			return
		}
		name := imageName(e.Options, s.Name)
		if s.Image != "" {
			built[s.Image] = name
		}
		built[e.Name+"-"+s.Name] = name
		s.Image, s.PullPolicy = name, ""
		s.Build.Tags = nil
		s.Build.Labels = labelled(s.Build.Labels, e.Labels).Add(api.ProjectLabel, e.ProjectName())
		e.usual(s.Name, "builds "+name, "the image goes when the preview goes")
	})
	e.each(func(s *types.ServiceConfig) {
		s.Volumes = slices.Clone(s.Volumes)
		for i, v := range s.Volumes {
			if v.Type == types.VolumeTypeImage {
				s.Volumes[i].Source = byName(v.Source)
			}
		}
		name, ok := built[s.Image]
		if s.Build != nil || !ok {
			s.Image = byName(s.Image)
			return
		}
		e.usual(s.Name, "image "+s.Image+" is "+name, "another service builds it")
		s.Image, s.PullPolicy = name, types.PullPolicyNever
	})
}

// imageName is of the form offshoot/pr-12/web:g1. A service may be called what
// no image may, such as Web or web_.
func imageName(o Options, service string) string {
	name := func(last string) string {
		return fmt.Sprintf("%s%s/%s:g%d", imagePrefix, o.Preview, last, o.Generation)
	}
	if _, err := reference.ParseNormalizedNamed(name(service)); err != nil {
		return name(fmt.Sprintf("service-%08x", crc32.ChecksumIEEE([]byte(service))))
	}
	return name(service)
}
