// Package conninfo reads connection strings, as psql takes them: a URL, or pairs
// of a keyword and a value.
//
//	text ──▶ names and values ──▶ each one known, and well? ──▶ what pgx is to do
//	                          └──▶ what PostgreSQL's programs are to do (internal/pgtool)
//
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
package conninfo

import (
	"cmp"
	"errors"
	"maps"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Parse reads a connection string, with what it leaves to the environment, to
// ~/.pgpass and to a service file. An error names the parameter that is wrong,
// and never a value: every part of a malformed string may be a part of the
// password.
func Parse(text string) (*pgx.ConnConfig, error) { return parse(text, nil) }

func parse(text string, way *Way) (*pgx.ConnConfig, error) {
	given, err := Read(text)
	if err != nil {
		return nil, err
	}
	file, settings, err := service(given)
	if err != nil {
		return nil, err
	}
	maps.Copy(settings, given)
	text = with(completed(text, given), "passfile", os.DevNull) // whose passwords are looked up here
	if file != "" {
		text = with(text, "servicefile", file)
	}
	config, err := pgx.ParseConfig(text)
	if err != nil {
		return nil, cmp.Or(unreadable(settings), malformed())
	}
	if err := adapt(config, way); err != nil {
		return nil, err
	}
	remember(&config.Config)
	return config, way.signIn(&config.Config, passwords(&config.Config, settings))
}

// Read returns the parameters that a connection string spells out itself, but
// for what a URL says in front of its question mark.
func Read(text string) (map[string]string, error) {
	if strings.TrimSpace(text) == "" {
		return nil, hint.Usage(errors.New("no connection string"), "give %s", form)
	}
	if err := ofLibrary(text); err != nil {
		return nil, err
	}
	pairs, err := split(text)
	if err != nil {
		return nil, err
	}
	given := map[string]string{}
	before := "" // the name of the pair before
	for _, p := range pairs {
		if err := p.check(); err != nil {
			return nil, p.said(before, err)
		}
		given[p.name], before = p.value, p.name
	}
	if given["requiressl"] == "1" && given["sslmode"] == "" {
		given["sslmode"] = "require"
	}
	return given, nil
}

// completed has the text say what pgx would take from elsewhere.
func completed(text string, given map[string]string) string {
	if given["requiressl"] == "1" && given["sslmode"] == "require" {
		text = with(text, "sslmode", "require")
	}
	addresses := or(given["hostaddr"], "PGHOSTADDR")
	if addresses != "" && or(given["host"], "PGHOST") == "" && given["service"] == "" && !namesHost(text) {
		text = with(text, "host", addresses)
	}
	return text
}

// unreadable names the parameter whose file cannot be read, if there is one.
func unreadable(settings map[string]string) error {
	for _, name := range []string{"sslrootcert", "sslcert", "sslkey"} {
		path := or(settings[name], "PG"+strings.ToUpper(name))
		if path == "" || path == "system" {
			continue
		}
		if _, err := os.ReadFile(path); err != nil {
			return hint.Usage(&ParameterError{name, "its file cannot be read"},
				"mend the parameter %s of the connection string, or put the file there", name)
		}
	}
	return nil
}

const form = "postgres://user:password@host:5432/database"

func malformed() error {
	return hint.Usage(errors.New("not a PostgreSQL connection string"),
		"give %s, with special characters in the password percent-encoded", form)
}
