package provision

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/docker/client"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/repository"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// Status is one preview of an engine.
type Status struct {
	Preview    Preview   `json:"preview"`
	State      State     `json:"state"`
	Generation int       `json:"generation"` // that serves, or else the newest
	Commit     string    `json:"commit,omitempty"`
	Archive    string    `json:"archive,omitempty"`  // sha256
	Database   string    `json:"database,omitempty"` // service
	Created    time.Time `json:"created,omitzero"`
	Expires    time.Time `json:"expires,omitzero"`
	Links      []Link    `json:"links"`
	Services   []Service `json:"services"`
	// Down are the services that ought to run and have ended.
	Down []string `json:"down,omitempty"`
	// Gone is what somebody removed, as one says it: "the container of web".
	Gone []string `json:"gone,omitempty"`
	// Unreachable says that the gateway does not run, so that no link answers.
	Unreachable bool `json:"unreachable,omitempty"`
	// Machine is the one that the preview has for itself; nil: it has none.
	Machine *machine.Machine `json:"-"`
	// Stale are the generations beside the one that serves which nobody makes
	// any more: runs that were killed left them.
	Stale []int `json:"stale,omitempty"`
}

// State of a preview.
type State string

// The states of a preview.
const (
	Serving    State = "serving"
	Starting   State = "starting"    // the first generation is being made
	Updating   State = "updating"    // stopped while its data is carried over
	Asleep     State = "asleep"      // stopped on request
	Ended      State = "down"        // all has ended that ought to run: the engine was restarted, or it crashed
	PartlyDown State = "partly down" // some of it has
	Broken     State = "broken"      // what it cannot be started without was removed by somebody
	Incomplete State = "incomplete"  // left by a run that was killed or told to keep it
)

// Service is one service of the generation, as it is now.
type Service struct {
	Name     string `json:"name"`
	State    string `json:"state"` // as the engine calls it
	Health   string `json:"health,omitempty"`
	ExitCode int    `json:"exit_code,omitempty"`
}

// Filter narrows a list; empty fields match everything.
type Filter struct {
	Repository   string // by its name
	RepositoryID string // by its forge's number; beside a name it is compared where both are known
	ID           string
}

// matches tells whether a preview passes the filter.
func (f Filter) matches(p Preview) bool {
	if f.ID != "" && f.ID != p.ID {
		return false
	}
	if f.Repository == "" {
		return f.RepositoryID == "" || f.RepositoryID == p.RepositoryID
	}
	return repository.Same(cleanRepository(f.Repository), f.RepositoryID, p.Repository, p.RepositoryID)
}

// List reads the previews of an engine back from its labels, by id.
func (e Engine) List(ctx context.Context, filter Filter) ([]Status, error) {
	engineID, err := e.Docker.ID(ctx)
	if err != nil {
		return nil, err
	}
	s, err := look(ctx, e.Docker.Client(), filter.ID)
	if err != nil {
		return nil, err
	}
	current, reachable, err := e.findGateway(ctx)
	if err != nil {
		return nil, err
	}
	at := e.wantedEntrance(current)
	if reachable {
		at, reachable = entranceOf(current), current.State.Running
	}
	of := map[string]string{labelPreview: filter.ID}
	containers, err := compose.List(ctx, e.Docker, of) // once for all previews
	if err != nil {
		return nil, err
	}
	found := []Status{}
	for _, id := range s.previews() {
		g := s.generation(id, s.shown(id))
		if !filter.matches(g.Preview) {
			continue
		}
		status := e.status(ctx, s, g, engineID)
		status.Services = servicesOf(g, containers)
		status.Links, status.Unreachable = g.links(at), !reachable
		loss, err := lost(ctx, e.Docker.Client(), s, g)
		if err != nil {
			return nil, err
		}
		status.told(loss)
		found = append(found, status)
	}
	return found, nil
}

// shown is the generation that is meant when somebody names the preview: the
// one that serves, or else the newest.
func (s survey) shown(id string) int {
	if serving := s.serving(id); serving > 0 {
		return serving
	}
	newest := 0
	for _, number := range s.generations(id) {
		newest = number
	}
	return newest
}

func (e Engine) status(ctx context.Context, s survey, g generation, engineID string) Status {
	id := g.Preview.ID
	status := Status{
		Preview: g.Preview, State: s.state(id), Generation: g.Number, Commit: g.Commit,
		Archive: g.Archive, Database: g.Database, Expires: g.Expires,
	}
	status.Stale = s.stale(id, time.Now())
	if (status.State == Incomplete || len(status.Stale) > 0) && e.isHeld(ctx, engineID, id) {
		status.Stale = nil
		if status.State == Incomplete {
			status.State = Starting
		}
	}
	for _, kind := range []mark{markServing, markBegun} {
		if marker, ok := s.marker(id, g.Number, kind); ok {
			status.Created = marker.Created
			break
		}
	}
	return status
}

// servicesOf are the services of one generation.
func servicesOf(g generation, containers []compose.Container) []Service {
	services := []Service{}
	for _, c := range containers {
		of := generationOf(c.Labels)
		if c.OneOff || c.Labels[labelKeeper] != "" || of.Preview.ID != g.Preview.ID || of.Number != g.Number {
			continue
		}
		services = append(services, Service{Name: c.Service, State: c.State, Health: c.Health, ExitCode: c.ExitCode})
	}
	return services
}

// state is what the markers say.
func (s survey) state(id string) State {
	serving := s.serving(id)
	if serving == 0 {
		return Incomplete
	}
	if _, stopped := s.marker(id, serving, markStopped); stopped {
		return Updating
	}
	if _, asleep := s.marker(id, serving, markAsleep); asleep {
		return Asleep
	}
	return Serving
}

// Get is the status of one preview, or ErrNoPreview.
func (e Engine) Get(ctx context.Context, p Preview) (Status, error) {
	if err := e.owned(ctx, p); err != nil { // of no id too, which a filter takes for any
		return Status{}, err
	}
	found, err := e.List(ctx, Filter{ID: p.ID})
	if err != nil {
		return Status{}, err
	}
	if len(found) == 0 {
		return Status{}, noPreview(p.ID)
	}
	return found[0], nil
}

// owned is ErrNoPreview unless there is something of this preview, and
// *OthersError where its id is that of another repository's, with a project of
// the same name.
func (e Engine) owned(ctx context.Context, preview Preview) error {
	s, err := lookAt(ctx, e.Docker.Client(), preview.ID)
	if err != nil {
		return err
	}
	return s.of(preview)
}

// of is *OthersError when anything is of another repository than the preview,
// where that is known.
func (s survey) of(preview Preview) error {
	for _, labels := range s.labels() {
		if other := previewOf(labels); preview.Repository != "" && !preview.SameRepository(other) {
			return others(preview, other)
		}
	}
	return nil
}

// find surveys one preview and picks the generation that is meant.
func (e Engine) find(ctx context.Context, p Preview) (survey, generation, error) {
	s, err := lookAt(ctx, e.Docker.Client(), p.ID)
	if err == nil {
		err = s.of(p)
	}
	if err != nil {
		return s, generation{}, err
	}
	return s, s.generation(p.ID, s.shown(p.ID)), nil
}

func lookAt(ctx context.Context, api client.APIClient, id string) (survey, error) {
	if id == "" {
		return survey{}, noPreview(id)
	}
	s, err := look(ctx, api, id)
	if err == nil && len(s.labels()) == 0 {
		return s, noPreview(id)
	}
	return s, err
}

func noPreview(id string) error {
	return hint.Wrap(fmt.Errorf("%s: %w", id, ErrNoPreview), "run offshoot list to see them")
}
