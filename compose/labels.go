package compose

import (
	"maps"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// labels marks all that the stack makes, so that it is found again. Images got
// theirs with their names.
func labels(e *edit) {
	e.each(func(s *types.ServiceConfig) {
		s.Labels = labelled(s.Labels, e.Labels)
		for _, v := range s.Volumes {
			if v.Volume != nil && v.Volume.Labels != nil {
				v.Volume.Labels = types.Mapping(labelled(types.Labels(v.Volume.Labels), nil))
			}
		}
	})
	for key, n := range e.Networks {
		n.Labels = labelled(n.Labels, e.Labels)
		e.Networks[key] = n
	}
	for key, v := range e.Volumes {
		if !bool(v.External) {
			v.Labels = labelled(v.Labels, e.Labels)
			e.Volumes[key] = v
		}
	}
	if len(e.Labels) == 0 {
		return
	}
	e.usual("", "labels on all containers, networks, volumes and images", "offshoot finds its own things by them")
}

// labelled adds ours to a file's own labels. A file cannot pass its things off
// as ours, or as another project's.
func labelled(own types.Labels, more map[string]string) types.Labels {
	if own == nil {
		own = types.Labels{}
	}
	maps.DeleteFunc(own, func(k, _ string) bool {
		return strings.HasPrefix(k, labelPrefix) || strings.HasPrefix(k, "com.docker.compose.")
	})
	maps.Copy(own, more)
	return own
}
