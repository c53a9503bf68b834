package provision

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/go-connections/nat"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// gatewayVolume holds what outlives the gateway's container: the key that
// sign-ins are made with, and certificates.
func (e Engine) gatewayVolume() string { return e.gateway() + "-kept" }

// ensureGatewayVolume makes the volume, and returns it as it is mounted. An
// empty one takes over the owner and the mode of the folder in the image.
func (e Engine) ensureGatewayVolume(ctx context.Context, imageRef string) (mount.Mount, error) {
	made, err := e.createGatewayVolume(ctx)
	if err == nil && made.Labels[labelGateway] == "" && e.isLeftOver(ctx, made.Name, imageRef) {
		err = e.Docker.Client().VolumeRemove(ctx, made.Name, false)
		if err == nil || notFound(err) {
			made, err = e.createGatewayVolume(ctx)
		}
	}
	if err != nil {
		return mount.Mount{}, fmt.Errorf("volume of the gateway: %w", err)
	}
	if made.Labels[labelGateway] == "" {
		return mount.Mount{}, hint.Wrap(fmt.Errorf("volume %s %w", made.Name, errForeign), "remove that volume")
	}
	return mount.Mount{Type: mount.TypeVolume, Source: made.Name, Target: gateway.Kept}, nil
}

func (e Engine) createGatewayVolume(ctx context.Context) (volume.Volume, error) {
	return createVolume(ctx, e.Docker.Client(), volume.CreateOptions{
		Name: e.gatewayVolume(), Labels: map[string]string{labelGateway: e.gateway()},
	})
}

// isLeftOver tells whether a volume of ours without a label is one that the
// engine made, for a gateway whose volume another run had just removed: nothing
// has it, and nothing is in it but what a gateway writes.
func (e Engine) isLeftOver(ctx context.Context, name, imageRef string) bool {
	api := e.Docker.Client()
	users, err := api.ContainerList(ctx,
		container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("volume", name))})
	if err != nil || len(users) > 0 {
		return false
	}
	created, err := api.ContainerCreate(ctx,
		&container.Config{Image: imageRef, Labels: map[string]string{labelGateway: e.gateway()}}, &container.HostConfig{
			NetworkMode: "none", Mounts: []mount.Mount{{
				Type: mount.TypeVolume, Source: name, Target: gateway.Kept, ReadOnly: true,
				VolumeOptions: &mount.VolumeOptions{NoCopy: true},
			}},
		}, nil, nil, "")
	if err != nil {
		return false
	}
	defer func() {
		ctx, cancel := sturdy(ctx)
		defer cancel()
		_ = api.ContainerRemove(ctx, created.ID, container.RemoveOptions{Force: true})
	}()
	content, _, err := api.CopyFromContainer(ctx, created.ID, gateway.Kept)
	if err != nil {
		return false
	}
	defer content.Close()
	return onlyKept(content)
}

// onlyKept tells whether all in an archive of the folder has a name that the
// gateway gives.
func onlyKept(content io.Reader) bool {
	for files := tar.NewReader(content); ; {
		header, err := files.Next()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		_, below, _ := strings.Cut(strings.Trim(header.Name, "/"), "/")
		first, _, _ := strings.Cut(below, "/")
		if first != "" && !gateway.IsKept(first) {
			return false
		}
	}
}

// removeGatewayVolume removes it, and the certificates and key with it.
func (e Engine) removeGatewayVolume(ctx context.Context) error {
	api := e.Docker.Client()
	found, err := api.VolumeInspect(ctx, e.gatewayVolume())
	if err != nil || found.Labels[labelGateway] == "" {
		return nil
	}
	if err := api.VolumeRemove(ctx, found.Name, false); err != nil && !notFound(err) {
		return fmt.Errorf("remove the volume of the gateway: %w", err)
	}
	return nil
}

// ensureGatewayNetwork makes the network through which the port is published,
// and returns its subnets: the only ones that the gateway answers in.
func (e Engine) ensureGatewayNetwork(ctx context.Context) ([]string, error) {
	api, name := e.Docker.Client(), e.gatewayNetwork()
	found, err := api.NetworkInspect(ctx, name, network.InspectOptions{})
	if notFound(err) {
		_, err = api.NetworkCreate(ctx, name, network.CreateOptions{
			Driver: "bridge", Labels: map[string]string{labelGateway: e.gateway()},
		})
		if err == nil {
			found, err = api.NetworkInspect(ctx, name, network.InspectOptions{})
		}
	}
	if err != nil {
		return nil, fmt.Errorf("network of the gateway: %w", err)
	}
	if found.Labels[labelGateway] == "" {
		return nil, hint.Wrap(fmt.Errorf("network %s %w", name, errForeign), "remove that network")
	}
	var subnets []string
	for _, config := range found.IPAM.Config {
		subnets = append(subnets, config.Subnet)
	}
	return subnets, nil
}

// serveCommand is what the gateway's container runs.
func serveCommand(at entrance, subnets []string, resolver string) []string {
	argv := []string{"gateway", "serve"}
	for _, subnet := range subnets {
		argv = append(argv, "-network", subnet)
	}
	if !at.public() {
		return argv
	}
	argv = append(argv, "-https", ":"+gatewayTLS.Port(), "-https-port", strconv.Itoa(at.front.httpsPort()))
	if resolver != "" {
		argv = append(argv, "-resolver", resolver)
	}
	return append(argv, "-acme", gateway.Kept+"/"+gateway.ACMEFile)
}

func exposed(ports nat.PortMap) nat.PortSet {
	set := nat.PortSet{}
	for p := range maps.Keys(ports) {
		set[p] = struct{}{}
	}
	return set
}

// PortTakenError says that something else listens where the gateway would.
type PortTakenError struct {
	Port int
	Host string // the address; empty: all of the machine's
}

func (e *PortTakenError) Error() string {
	if e.Host == "" {
		return fmt.Sprintf("port %d is taken", e.Port)
	}
	return fmt.Sprintf("port %d on %s is taken", e.Port, e.Host)
}

// number finds the port in what an engine says about one that is taken, such
// as "Bind for 0.0.0.0:443 failed: port is already allocated".
var number = regexp.MustCompile(`:([0-9]{1,5})\b`)

// taken makes an error of what the engine says.
func (e entrance) taken(err error) error {
	if !e.public() {
		return hint.Wrap(&PortTakenError{Port: e.port, Host: "127.0.0.1"},
			"stop what listens there, or choose another port for the gateway (preview.port, or --port)")
	}
	taken := &PortTakenError{Port: e.front.httpsPort()}
	if e.front.Bind.IsValid() {
		taken.Host = e.front.Bind.String()
	}
	for _, found := range number.FindAllStringSubmatch(err.Error(), -1) {
		n, _ := strconv.Atoi(found[1])
		if slices.Contains([]int{e.front.httpPort(), e.front.httpsPort()}, n) {
			taken.Port = n
		}
	}
	return hint.Wrap(taken, "stop what listens there: previews of a domain need ports %d and %d", e.front.httpPort(),
		e.front.httpsPort())
}
