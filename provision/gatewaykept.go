package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// keepFront puts what no label may hold into the volume of a gateway that does
// not run yet: keys of accounts at authorities, and the certificate that it is
// given. Where no front is given, what was kept before stays.
func (e Engine) keepFront(ctx context.Context, id string, at entrance) error {
	return keepFront(ctx, e.Docker.Client(), id, e.Front, at)
}

func keepFront(ctx context.Context, api client.APIClient, id string, front Front, at entrance) error {
	if !at.public() {
		return nil
	}
	kept := map[string]any{}
	switch {
	case front != (Front{}):
		kept[gateway.ACMEFile] = front.ACME
	// a former version had it in arguments: what the label says has no keys
	case !isKept(ctx, api, id, gateway.ACMEFile):
		kept[gateway.ACMEFile] = at.front.ACME.WithoutAccounts()
	}
	if front.Given != (gateway.Given{}) {
		kept[gateway.GivenFile] = front.Given
	}
	for name, value := range kept {
		content, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("front of the gateway: %w", err)
		}
		archive, err := fileArchive(name, content)
		if err == nil {
			err = api.CopyToContainer(ctx, id, gateway.Kept, archive, container.CopyToContainerOptions{})
		}
		if err != nil {
			return fmt.Errorf("front of the gateway: %w", err)
		}
	}
	return nil
}

// isKept tells whether a file is in the gateway's volume. What an engine does not
// tell is taken to be there.
func isKept(ctx context.Context, api client.APIClient, id, name string) bool {
	_, err := api.ContainerStatPath(ctx, id, gateway.Kept+"/"+name)
	return !notFound(err)
}

// give hands a gateway that runs the certificate, which may have been renewed.
func (e Engine) give(ctx context.Context) error {
	if e.Front.Given == (gateway.Given{}) {
		return nil
	}
	content, err := json.Marshal(e.Front.Given)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	if err := e.askGateway(ctx, bytes.NewReader(content), new(bytes.Buffer), "give"); err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	return nil
}

// makeRoom sees to it that a front by address has a port for each service that
// is shown. Ports that are there stay: they are the links of what serves.
func (j *job) makeRoom(shown int) {
	if j.Front.ByAddress {
		j.Front.Ports = max(j.Front.Ports, j.at.front.Ports, shown-1)
		j.at.front.Ports = j.Front.Ports
	}
}

// roomFor makes the ports of a front by address those of the previews there are.
func (e Engine) roomFor(ctx context.Context) (Engine, error) {
	if !e.Front.ByAddress {
		return e, nil
	}
	s, err := e.lookAll(ctx)
	if err != nil {
		return e, err
	}
	for _, id := range s.previews() {
		e.Front.Ports = max(e.Front.Ports, len(s.generation(id, s.serving(id)).Expose)-1)
	}
	return e, nil
}

// onlyOne refuses a second preview on a machine whose services are told apart by
// port alone.
func (j *job) onlyOne(ctx context.Context) error {
	if !j.Front.ByAddress {
		return nil
	}
	s, err := j.lookAll(ctx)
	if err != nil {
		return err
	}
	for _, id := range s.previews() {
		if id != j.options.Preview.ID {
			return hint.Usage(fmt.Errorf("the machine shows %s at its address, and has none for another preview", id),
				"set preview.domain in offshoot.yaml")
		}
	}
	return nil
}
