package pgtool

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
)

// variables are the settings of a connection string that pgconn resolves into
// something other than text, with the variable libpq reads each from.
// https://www.postgresql.org/docs/current/libpq-envars.html
var variables = map[string]string{
	"hostaddr":                 "PGHOSTADDR",
	"passfile":                 "PGPASSFILE",
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
// string is read in one place, so both reach the same server.
func Environ(connection string) ([]string, error) {
	config, err := conninfo.Parse(connection)
	if err != nil {
		return nil, err
	}
	return environ(context.Background(), connection, &config.Config, conninfo.Server{})
}

// environ leads to one server, or to all that the string names, in order.
func environ(
	ctx context.Context, connection string, config *pgconn.Config, at conninfo.Server,
) ([]string, error) {
	settings, err := conninfo.Settings(connection)
	if err != nil {
		return nil, err
	}
	servers := conninfo.Servers(config)
	password, err := commonPassword(ctx, config, servers)
	if err != nil {
		return nil, err
	}
	hosts, ports := addresses(servers)
	env := append(base(),
		"PGHOST="+hosts, "PGPORT="+ports, "PGUSER="+config.User, "PGDATABASE="+config.Database,
		"PGPASSWORD="+password, "PGAPPNAME=offshoot",
	)
	var rest []string
	for setting, variable := range variables {
		value, ok := settings[setting]
		if !ok {
			value, ok = os.LookupEnv(variable)
		}
		if ok && value != "" {
			rest = append(rest, variable+"="+value)
		}
	}
	slices.Sort(rest)
	env = append(env, rest...)
	if at != (conninfo.Server{}) {
		env = set(set(env, "PGHOSTADDR", at.IP), "PGTARGETSESSIONATTRS", "")
	}
	return env, nil
}

// commonPassword is that of all servers. Where each has its own they are in a file,
// which the programs read too.
func commonPassword(ctx context.Context, config *pgconn.Config, servers []conninfo.Server) (string, error) {
	first, err := conninfo.PasswordFor(ctx, config, servers[0])
	if err != nil {
		return "", err
	}
	for _, s := range servers[1:] {
		if next, err := conninfo.PasswordFor(ctx, config, s); err != nil || next != first {
			return "", err
		}
	}
	return first, nil
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

// addresses joins the hosts and their ports as libpq wants them.
func addresses(servers []conninfo.Server) (hosts, ports string) {
	var h, p []string
	for _, s := range servers {
		h, p = append(h, s.Host), append(p, fmt.Sprint(s.Port))
	}
	return strings.Join(h, ","), strings.Join(p, ",")
}
