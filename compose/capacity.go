package compose

import (
	"context"

	"github.com/docker/docker/api/types/system"
)

// A Capacity is what an engine's computer has, as far as the engine can limit
// containers by it; zero: it cannot.
type Capacity struct {
	CPUs   int
	Memory int64 // bytes
	Pids   bool
}

// Capacity asks the engine once.
func (e *Engine) Capacity(ctx context.Context) (Capacity, error) {
	if known := e.capacity.Load(); known != nil {
		return *known, nil
	}
	_, err := e.ID(ctx)
	if err != nil {
		return Capacity{}, err
	}
	return *e.capacity.Load(), nil
}

// capacityOf leaves out what the engine's kernel cannot limit: to ask for that is
// an error in the case of processors.
func capacityOf(info system.Info) Capacity {
	c := Capacity{Pids: info.PidsLimit}
	if info.CPUCfsPeriod && info.CPUCfsQuota {
		c.CPUs = info.NCPU
	}
	if info.MemoryLimit {
		c.Memory = info.MemTotal
	}
	return c
}
