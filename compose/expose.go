package compose

import "github.com/compose-spec/compose-go/v2/types"

// FindExposed gives the services a preview serves and the container port of
// each: want when it is not empty (a port of 0 is filled in), else every
// service with a published port that can speak HTTP. None is a usage error that
// names the key preview.expose.
func FindExposed(p *types.Project, want map[string]int) (map[string]int, error) {
	return findExposed(p, want)
}

// ExposedOrder sorts the services of exposed, the one to open first first.
func ExposedOrder(p *types.Project, exposed map[string]int) []string {
	return exposedOrder(p, exposed)
}
