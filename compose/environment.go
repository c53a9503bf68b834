package compose

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// environment adds the preview's variables to every service. Values are not
// reported: they may be secret.
func environment(e *edit) {
	names := sorted(e.Options.Environment)
	if len(names) == 0 {
		return
	}
	e.each(func(s *types.ServiceConfig) {
		if s.Environment == nil {
			s.Environment = types.MappingWithEquals{}
		}
		for _, name := range names {
			value := e.Options.Environment[name]
			s.Environment[name] = &value
		}
		e.usual(s.Name, "variables "+strings.Join(names, ", "), "set by the preview")
	})
}
