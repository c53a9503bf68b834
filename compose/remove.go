package compose

import "context"

// Removed counts what was removed, by name and sorted.
type Removed struct {
	Containers, Networks, Volumes, Images []string
}

// RemoveByLabel removes every container, network, volume and image that has all
// the labels, and nothing else. Containers of others are disconnected from the
// networks first. It works on what a killed run left half-made, and is harmless
// when repeated. It goes on after an error and joins them all.
func RemoveByLabel(ctx context.Context, e *Engine, labels map[string]string) (Removed, error) {
	return removeByLabel(ctx, e, labels)
}
