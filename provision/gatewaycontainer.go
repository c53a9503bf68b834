package provision

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// The names of what the gateway is made of are those of its container, one of
// each on an engine.
const (
	defaultGateway = "offshoot-gateway"
	gatewayPort    = nat.Port("8480/tcp")
	gatewayTLS     = nat.Port("8443/tcp")
)

func (e Engine) gateway() string {
	if e.Gateway != "" {
		return e.Gateway
	}
	return defaultGateway
}

// gatewayNetwork is named after the gateway too. Docker publishes a
// container's ports through the first of its networks by name, and cuts
// connections when that changes: a digit sorts before the names of the
// previews' networks.
func (e Engine) gatewayNetwork() string { return "0-" + e.gateway() }

// lookAll reads all previews that this gateway serves.
func (e Engine) lookAll(ctx context.Context) (survey, error) {
	s, err := look(ctx, e.Docker.Client(), "")
	return s.via(e.gateway()), err
}

// underGatewayLock runs f while no other run changes the gateway.
func (e Engine) underGatewayLock(ctx context.Context, engineID string, f func() error) error {
	l, err := e.acquire(ctx, engineID, e.gateway(), "gateway", time.Minute)
	if err != nil {
		return err
	}
	defer l.release()
	return f()
}

func (e Engine) locks() string {
	if e.Locks != "" {
		return e.Locks
	}
	return defaultLocks
}

// ensureGateway makes the gateway run, from this binary and on the wanted
// port, and leaves one alone that already does.
func (e Engine) ensureGateway(ctx context.Context) error {
	if e.Binary == "" {
		return errors.Join(errors.New("no executable for the gateway"), e.Missing)
	}
	api := e.Docker.Client()
	current, exists, err := e.findGateway(ctx)
	if err != nil {
		return err
	}
	imageRef, err := ensureGatewayImage(ctx, api, e.gateway(), e.Binary)
	if err != nil {
		return err
	}
	at := e.wantedEntrance(current)
	if exists && current.Config.Labels[labelConfig] == configOf(imageRef, at) {
		return errors.Join(startGateway(ctx, api, current.ID, at), e.give(ctx))
	}
	if exists {
		if err := api.ContainerRemove(ctx, current.ID, container.RemoveOptions{Force: true}); err != nil &&
			!notFound(err) {
			return fmt.Errorf("replace the gateway: %w", err)
		}
	}
	if err := e.createGateway(ctx, imageRef, at); err != nil {
		if exists { // other previews are still to be reached as they were
			err = errors.Join(err, e.createGateway(ctx, current.Config.Image, entranceOf(current)))
		}
		return err
	}
	return removeGatewayImages(ctx, api, e.gateway(), imageRef)
}

// configOf tells gateways apart that are to be replaced by one another.
func configOf(imageRef string, at entrance) string {
	if at.public() {
		return imageRef + " front " + at.label()
	}
	return fmt.Sprintf("%s port %d", imageRef, at.port)
}

// wantedPort is where the gateway is to be published: as told, else where it
// is, else the default.
func (e Engine) wantedPort(current container.InspectResponse) int {
	return cmp.Or(e.Port, publishedPort(current), gateway.DefaultPort)
}

// errForeign says that something has a name of ours, and not our label.
var errForeign = errors.New("exists and is not offshoot's")

// findGateway finds the gateway's container. One of that name without the
// label is somebody else's.
func (e Engine) findGateway(ctx context.Context) (container.InspectResponse, bool, error) {
	found, err := e.Docker.Client().ContainerInspect(ctx, e.gateway())
	if notFound(err) {
		return found, false, nil
	}
	if err != nil {
		return found, false, fmt.Errorf("inspect the gateway: %w", err)
	}
	if found.Config.Labels[labelGateway] == "" {
		return found, false, hint.Wrap(fmt.Errorf("container %s %w", e.gateway(), errForeign),
			"rename it: docker rename %s …", e.gateway())
	}
	return found, true, nil
}

// publishedPort is where the gateway is published on the loopback interface.
func publishedPort(c container.InspectResponse) int {
	if c.ContainerJSONBase == nil || c.HostConfig == nil {
		return 0
	}
	for _, binding := range c.HostConfig.PortBindings[gatewayPort] {
		if number, err := strconv.Atoi(binding.HostPort); err == nil {
			return number
		}
	}
	return 0
}

// createGateway makes the gateway and starts it. Where the last preview goes at
// that moment, by a run that sees no lock of ours, the volume goes with it: the
// engine then makes one without a label, and all of it is made again.
func (e Engine) createGateway(ctx context.Context, imageRef string, at entrance) error {
	for range 3 {
		if err := e.tryCreateGateway(ctx, imageRef, at); !errors.Is(err, errVolumeGone) {
			return err
		}
	}
	return errVolumeGone
}

// errVolumeGone says that another run has removed what ours is to use.
var errVolumeGone = errors.New("another run removes the gateway at the same time")

func (e Engine) tryCreateGateway(ctx context.Context, imageRef string, at entrance) error {
	api := e.Docker.Client()
	subnets, err := e.ensureGatewayNetwork(ctx)
	if err != nil {
		return err
	}
	kept, err := e.ensureGatewayVolume(ctx, imageRef)
	if err != nil {
		return err
	}
	resolver := ""
	if at.public() {
		resolver = e.outsideResolver(ctx, imageRef)
	}
	created, err := api.ContainerCreate(ctx,
		&container.Config{
			Image: imageRef, Cmd: serveCommand(at, subnets, resolver), User: "65534:65534",
			ExposedPorts: exposed(at.ports()),
			Labels: withoutEmpty(map[string]string{
				labelGateway: e.gateway(),
				labelConfig:  configOf(imageRef, at), labelFront: at.label(),
			}),
		},
		&container.HostConfig{
			NetworkMode:   container.NetworkMode(e.gatewayNetwork()),
			PortBindings:  at.ports(),
			Mounts:        []mount.Mount{kept},
			RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyUnlessStopped},
			CapDrop:       []string{"ALL"},
			SecurityOpt:   []string{"no-new-privileges"},
			LogConfig:     container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "1m"}},
		},
		nil, nil, e.gateway())
	if err != nil {
		return fmt.Errorf("create the gateway: %w", err)
	}
	found, err := api.VolumeInspect(ctx, kept.Source)
	if notFound(err) || err == nil && found.Labels[labelGateway] == "" {
		err = errVolumeGone
	}
	if err == nil {
		err = e.prepareGateway(ctx, created.ID, at)
	}
	if err == nil {
		err = startGateway(ctx, api, created.ID, at)
	}
	if err != nil {
		removed := api.ContainerRemove(context.WithoutCancel(ctx), created.ID, container.RemoveOptions{Force: true})
		return errors.Join(err, removed)
	}
	return nil
}

// prepareGateway connects a gateway that does not run yet, and puts the routes
// where it looks for those of its last run: it serves all previews at once.
func (e Engine) prepareGateway(ctx context.Context, id string, at entrance) error {
	api := e.Docker.Client()
	created, err := api.ContainerInspect(ctx, id)
	if err != nil {
		return fmt.Errorf("inspect the gateway: %w", err)
	}
	everything, err := e.lookAll(ctx)
	if err != nil {
		return err
	}
	if err := joinNetworks(ctx, api, created, everything.reached()); err != nil {
		return err
	}
	content, err := tableArchive(everything.routes(at))
	if err == nil {
		err = api.CopyToContainer(ctx, id, gateway.Folder, content, container.CopyToContainerOptions{})
	}
	if err != nil {
		return fmt.Errorf("routes: %w", err)
	}
	return e.keepFront(ctx, id, at)
}

// tableArchive is the gateway's file of routes as the engine takes files.
func tableArchive(table gateway.Table) (io.Reader, error) {
	content, err := json.Marshal(table)
	if err != nil {
		return nil, err
	}
	return fileArchive(gateway.File, content)
}

func fileArchive(name string, content []byte) (io.Reader, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Uid: 65534, Gid: 65534, Size: int64(len(content))})
	if err == nil {
		_, err = w.Write(content)
	}
	return &b, errors.Join(err, w.Close())
}

func startGateway(ctx context.Context, api client.APIClient, id string, at entrance) error {
	err := api.ContainerStart(ctx, id, container.StartOptions{})
	if err == nil {
		return nil
	}
	for _, taken := range []string{
		"port is already allocated", "address already in use", "Ports are not available",
		"bind: Only one usage",
	} {
		if strings.Contains(err.Error(), taken) {
			return at.taken(err)
		}
	}
	return fmt.Errorf("start the gateway: %w", err)
}

// connectGateway connects the gateway to the networks of the containers that
// it leads to, or soon will.
func (e Engine) connectGateway(ctx context.Context) (current container.InspectResponse, everything survey, err error) {
	current, exists, err := e.findGateway(ctx)
	if err != nil || !exists {
		return current, everything, err
	}
	if everything, err = e.lookAll(ctx); err != nil {
		return current, everything, err
	}
	return current, everything, joinNetworks(ctx, e.Docker.Client(), current, everything.reached())
}

// syncGateway connects the gateway, and hands it the routes that follow from
// what is on the engine.
func (e Engine) syncGateway(ctx context.Context) error {
	api := e.Docker.Client()
	current, everything, err := e.connectGateway(ctx)
	if err != nil || current.ContainerJSONBase == nil {
		return err
	}
	table, err := json.Marshal(everything.routes(entranceOf(current)))
	if err != nil {
		return fmt.Errorf("routes: %w", err)
	}
	var stderr bytes.Buffer
	code, err := runIn(ctx, api, current.ID, command{
		argv: []string{gatewayBinary, "gateway", "load"}, stdin: bytes.NewReader(table), stderr: &stderr,
	})
	if err != nil {
		return fmt.Errorf("routes: %w", err)
	}
	if code != 0 {
		return fmt.Errorf("routes: gateway load: exit %d: %s", code, printable(strings.TrimSpace(stderr.String())))
	}
	return nil
}

func joinNetworks(ctx context.Context, api client.APIClient, current container.InspectResponse, wanted []string) error {
	for _, name := range wanted {
		if current.NetworkSettings != nil && current.NetworkSettings.Networks[name] != nil {
			continue
		}
		err := api.NetworkConnect(ctx, name, current.ID, &network.EndpointSettings{})
		if err != nil && !notFound(err) && !strings.Contains(err.Error(), "already exists in network") {
			return fmt.Errorf("connect the gateway to %s: %w", name, err)
		}
	}
	return nil
}

// probe asks from inside of the gateway what a port answers at its link: at
// the address that the container has now, which no other one can take.
func (e Engine) probe(ctx context.Context, c seenContainer, number int, link Link) (gateway.Answer, error) {
	var answer gateway.Answer
	current, exists, err := e.findGateway(ctx)
	if err != nil {
		return answer, err
	}
	if !exists {
		return answer, errors.New("the gateway is gone")
	}
	asked, err := e.Docker.Client().ContainerInspect(ctx, c.ID)
	if err != nil && !notFound(err) {
		return answer, fmt.Errorf("inspect container %s: %w", c.short(), err)
	}
	if asked.NetworkSettings != nil {
		c.Networks = slices.Sorted(maps.Keys(asked.NetworkSettings.Networks))
		c.Addresses = addressesOf(asked.NetworkSettings.Networks)
	}
	at, known := c.Addresses[c.entry()]
	if !known { // it is just starting, or has ended
		answer.Spoke = gateway.Nothing
		return answer, nil
	}
	output, err := outputOf(ctx, e.Docker.Client(), current.ID, gatewayBinary, "gateway", "probe", at.String(),
		strconv.Itoa(number), link.base())
	if err == nil {
		err = json.Unmarshal([]byte(output), &answer)
	}
	return answer, err
}

// entrance is where the gateway answers now; the zero value when there is none.
func (e Engine) entrance(ctx context.Context) (entrance, error) {
	current, exists, err := e.findGateway(ctx)
	if err != nil || !exists {
		return entrance{}, err
	}
	return entranceOf(current), nil
}

// links are the addresses of a generation's exposed services.
func (g generation) links(at entrance) []Link {
	links := []Link{}
	for i, p := range g.Expose { // the first has the preview's own name
		links = append(links, Link{Service: p.Service, URL: at.link(g.Preview, p.Service, i)})
	}
	return slices.Clip(links)
}
