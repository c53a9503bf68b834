// Package machine is the contract of those who have machines for previews.
//
//	Spec ──▶ Provider.Ensure ──▶ Machine ──▶ Provider.Connect ──▶ host.Host
//	                               ▲  │
//	labels ── Provider.List ───────┘  └────▶ Provider.Destroy ──▶ nothing
//
// All state of a machine is in labels that it was made with: there is no other
// record of it. A provider touches nothing that does not bear them.
package machine

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/repository"
)

// The labels of every machine. They read the same as those of what runs on it.
const (
	prefix          = "dev.offshoot."
	LabelPreview    = prefix + "preview"
	LabelRepository = prefix + "repository"
	LabelNumber     = prefix + "repository-id" // see package repository
	LabelExpires    = prefix + "expires"
)

// A Spec says which machine is wanted. Preview and Repository alone tell
// whether there is one already.
type Spec struct {
	Preview    string // id of the preview: a DNS label
	Repository string
	// Expires is when the machine ends itself, whatever becomes of us; zero:
	// never.
	Expires time.Time
	// Labels are put on the machine beside those of the fields above.
	Labels map[string]string
}

// A Machine is one that a provider has.
type Machine struct {
	ID         string            `json:"id"` // the provider's own
	Preview    string            `json:"preview"`
	Repository string            `json:"repository"`
	Number     string            `json:"repository_id,omitempty"` // of the repository, where its forge was asked
	State      State             `json:"state"`
	Address    string            `json:"address,omitempty"` // empty: it has none now
	Type       string            `json:"type,omitempty"`
	Zone       string            `json:"zone,omitempty"`
	Created    time.Time         `json:"created,omitzero"`
	Expires    time.Time         `json:"expires,omitzero"`
	Labels     map[string]string `json:"labels,omitempty"`
}

// State of a machine.
type State string

// The states of a machine. One that is gone is not listed.
const (
	Starting State = "starting"
	Running  State = "running"
	Stopping State = "stopping"
	Stopped  State = "stopped"
	Ending   State = "ending" // it is being destroyed
)

// A Filter narrows a list; empty fields match every machine of offshoot's.
type Filter struct {
	Preview    string
	Repository string // by its name
	Number     string // by its forge's number; beside a name: not those of that name with another number
}

// Matches tells whether a machine passes the filter.
func (f Filter) Matches(m Machine) bool {
	if f.Preview != "" && f.Preview != m.Preview {
		return false
	}
	if f.Repository == "" {
		return f.Number == "" || f.Number == m.Number
	}
	return f.Repository == m.Repository && repository.Same(f.Repository, f.Number, m.Repository, m.Number)
}

// ErrFixed says that a machine is not the provider's to stop.
var ErrFixed = errors.New("the machine is not offshoot's to stop")

// ErrGone says that there is no such machine.
var ErrGone = errors.New("no such machine")

var dnsLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Check refuses a spec that names no preview.
func (s Spec) Check() error {
	switch {
	case !dnsLabel.MatchString(s.Preview):
		return hint.Usage(fmt.Errorf("preview %q: not a DNS label", s.Preview), "")
	case s.Repository == "":
		return hint.Usage(fmt.Errorf("preview %s: no repository", s.Preview), "run offshoot in a git checkout")
	}
	return nil
}

// AllLabels are the labels that a machine of the spec bears.
func (s Spec) AllLabels() map[string]string {
	labels := maps.Clone(s.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[LabelPreview], labels[LabelRepository] = s.Preview, s.Repository
	delete(labels, LabelExpires)
	if !s.Expires.IsZero() {
		labels[LabelExpires] = s.Expires.UTC().Format(time.RFC3339)
	}
	return labels
}

// SetLabels reads back what AllLabels wrote.
func (m *Machine) SetLabels(labels map[string]string) {
	m.Labels, m.Preview = labels, labels[LabelPreview]
	m.Repository, m.Number = labels[LabelRepository], labels[LabelNumber]
	m.Expires, _ = time.Parse(time.RFC3339, labels[LabelExpires])
}

// SameOwner refuses a machine whose preview has the wanted name and belongs to
// another repository.
func (s Spec) SameOwner(m Machine) error {
	if repository.Same(s.Repository, s.Labels[LabelNumber], m.Repository, m.Number) {
		return nil
	}
	return hint.Usage(fmt.Errorf("preview %s has a machine of %s, not of %s", s.Preview, m.Repository, s.Repository),
		"set another project name in offshoot.yaml")
}
