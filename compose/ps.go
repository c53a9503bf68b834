package compose

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/compose/v5/pkg/api"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// Container is a container as the engine lists it.
type Container struct {
	ID, Name, Image string
	// Project and Service are those of compose; OneOff is one made by Run.
	Project, Service string
	OneOff           bool
	// State is created, running, restarting, exited, paused, dead or removing;
	// Status is the engine's own line, such as "Up 2 minutes (healthy)".
	State, Status string
	// Health is healthy, unhealthy, starting, or empty without a health check.
	Health string
	// ExitCode of an exited or restarting container.
	ExitCode int
	Created  time.Time
	Labels   map[string]string
	// Networks maps the name of a network to the address in it.
	Networks map[string]string
}

// Ps lists the containers of the stack, one-offs included, by name.
func (s *Stack) Ps(ctx context.Context) ([]Container, error) {
	return List(ctx, s.engine, map[string]string{api.ProjectLabel: s.project.Name})
}

// List lists the containers that have all the labels, by name. An empty value
// matches any.
func List(ctx context.Context, e *Engine, labels map[string]string) ([]Container, error) {
	found, err := e.Client().ContainerList(ctx, container.ListOptions{All: true, Filters: byLabel(labels)})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	containers := make([]Container, 0, len(found))
	for _, c := range found {
		containers = append(containers, summary(c))
	}
	slices.SortFunc(containers, func(a, b Container) int { return strings.Compare(a.Name, b.Name) })
	return containers, nil
}

func summary(c container.Summary) Container {
	listed := Container{
		ID: c.ID, Image: c.Image, Project: c.Labels[api.ProjectLabel], Service: c.Labels[api.ServiceLabel],
		State: c.State, Status: c.Status, Created: time.Unix(c.Created, 0), Labels: c.Labels,
		Networks: map[string]string{},
	}
	listed.Health, listed.ExitCode = readStatus(c.Status)
	if len(c.Names) > 0 {
		listed.Name = strings.TrimPrefix(c.Names[0], "/")
	}
	if service := c.Labels[oneOffLabel]; service != "" {
		listed.Service, listed.OneOff = service, true
	}
	if c.NetworkSettings != nil {
		for name, n := range c.NetworkSettings.Networks {
			listed.Networks[name] = n.IPAddress
		}
	}
	return listed
}

var (
	healthStatus = regexp.MustCompile(`\((?:health: )?(healthy|unhealthy|starting)\)$`)
	exitStatus   = regexp.MustCompile(`^(?:Exited|Restarting) \((\d+)\)`)
)

// readStatus reads what a list of containers tells in its status line only.
func readStatus(status string) (health string, exitCode int) {
	if m := healthStatus.FindStringSubmatch(status); m != nil {
		health = m[1]
	}
	if m := exitStatus.FindStringSubmatch(status); m != nil {
		exitCode, _ = strconv.Atoi(m[1])
	}
	return health, exitCode
}

func byLabel(labels map[string]string) filters.Args {
	args := filters.NewArgs()
	for _, k := range sorted(labels) {
		if labels[k] == "" {
			args.Add("label", k)
			continue
		}
		args.Add("label", k+"="+labels[k])
	}
	return args
}
