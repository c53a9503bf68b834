package provision

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
)

// The labels by which compose tells its containers and volumes apart.
const (
	composeService = "com.docker.compose.service"
	composeOneOff  = "com.docker.compose.oneoff"
	composeVolume  = "com.docker.compose.volume"
)

// A survey is what the engine holds of offshoot's, read once.
type survey struct {
	containers []seenContainer
	volumes    []seenVolume
	networks   []string // their names
	subnets    map[string][]netip.Prefix
	others     []map[string]string // the labels of networks and images
}

// A seenContainer is a container as the engine lists it.
type seenContainer struct {
	ID, Name      string
	Labels        map[string]string
	State, Status string
	Created       time.Time
	Networks      []string
	Addresses     map[string]netip.Addr // in its networks, while it runs
	Volumes       []string
}

func (c seenContainer) preview() string { return c.Labels[labelPreview] }
func (c seenContainer) service() string { return c.Labels[composeService] }
func (c seenContainer) oneOff() bool    { return strings.EqualFold(c.Labels[composeOneOff], "true") }
func (c seenContainer) running() bool   { return c.State == container.StateRunning }
func (c seenContainer) short() string   { return c.ID[:min(len(c.ID), 12)] }

// entry is the network by which the gateway reaches a container.
func (c seenContainer) entry() string {
	if len(c.Networks) == 0 {
		return ""
	}
	return c.Networks[0]
}

// A seenVolume is one volume: of a stack, or a marker.
type seenVolume struct {
	Name    string
	Labels  map[string]string
	Created time.Time
}

// look reads everything that carries the preview label, of one preview or of
// all when id is empty.
func look(ctx context.Context, api client.APIClient, id string) (survey, error) {
	filter := labelPreview
	if id != "" {
		filter += "=" + id
	}
	byLabel := filters.NewArgs(filters.Arg("label", filter))
	var s survey
	containers, err := api.ContainerList(ctx, container.ListOptions{All: true, Filters: byLabel})
	if err != nil {
		return s, fmt.Errorf("list containers: %w", err)
	}
	volumes, err := api.VolumeList(ctx, volume.ListOptions{Filters: byLabel})
	if err != nil {
		return s, fmt.Errorf("list volumes: %w", err)
	}
	networks, err := api.NetworkList(ctx, network.ListOptions{Filters: byLabel})
	if err != nil {
		return s, fmt.Errorf("list networks: %w", err)
	}
	images, err := api.ImageList(ctx, image.ListOptions{All: true, Filters: byLabel})
	if err != nil {
		return s, fmt.Errorf("list images: %w", err)
	}
	for _, c := range containers {
		s.containers = append(s.containers, seenContainerOf(c))
	}
	for _, v := range volumes.Volumes {
		s.volumes = append(s.volumes, seenVolumeOf(v))
	}
	s.subnets = map[string][]netip.Prefix{}
	for _, n := range networks {
		s.networks, s.others = append(s.networks, n.Name), append(s.others, n.Labels)
		s.subnets[n.Name] = subnetsOf(n)
	}
	for _, i := range images {
		if builtByUs(i) {
			s.others = append(s.others, i.Labels)
		}
	}
	s.sort()
	return s, nil
}

// builtByUs tells our images, by the names that compose.Transform gives them or
// by having none, from those that only bear our labels: whoever makes an image
// can put any label on it.
func builtByUs(i image.Summary) bool {
	own := "offshoot/" + i.Labels[labelPreview] + "/"
	named := func(name string) bool { return !strings.HasPrefix(name, "<none>") }
	return slices.ContainsFunc(i.RepoTags, func(tag string) bool { return strings.HasPrefix(tag, own) }) ||
		!slices.ContainsFunc(slices.Concat(i.RepoTags, i.RepoDigests), named)
}

func (s *survey) sort() {
	sort.Slice(s.containers, func(i, j int) bool { return s.containers[i].Name < s.containers[j].Name })
	sort.Slice(s.volumes, func(i, j int) bool { return s.volumes[i].Name < s.volumes[j].Name })
}

func seenContainerOf(c container.Summary) seenContainer {
	b := seenContainer{ID: c.ID, Labels: c.Labels, State: c.State, Status: c.Status, Created: time.Unix(c.Created, 0)}
	if len(c.Names) > 0 {
		b.Name = strings.TrimPrefix(c.Names[0], "/")
	}
	if c.NetworkSettings != nil {
		b.Networks = slices.Sorted(maps.Keys(c.NetworkSettings.Networks))
		b.Addresses = addressesOf(c.NetworkSettings.Networks)
	}
	for _, m := range c.Mounts {
		if m.Type == mount.TypeVolume {
			b.Volumes = append(b.Volumes, m.Name)
		}
	}
	return b
}

// addressesOf are the addresses of a container by the names of its networks.
func addressesOf(networks map[string]*network.EndpointSettings) map[string]netip.Addr {
	addresses := map[string]netip.Addr{}
	for name, at := range networks {
		if at == nil {
			continue
		}
		ip, err := netip.ParseAddr(cmp.Or(at.IPAddress, at.GlobalIPv6Address))
		if err == nil {
			addresses[name] = ip
		}
	}
	return addresses
}

// subnetsOf are those that the addresses of a network are in.
func subnetsOf(n network.Summary) []netip.Prefix {
	var subnets []netip.Prefix
	for _, config := range n.IPAM.Config {
		if subnet, err := netip.ParsePrefix(config.Subnet); err == nil {
			subnets = append(subnets, subnet)
		}
	}
	return subnets
}

func seenVolumeOf(v *volume.Volume) seenVolume {
	created, _ := time.Parse(time.RFC3339, v.CreatedAt)
	return seenVolume{Name: v.Name, Labels: v.Labels, Created: created}
}

// via is what there is of the previews that one gateway serves.
func (s survey) via(gateway string) survey {
	other := func(labels map[string]string) bool { return labels[labelVia] != gateway }
	return survey{
		containers: slices.DeleteFunc(slices.Clone(s.containers),
			func(c seenContainer) bool { return other(c.Labels) }),
		volumes:  slices.DeleteFunc(slices.Clone(s.volumes), func(v seenVolume) bool { return other(v.Labels) }),
		networks: s.networks,
		subnets:  s.subnets,
		others:   slices.DeleteFunc(slices.Clone(s.others), other),
	}
}

// previews are the ids of all previews of which anything is left.
func (s survey) previews() []string {
	var ids []string
	for _, labels := range s.labels() {
		ids = append(ids, labels[labelPreview])
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// generations are the numbers of all generations of a preview of which
// anything but a volume's content is left, in order.
func (s survey) generations(id string) []int {
	var numbers []int
	for _, labels := range s.labels() {
		if number := generationOf(labels).Number; number > 0 && labels[labelPreview] == id {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

func (s survey) labels() []map[string]string {
	all := slices.Clone(s.others)
	for _, c := range s.containers {
		all = append(all, c.Labels)
	}
	for _, v := range s.volumes {
		all = append(all, v.Labels)
	}
	return all
}

// serving is the generation that requests go to: the highest with a marker
// that says so. None is 0.
func (s survey) serving(id string) int {
	serving := 0
	for _, c := range s.containers {
		if !c.keeps() || c.preview() != id {
			continue
		}
		g := generationOf(c.Labels)
		if k, ours := keeperOf(g, c.Name); ours && k.says(markServing) {
			serving = max(serving, g.Number)
		}
	}
	for _, v := range s.volumes {
		if v.Labels[labelMark] == string(markServing) && v.Labels[labelPreview] == id {
			serving = max(serving, generationOf(v.Labels).Number)
		}
	}
	return serving
}

// marker finds the marker of one generation.
func (s survey) marker(id string, number int, m mark) (seenVolume, bool) {
	if k, by, kept := s.keeper(id, number); kept && k.says(m) {
		found := seenVolume{Name: by.Name, Labels: by.Labels, Created: by.Created}
		if m == markAsleep && !k.since.IsZero() {
			found.Created = k.since
		}
		return found, true
	}
	for _, v := range s.volumes {
		if v.Labels[labelMark] == string(m) && v.Labels[labelPreview] == id && generationOf(v.Labels).Number == number {
			return v, true
		}
	}
	return seenVolume{}, false
}

// containers are the containers of one generation's services, without one-offs.
func (s survey) containersOf(id string, number int) []seenContainer {
	var found []seenContainer
	for _, c := range s.containers {
		if c.preview() == id && generationOf(c.Labels).Number == number && !c.oneOff() && !c.keeps() {
			found = append(found, c)
		}
	}
	return found
}

// generation reads what is known of one generation: from its marker, which
// has all labels, or from whatever else there is.
func (s survey) generation(id string, number int) generation {
	for _, m := range []mark{markServing, markBegun} {
		if v, ok := s.marker(id, number, m); ok {
			g := generationOf(v.Labels)
			if end, put := s.extended(id, number); put {
				g.Expires = end
			}
			if k, _, kept := s.keeper(id, number); kept && k.pass != "" {
				g.Pass = k.pass
			}
			return g
		}
	}
	var found generation
	for _, labels := range s.labels() {
		g := generationOf(labels)
		if g.Preview.ID == id && (g.Number == number || found.Preview.ID == "") {
			found = g
		}
	}
	found.Number = number
	return found
}
