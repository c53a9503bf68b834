package provision

import (
	"cmp"
	"context"
	"math"

	"github.com/offshoot-dev/offshoot/compose"
)

// What one container may have where nobody says. It is meant to be more than an
// honest service ever has, and less than what stops the machine: a search server
// takes half of what it sees, and a Java one a quarter.
const (
	defaultCPUs   = 0.9  // of the processors
	defaultMemory = 0.75 // of the memory
	// defaultPids is some times what a large Java server or browser has, and an
	// eighth of what kernels have for all by default.
	defaultPids = 4096
)

// maxExposed is how many services one preview shows: each has a name, and on a
// domain a certificate, of which authorities give so many a week for all
// previews together.
const maxExposed = 20

// limit reads how much of the machine one container may have.
func (h *shape) limit(ctx context.Context) error {
	capacity, err := h.Docker.Capacity(ctx)
	if err == nil {
		h.limits = limitsFor(capacity, h.options)
	}
	return err
}

type containerLimits struct {
	cpus   float32
	memory int64
	pids   int64
}

func limitsFor(c compose.Capacity, o Options) containerLimits {
	limits := containerLimits{
		cpus:   cmp.Or(o.CPUs, float32(math.Round(float64(c.CPUs)*defaultCPUs*100)/100)),
		memory: cmp.Or(o.Memory, int64(float64(c.Memory)*defaultMemory)>>20<<20),
	}
	if c.Pids {
		limits.pids = defaultPids
	}
	return limits
}
