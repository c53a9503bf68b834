package provision

import (
	"context"
	"errors"
	"time"
)

// Status is one preview of a machine.
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
}

// State of a preview.
type State string

// The states of a preview.
const (
	Serving    State = "serving"
	Starting   State = "starting"   // the first generation is being made
	Updating   State = "updating"   // stopped while its data is carried over
	Incomplete State = "incomplete" // left by a run that was killed or told to keep it
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
	Repository string
	ID         string
}

// List reads the previews of a machine back from its labels, by id.
func List(ctx context.Context, machine Machine, filter Filter) ([]Status, error) {
	return nil, errors.New("pending")
}

// Get is the status of one preview, or ErrNoPreview.
func Get(ctx context.Context, machine Machine, id string) (Status, error) {
	return Status{}, errors.New("pending")
}
