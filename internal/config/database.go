package config

import (
	"errors"
	"strings"
)

// database reads the name of the service, or {service, name, databases}.
func (p *Preview) database() value {
	service, more := text(&p.Database), section(p.databaseFields())
	return value{
		fields: more.fields, schema: anyOf(service.schema, more.schema),
		read: func(d *decoder, n node, where string) {
			if n.isMapping() {
				more.read(d, n, where)
				return
			}
			service.read(d, n, where)
		},
	}
}

func (p *Preview) databaseFields() []field {
	others := entries("<name>", p.otherDatabase)
	return []field{
		{
			name: "service", value: text(&p.Database),
			about: "the PostgreSQL service", absent: "the only service with a PostgreSQL image",
		},
		{
			name: "name", value: databaseName(&p.DatabaseName),
			about:  "the [database](previews.md#the-database) in it that the archive goes into",
			absent: "`POSTGRES_DB`, else the one that the other services name, else the user's",
		},
		{
			name: "databases", value: others.as(others.schema.named(&schema{Shortest: 1, Longest: maxDatabaseName})),
			about: "an archive for a further database of the same server: a file relative to this one, or at " +
				"`s3://`; `--archive NAME=FILE` wins over it",
			absent: "none",
		},
	}
}

func databaseName(into *string) value {
	known := &schema{Type: "string", Longest: maxDatabaseName}
	return value{schema: known, read: func(d *decoder, n node, where string) {
		text(into).read(d, n, where)
		if err := CheckDatabaseName(*into); *into != "" && err != nil {
			d.problem(n, where+": "+err.Error(), "")
		}
	}}
}

// otherDatabase reads the archive of a further database of the server.
func (p *Preview) otherDatabase(name string) value {
	return value{schema: &schema{Type: "string"}, read: func(d *decoder, n node, where string) {
		var file string
		mayBeUnset(text(&file), &p.EnvironmentUnset).read(d, n, where)
		if err := CheckDatabaseName(name); err != nil {
			d.problem(n, where+": "+err.Error(), "")
			return
		}
		if p.Databases == nil {
			p.Databases = map[string]string{}
		}
		p.Databases[name] = file
	}}
}

// maxDatabaseName is how many bytes PostgreSQL takes.
const maxDatabaseName = 63

// CheckDatabaseName refuses what PostgreSQL would cut off or not take.
func CheckDatabaseName(name string) error {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if name == "" || len(name) > maxDatabaseName || strings.ContainsFunc(name, control) {
		return errors.New("not the name of a database: 1 to 63 bytes, without control characters")
	}
	return nil
}
