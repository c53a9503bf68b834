package compose

import "github.com/compose-spec/compose-go/v2/types"

// restart keeps a stopped preview stopped when the engine starts again.
func restart(e *edit) {
	const why = "a stopped preview stays stopped when the engine restarts"
	e.each(func(s *types.ServiceConfig) {
		if s.Restart == types.RestartPolicyAlways {
			s.Restart = types.RestartPolicyUnlessStopped
			e.usual(s.Name, "restarts unless stopped", why)
		}
		if s.Restart != "" || s.Deploy == nil || s.Deploy.RestartPolicy == nil {
			return
		}
		if c := s.Deploy.RestartPolicy.Condition; c == "" || c == "any" {
			s.Restart = types.RestartPolicyUnlessStopped
			s.Deploy.RestartPolicy = nil
			e.usual(s.Name, "restarts unless stopped", why)
		}
	})
}
