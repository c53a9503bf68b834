package compose

import (
	"cmp"
	"fmt"

	"github.com/compose-spec/compose-go/v2/types"
)

const sharesMachine = "previews share the machine"

// limits caps the processors, memory and processes of every service; what asks
// for less keeps its own limit.
func limits(e *edit) {
	e.each(func(s *types.ServiceConfig) {
		var limit *types.Resource
		if s.Deploy != nil {
			limit = s.Deploy.Resources.Limits
		}
		e.limitProcessors(s, limit)
		e.limitMemory(s, limit)
		e.limitProcesses(s, limit)
	})
}

func (e *edit) limitProcessors(s *types.ServiceConfig, limit *types.Resource) {
	s.CPUQuota = max(s.CPUQuota, 0) // to the engine a negative one is none, whatever cpus says
	cpus := s.CPUS
	if limit != nil {
		cpus = max(cpus, limit.NanoCPUs.Value())
	}
	if s.CPUQuota > 0 {
		cpus = max(cpus, float32(s.CPUQuota)/float32(cmp.Or(s.CPUPeriod, 100_000)))
	}
	if e.CPUs <= 0 || cpus > 0 && cpus <= e.CPUs {
		return
	}
	s.CPUS, s.CPUQuota, s.CPUPeriod = e.CPUs, 0, 0 // the engine takes one or the other
	if limit != nil {
		limit.NanoCPUs = types.NanoCPUs(e.CPUs)
	}
	e.usual(s.Name, fmt.Sprintf("at most %g processors", e.CPUs), sharesMachine)
}

func (e *edit) limitMemory(s *types.ServiceConfig, limit *types.Resource) {
	memory := int64(s.MemLimit)
	if limit != nil {
		memory = max(memory, int64(limit.MemoryBytes))
	}
	if e.Memory > 0 && (s.MemSwapLimit < 0 || int64(s.MemSwapLimit) > 2*e.Memory) {
		s.MemSwapLimit = 0 // what the engine gives where nobody says: as much again as memory
	}
	if e.Memory <= 0 || memory > 0 && memory <= e.Memory {
		return
	}
	most := types.UnitBytes(e.Memory)
	s.MemLimit, s.MemSwapLimit, s.MemReservation = most, 0, min(s.MemReservation, most)
	if s.Deploy != nil && s.Deploy.Resources.Reservations != nil {
		reserved := s.Deploy.Resources.Reservations
		reserved.MemoryBytes = min(reserved.MemoryBytes, most)
	}
	if limit != nil {
		limit.MemoryBytes = most
	}
	e.usual(s.Name, fmt.Sprintf("at most %d bytes of memory", e.Memory), sharesMachine)
}

// limitProcesses takes a negative limit for what it is to the engine: none.
func (e *edit) limitProcesses(s *types.ServiceConfig, limit *types.Resource) {
	pids := s.PidsLimit
	if limit != nil && limit.Pids != 0 {
		pids = limit.Pids
	}
	if e.Pids <= 0 || pids > 0 && pids <= e.Pids {
		return
	}
	s.PidsLimit = e.Pids
	if limit != nil {
		limit.Pids = e.Pids
	}
	e.usual(s.Name, fmt.Sprintf("at most %d processes and threads", e.Pids), sharesMachine)
}
