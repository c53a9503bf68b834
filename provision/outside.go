package provision

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
)

// outsideFor bounds the question after the machine's DNS server.
const outsideFor = 20 * time.Second

// outsideResolver is the DNS server of the machine. A gateway that gets
// certificates resolves the authority's name there: in the networks of the
// previews any of their containers can be called like that. Empty where the
// engine does not say, as one that has no network "bridge".
func (e Engine) outsideResolver(ctx context.Context, imageRef string) string {
	ctx, cancel := context.WithTimeout(ctx, outsideFor)
	defer cancel()
	api := e.Docker.Client()
	created, err := api.ContainerCreate(ctx,
		&container.Config{
			Image: imageRef, Cmd: []string{"gateway", "resolver"}, User: "65534:65534", AttachStdout: true,
			Labels: map[string]string{labelGateway: e.gateway()},
		},
		&container.HostConfig{
			NetworkMode: "bridge", ReadonlyRootfs: true, CapDrop: []string{"ALL"},
			SecurityOpt: []string{"no-new-privileges"},
		},
		nil, nil, "")
	if err != nil {
		return ""
	}
	defer func() {
		ctx, cancel := sturdy(ctx)
		defer cancel()
		_ = api.ContainerRemove(ctx, created.ID, container.RemoveOptions{Force: true})
	}()
	var said bytes.Buffer
	if code, err := e.runToEnd(ctx, created.ID, &said, nil); err != nil || code != 0 {
		return ""
	}
	server, err := netip.ParseAddrPort(strings.TrimSpace(said.String()))
	if err != nil {
		return ""
	}
	return server.String()
}
