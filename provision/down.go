package provision

import (
	"context"
	"errors"

	"github.com/offshoot-dev/offshoot/compose"
)

// Down removes everything of one preview, by its id, and the gateway when it
// was the last. It is ErrNoPreview when there was nothing to remove.
func Down(ctx context.Context, machine Machine, id string, observe func(Event)) (compose.Removed, error) {
	return compose.Removed{}, errors.New("pending")
}

// DownAll removes every preview of a repository.
func DownAll(ctx context.Context, machine Machine, repository string, observe func(Event)) (compose.Removed, error) {
	return compose.Removed{}, errors.New("pending")
}
