// Package config reads offshoot.yaml: what a subset keeps, what becomes of
// personal data, and what a preview boots and where.
//
//	Load -> Config.Parse -> one decoder with all mistakes, each with its line
//
// The file is checked here; whether a source or a machine can be reached is for
// the commands to find out. A fork's file is read by LoadForStranger, and counts
// only as far as ForStranger says.
package config

import (
	"time"

	"github.com/offshoot-dev/offshoot/subset/mask"
)

// Name is the file that is looked for.
const Name = "offshoot.yaml"

// DefaultExpires is how long a preview lives when nobody says.
const DefaultExpires = 72 * time.Hour

// Config is what offshoot.yaml says. Default returns that of no file at all.
// docs/offshoot.schema.json describes the same for editors.
type Config struct {
	Path string // of the file; empty when there is none
	Dir  string // the folder that relative paths start from

	Project string
	Source  string
	// Stranger says that the configuration is that of a fork: nothing of it is
	// made with a source, a key or a login of this computer.
	Stranger bool

	// SourceUnset says that source names a variable that is not set. Only a
	// command that reads the source minds: tearing a preview down must work
	// where the secrets are not.
	SourceUnset error

	Subset   Subset
	Mask     []mask.Rule         // in the order of the file
	Schema   []mask.LiteralRule  // for what the schema itself says, in the order of the file
	Scanned  map[string][]string // columns by table, nil before the first scan
	Privacy  mask.Privacy        // empty means strict
	Preview  Preview
	Pulls    Pulls
	Sweep    Sweep
	Provider string // of the machines: empty or docker, or ec2
	EC2      EC2
}

func (c *Config) fields() []field {
	return []field{
		{name: "project", decode: text(&c.Project)},
		{name: "source", decode: mayBeUnset(text(&c.Source), &c.SourceUnset)},
		{name: "subset", fields: c.Subset.fields()},
		{name: "preview", fields: c.Preview.fields()},
		{name: "pull_requests", fields: c.Pulls.fields()},
		{name: "sweep", fields: c.Sweep.fields()},
		{name: "provider", decode: provider(&c.Provider)},
		{name: "ec2", fields: c.EC2.fields()},
		{name: "mask", decode: masks(&c.Mask)},
		{name: "schema", decode: literals(&c.Schema)},
		{name: "scanned", decode: scanned(&c.Scanned)},
		{name: "privacy", decode: privacy(&c.Privacy)},
	}
}
