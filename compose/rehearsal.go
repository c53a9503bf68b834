package compose

import (
	"fmt"
	"maps"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
)

// RehearsalOptions say what a rehearsal makes of a project that is transformed and settled.
type RehearsalOptions struct {
	// Name is the compose project of its own.
	Name string
	// Labels take the place of those of the project's generation.
	Labels map[string]string
	// Database is the service, and Volume the existing volume with its data.
	Database, Volume string
	// Migrate is the service in whose container the migration runs.
	Migrate string
}

// thorough are the settings that a rehearsal wants where we have set others for speed alone.
var thorough = map[string]string{"full_page_writes=off": "full_page_writes=on"}

// Rehearsal is a project with the database on other data and the service that migrates, in networks of their own in
// which each has its name, so that the migration runs as it is. It shares all other volumes with the project. Like
// Transform it is pure.
func Rehearsal(p *types.Project, o RehearsalOptions) (*types.Project, error) {
	own, err := p.WithServicesEnabled()
	if err != nil {
		return nil, fmt.Errorf("rehearse: %w", err)
	}
	services, networks := types.Services{}, types.Networks{}
	for _, name := range []string{o.Database, o.Migrate} {
		s, there := own.Services[name]
		if !there {
			return nil, fmt.Errorf("rehearse: no service %s", name)
		}
		services[name] = undisturbed(s, o.Labels)
		for key := range s.Networks {
			networks[key] = apart(own.Networks[key], o.Name+"_"+key, o.Labels)
		}
	}
	database := services[o.Database]
	database.Command = slices.Clone(database.Command)
	for i, word := range database.Command {
		if other, ours := thorough[word]; ours {
			database.Command[i] = other
		}
	}
	services[o.Database] = database
	volumes := types.Volumes{}
	for key, v := range own.Volumes {
		if v.Name == "" {
			v.Name = own.Name + "_" + key
		}
		volumes[key] = types.VolumeConfig{Name: v.Name, External: true}
	}
	volumes[DatabaseVolume] = types.VolumeConfig{Name: o.Volume, External: true}
	own.Name, own.Services, own.Networks, own.Volumes = o.Name, services, networks, volumes
	return own, nil
}

// Only leaves of a project some services and those that they are made of. Nobody waits for the others any more.
func Only(p *types.Project, names ...string) *types.Project {
	kept := types.Services{}
	for len(names) > 0 {
		name := names[0]
		names = names[1:]
		s, there := p.Services[name]
		if _, known := kept[name]; known || !there {
			continue
		}
		for other := range p.Services {
			if needs(s, other) != "" {
				names = append(names, other)
			}
		}
		kept[name] = s
	}
	for name, s := range kept {
		s.DependsOn = maps.Clone(s.DependsOn)
		maps.DeleteFunc(s.DependsOn, func(other string, _ types.ServiceDependency) bool {
			_, there := kept[other]
			return !there
		})
		kept[name] = s
	}
	own := *p
	own.Services = kept
	return &own
}

// undisturbed is a service with nothing around it.
func undisturbed(s types.ServiceConfig, labels map[string]string) types.ServiceConfig {
	s.Labels = labelled(s.Labels, labels)
	s.DependsOn, s.Ports, s.Links, s.ExternalLinks = nil, nil, nil, nil
	s.PostStart, s.PreStop, s.Develop = nil, nil, nil
	s.HealthCheck = &types.HealthCheckConfig{Disable: true}
	s.Restart = types.RestartPolicyNo
	return s
}

// apart is a network of another name.
func apart(n types.NetworkConfig, name string, labels map[string]string) types.NetworkConfig {
	n.Name = name
	n.Labels = labelled(n.Labels, labels)
	for _, pool := range n.Ipam.Config {
		if pool.Subnet != "" {
			n.Ipam.Config = []*types.IPAMPool{{Subnet: localRange(name)}}
		}
	}
	return n
}
