package compose

import (
	"context"
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"
)

// DataDir tells where the database volume of a service has to be mounted: from
// its PGDATA, else from the image, when the engine has it, else from what the
// image's name is known for.
func (e *Engine) DataDir(ctx context.Context, p *types.Project, service string) (string, error) {
	s, ok := p.Services[service]
	if !ok {
		return "", fmt.Errorf("data directory: no service %s", service)
	}
	if s.Build != nil || s.Image == "" {
		return dataDir(s, nil), nil
	}
	found, err := e.Client().ImageInspect(ctx, s.Image)
	if errdefs.IsNotFound(err) {
		return dataDir(s, nil), nil
	}
	if err != nil {
		return "", fmt.Errorf("data directory of %s: %w", service, err)
	}
	image := &imageConfig{}
	if found.Config != nil {
		image.volumes = sorted(found.Config.Volumes)
		for _, env := range found.Config.Env {
			if value, ok := strings.CutPrefix(env, "PGDATA="); ok {
				image.pgdata = value
			}
		}
	}
	return dataDir(s, image), nil
}
