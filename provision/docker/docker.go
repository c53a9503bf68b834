// Package docker makes this computer's Docker engine a machine for previews.
package docker

import (
	"context"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/provision"
)

// Connect reaches the engine and finds the executable for the gateway, which
// is this one where the engine runs the same platform, and otherwise
// offshoot-linux-ARCH beside it.
func Connect(ctx context.Context) (provision.Machine, error) {
	engine, err := compose.Connect(ctx)
	if err != nil {
		return provision.Machine{}, err
	}
	return provision.Machine{Engine: engine}, nil
}
