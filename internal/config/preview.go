package config

import (
	"time"

	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// Preview is the part about what to boot.
type Preview struct {
	Compose  []string
	Profiles []string
	Without  []string
	EnvFiles map[string]string // what to read in place of a missing file
	Build    map[string]string // variables for builds alone
	Database string            // the service
	// DatabaseName is the database in it that the archive is for, and Databases
	// are the archives of further ones.
	DatabaseName string
	Databases    map[string]string
	Migrate      *Migrate
	Expose       map[string]int
	Expires      time.Duration
	KeepSeeds    *int64 // bytes; nil: provision.DefaultSeedSpace; 0: none
	Environment  map[string]string
	// EnvironmentUnset says that a value here, in Build or in Databases names a
	// variable that is not set. Only up minds.
	EnvironmentUnset error
	Mounts           map[string]string // paths of the checkout → copy, empty or shared
	Allow            []string
	Port             int
	Domain           string
	Public           *bool // nil: where nobody else can reach the preview
	ACME             gateway.ACME
	Wildcard         Wildcard
}

// Migrate is the migration command and where it runs.
type Migrate struct {
	Service string
	Command []string
}

func (p *Preview) fields() []field {
	return []field{
		{name: "compose", decode: texts(&p.Compose)},
		{name: "profiles", decode: texts(&p.Profiles)},
		{name: "without", decode: texts(&p.Without)},
		{name: "env_files", decode: entries(func(file string) decodeFunc { return p.envFile(file) })},
		{name: "build", decode: entries(func(name string) decodeFunc { return p.variable(&p.Build, name) })},
		{name: "database", decode: p.database},
		{name: "migrate", fields: p.migrateFields()},
		{name: "expose", decode: entries(func(service string) decodeFunc { return p.expose(service) })},
		{name: "expires", decode: duration(&p.Expires)},
		{name: "keep_seeds", decode: size(&p.KeepSeeds)},
		{name: "environment", decode: entries(func(name string) decodeFunc { return p.variable(&p.Environment, name) })},
		{name: "mounts", decode: entries(func(path string) decodeFunc { return p.mount(path) })},
		{name: "allow", decode: texts(&p.Allow)},
		{name: "port", decode: within(&p.Port, 1, 65535)},
		{name: "domain", decode: domain(&p.Domain)},
		{name: "public", decode: p.openToAll},
		{name: "acme", fields: p.acmeFields()},
	}
}

func (p *Preview) migrateFields() []field {
	var m Migrate
	keep := func(inner decodeFunc) decodeFunc {
		return func(d *decoder, n node, where string) {
			inner(d, n, where)
			p.Migrate = &m
		}
	}
	return []field{
		{name: "service", decode: keep(text(&m.Service)), required: true},
		{name: "command", decode: keep(list(&m.Command))},
	}
}

// expose reads a service's port; without a value the port is found.
func (p *Preview) expose(service string) decodeFunc {
	return func(d *decoder, n node, where string) {
		if p.Expose == nil {
			p.Expose = map[string]int{}
		}
		port := 0
		if !n.isNull() {
			within(&port, 1, 65535)(d, n, where)
		}
		p.Expose[service] = port
	}
}

// envFile reads the file to take in place of one that is missing.
func (p *Preview) envFile(missing string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var other string
		text(&other)(d, n, where)
		if other == "" && !d.failedSince(n) {
			d.problem(n, where+": no file", "name one that is checked in, such as .env.example")
		}
		if p.EnvFiles == nil {
			p.EnvFiles = map[string]string{}
		}
		p.EnvFiles[missing] = other
	}
}

func (p *Preview) variable(into *map[string]string, name string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var value string
		mayBeUnset(text(&value), &p.EnvironmentUnset)(d, n, where)
		if *into == nil {
			*into = map[string]string{}
		}
		(*into)[name] = value
	}
}

func (p *Preview) mount(path string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var value string
		text(&value)(d, n, where)
		if p.Mounts == nil {
			p.Mounts = map[string]string{}
		}
		p.Mounts[path] = value
	}
}
