package config

import (
	"strings"

	"github.com/offshoot-dev/offshoot/internal/bastion"
)

// Way is how the source is reached where this computer is not in its network.
type Way struct {
	Via     string // ssh://user@host:port; empty: it is
	HostKey string // of that bastion; empty: the user's known_hosts has it
	Key     string // path of the private key; empty: OFFSHOOT_VIA_KEY, or the SSH agent
	Auth    string // AuthRDS; empty: the connection string's password
	Region  string // at AWS, for AuthRDS
}

// AuthRDS signs in to RDS and Aurora by rights at AWS.
const AuthRDS = "rds-iam"

// source reads a connection string, or {url, via, …}.
func (c *Config) source() value {
	known, more := text(&c.Source), section(c.sourceFields())
	return mayBeUnset(value{
		fields: more.fields, schema: anyOf(known.schema, more.schema),
		read: func(d *decoder, n node, where string) {
			if n.isMapping() {
				more.read(d, n, where)
				return
			}
			known.read(d, n, where)
		},
	}, &c.SourceUnset)
}

func (c *Config) sourceFields() []field {
	w := &c.Way
	return []field{
		{
			name: "url", value: text(&c.Source),
			about: "the database; `--source` and `OFFSHOOT_SOURCE` win over it", absent: "none",
			example: "${PRODUCTION_DATABASE_URL}",
		},
		{
			name: "via", value: via(&w.Via),
			about: "an SSH server in the database's network to [go through](subset.md#behind-a-bastion): " +
				"`ssh://user@host:port`; `--via` and `OFFSHOOT_VIA` win over it",
			absent: "none; the database is reached directly", example: "ssh://tunnel@bastion.example.com",
		},
		{
			name: "host_key", value: hostKey(&w.HostKey),
			about: "the public key of that server, or several, as `known_hosts` has them behind the name",
			absent: "those of the host in `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`; " +
				"one that is in neither is not connected to",
			example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx2KmeVf0oXkb5GmPVXH7K7mSwnmKLqX0SnyjAsk4Xy",
		},
		{
			name: "key", value: text(&w.Key),
			about: "the file with the private key to log in with, relative to this one; the key itself in " +
				"`OFFSHOOT_VIA_KEY` wins over it",
			absent: "the keys of the SSH agent",
		},
		{
			name: "auth", value: auth(&w.Auth),
			about: "how to [sign in](subset.md#amazon-rds-and-aurora): `rds-iam`, by rights at AWS, with a new token " +
				"for each connection",
			absent: "the password of the URL, the environment or `~/.pgpass`",
		},
		{
			name: "region", value: text(&w.Region), about: "of the database at AWS, for `rds-iam`",
			absent: "as the database's name says, or AWS's own configuration",
		},
	}
}

func auth(into *string) value {
	return value{schema: words(AuthRDS), read: func(d *decoder, n node, where string) {
		text(into).read(d, n, where)
		if *into != "" && *into != AuthRDS {
			d.problem(n, where+": unknown way to sign in", "use auth: "+AuthRDS+", or remove the line")
		}
	}}
}

func via(into *string) value {
	return value{schema: &schema{Type: "string"}, read: func(d *decoder, n node, where string) {
		text(into).read(d, n, where)
		if *into == "" {
			return
		}
		if _, err := bastion.Parse(*into); err != nil {
			d.wrap(n, err)
		}
	}}
}

func hostKey(into *string) value {
	return value{schema: refer("texts"), read: func(d *decoder, n node, where string) {
		var lines []string
		texts(&lines).read(d, n, where)
		*into = strings.Join(lines, "\n")
		if *into != "" && bastion.CheckHostKey(*into) != nil {
			d.problem(n, where+": no public key of a host", "write it like ssh-ed25519 AAAA…")
		}
	}}
}
