package compose

import (
	"fmt"

	"github.com/compose-spec/compose-go/v2/types"
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
		name := fmt.Sprintf("offshoot/%s-%s:g%d", e.Preview, s.Name, e.Generation)
		if s.Image != "" {
			built[s.Image] = name
		}
		built[e.Name+"-"+s.Name] = name
		s.Image, s.PullPolicy = name, ""
		s.Build.Tags = nil
		s.Build.Labels = labelled(s.Build.Labels, e.Labels).Add(api.ProjectLabel, e.ProjectName())
		e.changed(s.Name, "builds "+name, "the image goes when the preview goes")
	})
	e.each(func(s *types.ServiceConfig) {
		name, ok := built[s.Image]
		if s.Build != nil || !ok {
			return
		}
		e.changed(s.Name, "image "+s.Image+" is "+name, "another service builds it")
		s.Image, s.PullPolicy = name, types.PullPolicyNever
	})
}
