package compose

import (
	"cmp"
	"fmt"

	"github.com/compose-spec/compose-go/v2/types"
)

// limits caps the processors and memory of every service; what asks for less
// keeps its own limit.
func limits(e *edit) {
	if e.CPUs <= 0 && e.Memory <= 0 {
		return
	}
	e.each(func(s *types.ServiceConfig) {
		cpus, memory := s.CPUS, int64(s.MemLimit)
		var limit *types.Resource
		if s.Deploy != nil && s.Deploy.Resources.Limits != nil {
			limit = s.Deploy.Resources.Limits
			cpus, memory = max(cpus, limit.NanoCPUs.Value()), max(memory, int64(limit.MemoryBytes))
		}
		if s.CPUQuota > 0 {
			cpus = max(cpus, float32(s.CPUQuota)/float32(cmp.Or(s.CPUPeriod, 100_000)))
		}
		if e.CPUs > 0 && (cpus == 0 || cpus > e.CPUs) {
			s.CPUS, s.CPUQuota, s.CPUPeriod = e.CPUs, 0, 0 // the engine takes one or the other
			if limit != nil {
				limit.NanoCPUs = types.NanoCPUs(e.CPUs)
			}
			e.usual(s.Name, fmt.Sprintf("at most %g processors", e.CPUs), "previews share the machine")
		}
		if e.Memory > 0 && (memory == 0 || memory > e.Memory) {
			most := types.UnitBytes(e.Memory)
			s.MemLimit, s.MemSwapLimit, s.MemReservation = most, 0, min(s.MemReservation, most)
			if s.Deploy != nil && s.Deploy.Resources.Reservations != nil {
				reserved := s.Deploy.Resources.Reservations
				reserved.MemoryBytes = min(reserved.MemoryBytes, most)
			}
			if limit != nil {
				limit.MemoryBytes = most
			}
			e.usual(s.Name, fmt.Sprintf("at most %d bytes of memory", e.Memory), "previews share the machine")
		}
	})
}
