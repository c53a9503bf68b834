// Package provision makes, updates and removes previews on a container engine.
//
//	Identify ─► Up: lock ─► files ─► gateway, database, load ─┬─► migrate ─┬─► start ─► ready ─► route
//	                              └► images ──────────────────┴─► create ──┘                       │
//	generation N serves ───────────────────────────────────── requests go to N+1 ◄─────────────────┘
//	                                                          N is removed
//
// What does not need the other goes on at the same time: see tasks.go.
//
// Every Up boots a complete new generation of the preview, a compose project
// with its own networks and its own database, beside the one that serves. When
// the new one is ready a marker is made, which is the moment of the switch,
// the gateway is told, and the old generation is removed. Until then a failure
// removes the new generation and leaves the old one as it was.
//
// All state is in labels of engine objects: see labels.go for which, and
// survey for how they are read back. What a killed run leaves is a generation
// without a marker, or a marker with a higher one beside it; the next Up or
// Down removes both.
package provision

import (
	"context"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// An Engine is where previews run: Docker's, and what offshoot needs beside it.
// Package provision/docker connects to this computer's.
type Engine struct {
	Docker *compose.Engine
	// Binary is an offshoot executable for the engine's platform, which the
	// gateway's container runs. Only Up needs it.
	Binary string
	// Missing says why there is no Binary.
	Missing error
	// Port is where the gateway is published on the loopback interface; 0 is
	// gateway.DefaultPort, or where it is published already.
	Port int
	// Front makes the gateway one for other computers instead; the zero value:
	// as it is, or on the loopback interface.
	Front Front
	// Gateway names the gateway's container, and through it those previews that
	// it serves; empty: offshoot-gateway. Tests that share an engine differ.
	Gateway string
	// Locks is the folder of the lock files, shared by all users of the
	// machine; empty: /tmp/offshoot-locks.
	Locks string
}

// Options say what to bring up.
type Options struct {
	Preview Preview
	Commit  string
	Version string // of offshoot

	Source   compose.Source // where the compose project is
	Database string         // its PostgreSQL service; empty: found
	// DatabaseName is the database in it that the archive goes into; empty: the
	// one that the service's environment names, or else the other services'.
	DatabaseName string         `json:",omitempty"`
	Expose       map[string]int // services to show and their ports; empty: found
	Migrate      *Migrate       // nil: nothing to migrate
	// Rehearse has the migration watched on a clone of the database as well, beside the stack while that starts.
	Rehearse bool `json:",omitempty"`
	// RehearseTime bounds the migration in a rehearsal, and twice that all of it; 0: 7.5 minutes.
	RehearseTime time.Duration `json:",omitempty"`

	// Code are statements of the code that runs now, beside those that the archive tells of: a rehearsal says which of
	// them no longer work.
	Code []compat.Statement `json:",omitempty"`

	// Mounts decide about paths of the checkout that services mount, relative to
	// Source.Dir: copy, empty or shared. Without a decision it is a copy.
	Mounts map[string]string `json:",omitempty"`

	// Archive is a file that offshoot subset or pg_dump wrote: .sql, .sql.gz,
	// .sql.zst, .dump or .tar. Empty: the database is left as the compose
	// project's own scripts make it.
	Archive string

	// Archives are files for other databases of the same server, by their names.
	Archives map[string]string `json:",omitempty"`

	// Load says in the options where the archives are, once it is time for that: a
	// machine boots while a subset is made. What it makes is its caller's to remove.
	// Nil: they are there.
	Load func(ctx context.Context, o *Options) error `json:"-"`

	// ServerSettings are set in the database's server, written name=value, when the archive is loaded and before any
	// service is started; none without an archive.
	ServerSettings []string `json:"-"`

	// NoTemplate loads the archive even where a template of it could be cloned, and
	// leaves none.
	NoTemplate bool
	// TemplateSpace bounds the bytes of all templates on the machine; 0 is
	// DefaultTemplateSpace.
	TemplateSpace int64

	// KeepData carries the volumes of the serving generation over, so that the
	// database keeps what reviewers clicked in and no archive is loaded.
	KeepData bool
	// Keep leaves a generation that failed for a look at it; the next Up or
	// Down removes it.
	Keep bool

	// Public says whether the preview is for everybody who can reach it, or for
	// those who sign in; nil: for those who sign in where the machine has a
	// Front, else for everybody.
	Public *bool

	// Guard orders this run among others of the preview.
	Guard Guard `json:"-"`

	Expires time.Duration // from now; 0: never
	Timeout time.Duration // to wait until ready, at each wait; 0: 5 minutes

	Environment map[string]string // added to every service
	// Stranger says that code and compose file are of somebody whom nobody
	// trusts: neither pulls nor builds get a login, a secret or an SSH agent, and
	// no other preview uses a template or a cache mount of it.
	Stranger bool `json:",omitempty"`
	// Logins are for registries that the engine is to pull from, beside those
	// that this computer has of its own.
	Logins map[string]compose.Login `json:",omitempty"`

	CPUs   float32 // cap of every service; 0: nine tenths of the machine's
	Memory int64   // bytes, likewise; 0: three quarters
}

// Migrate is the command that brings the database to the branch's schema. It
// runs once, in a container of its own.
type Migrate struct {
	Service string
	Command []string // argv; empty: the service's own
	Down    []string // argv, of the same service, that takes a migration back; only rehearsals run it
}

// Result tells what Up did.
type Result struct {
	Preview    Preview `json:"preview"`
	Generation int     `json:"generation"`
	Commit     string  `json:"commit,omitempty"`
	Links      []Link  `json:"links"`            // the one to open first
	Access     *Access `json:"access,omitempty"` // nil: no sign-in is needed
	Loaded     *Loaded `json:"loaded,omitempty"`
	// LoadedOthers are the other databases of the server.
	LoadedOthers []Loaded  `json:"loaded_others,omitempty"`
	Migrated     *Migrated `json:"migrated,omitempty"`
	// Rehearsal tells what the migration does, and would do to production.
	Rehearsal *rehearse.Report `json:"rehearsal,omitempty"`
	// Rehearsing says, when the preview answers, that the rehearsal still goes on.
	Rehearsing bool `json:"rehearsing,omitempty"`

	Kept    bool             `json:"kept_data,omitempty"`
	Seeded  bool             `json:"seeded,omitempty"` // of Bake: a clone of the database is at hand
	Expires time.Time        `json:"expires,omitzero"`
	Timings []Timing         `json:"timings"`
	Changes []compose.Change `json:"changes"` // what the preview does differently from the compose file
	// Certificates is how it stands about those of the hosts, where it is reached
	// by HTTPS.
	Certificates []gateway.CertificateStatus `json:"certificates,omitempty"`
}

// A Link opens one service of a preview.
type Link struct {
	Service string `json:"service"`
	URL     string `json:"url"`
}

// Loaded tells what was loaded into the database.
type Loaded struct {
	Database string        `json:"database,omitempty"`
	Archive  string        `json:"archive"`
	SHA256   string        `json:"sha256"`
	Bytes    int64         `json:"bytes"` // of the file
	Took     time.Duration `json:"took"`
	Tables   []Table       `json:"tables,omitempty"` // the biggest first
	Cloned   string        `json:"cloned,omitempty"` // reflink or copy: how the template was, in place of loading
}

// Migrated tells how the migration went.
type Migrated struct {
	Output []string      `json:"output"` // its end
	Took   time.Duration `json:"took"`
}

// A Timing is how long a step took.
type Timing struct {
	Step Step          `json:"step"`
	Took time.Duration `json:"took"`
}
