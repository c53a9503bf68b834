package provision

import (
	"context"
	"errors"
)

// Up brings a preview up, or updates it in place.
func Up(ctx context.Context, machine Machine, options Options, observe func(Event)) (*Result, error) {
	return nil, errors.New("pending")
}
