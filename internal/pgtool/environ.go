package pgtool

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// variables are the settings of a connection string that pgconn resolves into
// something other than text, with the variable libpq reads each from.
// https://www.postgresql.org/docs/current/libpq-envars.html
var variables = map[string]string{
	"sslmode":                  "PGSSLMODE",
	"sslnegotiation":           "PGSSLNEGOTIATION",
	"sslrootcert":              "PGSSLROOTCERT",
	"sslcert":                  "PGSSLCERT",
	"sslkey":                   "PGSSLKEY",
	"sslcertmode":              "PGSSLCERTMODE",
	"sslcrl":                   "PGSSLCRL",
	"sslcrldir":                "PGSSLCRLDIR",
	"sslsni":                   "PGSSLSNI",
	"ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
	"ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
	"channel_binding":          "PGCHANNELBINDING",
	"require_auth":             "PGREQUIREAUTH",
	"requirepeer":              "PGREQUIREPEER",
	"gssencmode":               "PGGSSENCMODE",
	"krbsrvname":               "PGKRBSRVNAME",
	"gsslib":                   "PGGSSLIB",
	"connect_timeout":          "PGCONNECT_TIMEOUT",
	"target_session_attrs":     "PGTARGETSESSIONATTRS",
	"options":                  "PGOPTIONS",
}

// inherited are the variables of ours that the programs get besides the PG…
// ones: what they need to run, to find certificates and to write temporary
// files. Messages are wanted in English, to be understood by Clean.
var inherited = []string{
	"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "KRB5CCNAME",
	"KRB5_CONFIG",
}

func base() []string {
	env := []string{"LC_ALL=C"}
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Environ returns the whole environment with which PostgreSQL's programs
// reach the database that a URL or keyword connection string names. The
// string is read as pgx reads it, so both reach the same server.
func Environ(connection string) ([]string, error) {
	config, err := pgconn.ParseConfig(connection)
	if err != nil {
		return nil, err // pgconn leaves the password out
	}
	given, err := settings(connection)
	if err != nil {
		return nil, err
	}
	hosts, ports := addresses(config)
	env := append(base(),
		"PGHOST="+hosts, "PGPORT="+ports, "PGUSER="+config.User, "PGDATABASE="+config.Database,
		"PGPASSWORD="+config.Password, "PGAPPNAME=offshoot",
	)
	var rest []string
	for setting, variable := range variables {
		value, ok := given[setting]
		if !ok {
			value, ok = os.LookupEnv(variable)
		}
		if ok && value != "" {
			rest = append(rest, variable+"="+value)
		}
	}
	slices.Sort(rest)
	return append(env, rest...), nil
}

// WithOption returns the environment with a setting for the sessions of the
// programs, after those that the user asks for. Neither needs quoting.
func WithOption(env []string, setting, value string) []string {
	env, option := slices.Clone(env), "-c "+setting+"="+value
	for i, pair := range env {
		if strings.HasPrefix(pair, "PGOPTIONS=") {
			env[i] += " " + option
			return env
		}
	}
	return append(env, "PGOPTIONS="+option)
}

// addresses joins the hosts and their ports as libpq wants them. pgconn lists
// a host again for each way of using TLS.
func addresses(config *pgconn.Config) (hosts, ports string) {
	type address struct {
		host string
		port uint16
	}
	all := []address{{config.Host, config.Port}}
	for _, f := range config.Fallbacks {
		if a := (address{f.Host, f.Port}); !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	var h, p []string
	for _, a := range all {
		h, p = append(h, a.host), append(p, fmt.Sprint(a.port))
	}
	return strings.Join(h, ","), strings.Join(p, ",")
}

// settings reads the names and values that a connection string spells out.
func settings(connection string) (map[string]string, error) {
	if !strings.HasPrefix(connection, "postgres://") && !strings.HasPrefix(connection, "postgresql://") {
		return keywords(connection)
	}
	u, err := url.Parse(connection)
	if err != nil {
		return nil, errors.New("invalid connection URL") // url.Error holds the URL, and so the password
	}
	given := map[string]string{}
	for name, values := range u.Query() {
		given[name] = values[0]
	}
	return given, nil
}

// keywords reads "name = value" pairs; a value may be in single quotes, and a
// backslash takes the next byte literally.
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
func keywords(s string) (map[string]string, error) {
	const space = " \t\r\n\f\v"
	given := map[string]string{}
	for s = strings.TrimLeft(s, space); s != ""; s = strings.TrimLeft(s, space) {
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			return nil, errors.New("invalid connection string: a name without =")
		}
		var value string
		value, s = word(strings.TrimLeft(rest, space))
		given[strings.TrimRight(name, space)] = value
	}
	return given, nil
}

// word splits off the first value.
func word(s string) (value, rest string) {
	quoted := strings.HasPrefix(s, "'")
	s = strings.TrimPrefix(s, "'")
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case quoted && c == '\'', !quoted && strings.IndexByte(" \t\r\n\f\v", c) >= 0:
			return b.String(), s[i+1:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}
