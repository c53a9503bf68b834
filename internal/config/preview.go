package config

import (
	"slices"
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
	DatabaseName  string
	Databases     map[string]string
	Migrate       *Migrate
	Rehearse      bool
	Expose        map[string]int
	Expires       time.Duration
	KeepTemplates *int64 // bytes; nil: provision.DefaultTemplateSpace; 0: none
	Environment   map[string]string
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
	Down    []string // nil: none is rehearsed
}

func (p *Preview) fields() []field {
	return slices.Concat(p.composeFields(), p.dataFields(), p.runFields(), p.linkFields())
}

func (p *Preview) composeFields() []field {
	return []field{
		{
			name: "compose", value: texts(&p.Compose),
			about:  "compose files relative to this one, in the order in which they are merged",
			absent: "Compose's own names",
		},
		{
			name: "profiles", value: texts(&p.Profiles),
			about:  "profiles of the compose file to activate",
			absent: "those of `COMPOSE_PROFILES` in `.env` or `preview.environment`",
		},
		{
			name: "without", value: texts(&p.Without),
			about:  "services to leave out, such as a proxy in front of all; others no longer wait for them",
			absent: "none",
		},
		{
			name: "env_files", value: entries("<FILE>", p.envFile),
			about: "the file to read in place of a `.env`, or of an `env_file` of a service, that the checkout does " +
				"not have; " +
				"both names start from the folder of `offshoot.yaml`",
			absent: "none", example: map[string]any{".env": ".env.example"},
		},
		{
			name: "build", value: entries("<NAME>", func(name string) value { return p.variable(&p.Build, name) }),
			about: "a variable for `build.args` and `build.secrets` of the compose file alone: " +
				"no service gets it, and its value is not printed",
			absent: "none", example: map[string]any{"NPM_TOKEN": "${NPM_TOKEN}"},
		},
	}
}

func (p *Preview) dataFields() []field {
	return []field{
		{
			name: "database", value: p.database(),
			about:  "the PostgreSQL service; or `{service, name, databases}`",
			absent: "the only service with a PostgreSQL image",
		},
		{
			name: "migrate", value: section(p.migrateFields()),
			about: "how to bring the database to the branch's schema",
		},
		{
			name: "rehearse", value: yesNo(&p.Rehearse),
			about: "whether the migration is [rehearsed](rehearsal.md) as well: watched on a clone of the database, " +
				"to tell what it would do to production",
			absent: "`true`",
		},
	}
}

func (p *Preview) runFields() []field {
	return []field{
		{
			name: "expose", value: entries("<service>", p.expose),
			about:  "the container's port that answers HTTP; without a number it is found",
			absent: "services with a published port, as far as it answers HTTP",
		},
		{
			name: "expires", value: duration(&p.Expires),
			about:  "how long the preview lives, such as `72h`, `3d` or `never`",
			absent: "`72h`",
		},
		{
			name: "keep_templates", former: "keep_seeds", value: size(&p.KeepTemplates),
			about: "the most that [templates](previews.md) may take on the machine; the one just made stays in any " +
				"case; " +
				"`0`: none are made",
			absent: "`20GB`", example: "50GB",
		},
		{
			name: "environment", value: entries("<NAME>", func(name string) value {
				return p.variable(&p.Environment,
					name)
			}),
			about:  "a variable for every service and for interpolation in the compose file",
			absent: "none",
		},
		{
			name: "mounts", value: entries("<path>", p.mount),
			about: "what a preview gets where services mount that path of the checkout: `copy`, `empty` (an empty " +
				"folder) " +
				"or `shared` (the checkout's own); see [Previews](previews.md#files-of-the-checkout)",
			absent: "`copy`",
		},
		{
			name: "allow", value: texts(&p.Allow),
			about:  "permissions of the compose file, as the refusal names them",
			absent: "none",
		},
	}
}

func (p *Preview) linkFields() []field {
	return []field{
		{
			name: "port", value: within(&p.Port, 1, 65535),
			about:  "port of the gateway, on 127.0.0.1 only",
			absent: "`8480`",
		},
		{
			name: "domain", value: domain(&p.Domain),
			about: "what the host names of previews end with: `shop-pr-12.<domain>`. DNS has to lead every name " +
				"below it to " +
				"the machine, and ports 80 and 443 have to be free there; `{ip}` stands for the machine's address. " +
				"See [Previews](previews.md#for-other-computers)",
			absent: "this computer only; on EC2 the machine's address",
		},
		{
			name: "public", value: p.openToAll(),
			about: "`true`: everybody who can reach a preview sees it; `false`: one has to sign in, also on this " +
				"computer",
			absent: "a sign-in where other computers can reach it",
		},
		{name: "acme", value: section(p.acmeFields()), about: "where certificates come from; Let's Encrypt by default"},
	}
}

func (p *Preview) migrateFields() []field {
	var m Migrate
	keep := func(inner value) value {
		read := inner.read
		inner.read = func(d *decoder, n node, where string) {
			read(d, n, where)
			p.Migrate = &m
		}
		return inner
	}
	return []field{
		{
			name: "service", value: keep(text(&m.Service)), required: true,
			about:  "the service in whose container the migration command runs once",
			absent: "nothing to migrate",
		},
		{
			name: "command", value: keep(list(&m.Command)),
			about:  "the migration command as argv, no shell",
			absent: "the service's own command",
		},
		{
			name: "down", value: keep(list(&m.Down)),
			about: "the command that takes a migration back, as argv; a rehearsal runs it after the migration and " +
				"tells whether the schema is as before",
			absent: "none is rehearsed",
		},
	}
}

// expose reads a service's port; without a value the port is found.
func (p *Preview) expose(service string) value {
	known := anyOf(&schema{Type: "null"}, within(new(int), 1, 65535).schema)
	return value{schema: known, read: func(d *decoder, n node, where string) {
		if p.Expose == nil {
			p.Expose = map[string]int{}
		}
		port := 0
		if !n.isNull() {
			within(&port, 1, 65535).read(d, n, where)
		}
		p.Expose[service] = port
	}}
}

// envFile reads the file to take in place of one that is missing.
func (p *Preview) envFile(missing string) value {
	return value{schema: &schema{Type: "string", Shortest: 1}, read: func(d *decoder, n node, where string) {
		var other string
		text(&other).read(d, n, where)
		if other == "" && !d.failedSince(n) {
			d.problem(n, where+": no file", "name one that is checked in, such as .env.example")
		}
		if p.EnvFiles == nil {
			p.EnvFiles = map[string]string{}
		}
		p.EnvFiles[missing] = other
	}}
}

func (p *Preview) variable(into *map[string]string, name string) value {
	return value{schema: refer("text"), read: func(d *decoder, n node, where string) {
		var value string
		mayBeUnset(text(&value), &p.EnvironmentUnset).read(d, n, where)
		if *into == nil {
			*into = map[string]string{}
		}
		(*into)[name] = value
	}}
}

func (p *Preview) mount(path string) value {
	return value{schema: words("copy", "empty", "shared"), read: func(d *decoder, n node, where string) {
		var value string
		text(&value).read(d, n, where)
		if p.Mounts == nil {
			p.Mounts = map[string]string{}
		}
		p.Mounts[path] = value
	}}
}
