package config

import (
	"errors"
	"strings"
)

// database reads the name of the service, or {service, name, databases}.
func (p *Preview) database(d *decoder, n node, where string) {
	if !n.isMapping() {
		text(&p.Database)(d, n, where)
		return
	}
	d.mapping(n, where, []field{
		{name: "service", decode: text(&p.Database)},
		{name: "name", decode: databaseName(&p.DatabaseName)},
		{name: "databases", decode: entries(func(name string) decodeFunc { return p.otherDatabase(name) })},
	})
}

func databaseName(into *string) decodeFunc {
	return func(d *decoder, n node, where string) {
		text(into)(d, n, where)
		if err := CheckDatabaseName(*into); *into != "" && err != nil {
			d.problem(n, where+": "+err.Error(), "")
		}
	}
}

// otherDatabase reads the archive of a further database of the server.
func (p *Preview) otherDatabase(name string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var file string
		mayBeUnset(text(&file), &p.EnvironmentUnset)(d, n, where)
		if err := CheckDatabaseName(name); err != nil {
			d.problem(n, where+": "+err.Error(), "")
			return
		}
		if p.Databases == nil {
			p.Databases = map[string]string{}
		}
		p.Databases[name] = file
	}
}

// CheckDatabaseName refuses what PostgreSQL would cut off or not take.
func CheckDatabaseName(name string) error {
	if name == "" || len(name) > 63 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errors.New("not the name of a database: 1 to 63 bytes, without control characters")
	}
	return nil
}
