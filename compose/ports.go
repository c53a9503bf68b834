package compose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// ports unpublishes all ports: the gateway routes to the containers, nothing
// listens on the machine's own addresses, and generations do not clash.
func ports(e *edit) {
	e.each(func(s *types.ServiceConfig) {
		if len(s.Ports) == 0 {
			return
		}
		var published []string
		for _, p := range s.Ports {
			target := fmt.Sprint(p.Target)
			if p.Protocol != "" && p.Protocol != "tcp" {
				target += "/" + p.Protocol
			}
			published = append(published, target)
			if !slices.Contains(s.Expose, target) {
				s.Expose = append(s.Expose, target)
			}
		}
		s.Ports = nil
		what := "port " + published[0] + " is not published"
		if len(published) > 1 {
			what = "ports " + strings.Join(published, ", ") + " are not published"
		}
		e.usual(s.Name, what, "the gateway reaches services by the preview's own network")
	})
}
