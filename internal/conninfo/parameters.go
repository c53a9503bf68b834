package conninfo

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// ParameterError says which parameter of a connection string is wrong, and how.
type ParameterError struct{ Name, What string }

func (e *ParameterError) Error() string { return e.Name + ": " + e.What }

// rule says what is wrong with a value, or nothing.
type rule func(value string) string

func whatever(string) string { return "" }

func number(value string) string {
	if _, err := strconv.Atoi(strings.TrimSpace(value)); value != "" && err != nil {
		return "to be a number"
	}
	return ""
}

func oneOf(words ...string) rule {
	return func(value string) string {
		if value == "" || slices.Contains(words, value) {
			return ""
		}
		last := len(words) - 1
		return "to be " + strings.Join(words[:last], ", ") + " or " + words[last]
	}
}

// ports are a list, one for each host or one for all.
func ports(value string) string {
	for port := range strings.SplitSeq(value, ",") {
		if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 1 || n > 65535) {
			return "to be a number between 1 and 65535"
		}
	}
	return ""
}

// never is of a parameter that psql takes and offshoot cannot.
func never(why string) rule { return func(string) string { return why } }

var truth = oneOf("0", "1")

// known are the parameters that psql knows.
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
var known = map[string]rule{
	"host": whatever, "hostaddr": whatever, "port": ports, "dbname": whatever, "database": whatever,
	"user": whatever, "password": whatever, "passfile": whatever, "service": whatever, "servicefile": whatever,
	"connect_timeout": number, "client_encoding": whatever, "options": whatever, "application_name": whatever,
	"fallback_application_name": whatever,
	"keepalives":                number, "keepalives_idle": number, "keepalives_interval": number,
	"keepalives_count": number, "tcp_user_timeout": number,
	"target_session_attrs": oneOf("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
	"load_balance_hosts":   oneOf("disable", "random"),

	"sslmode": oneOf("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
	"ssl":     oneOf("true"), "requiressl": truth, "sslcompression": truth, "sslsni": truth,
	"sslnegotiation": oneOf("postgres", "direct"), "sslcertmode": oneOf("disable", "allow", "require"),
	"sslcert": whatever, "sslkey": whatever, "sslpassword": whatever, "sslrootcert": whatever,
	"sslkeylogfile":            whatever,
	"ssl_min_protocol_version": oneOf(versions()...), "ssl_max_protocol_version": oneOf(versions()...),
	"channel_binding": oneOf("disable", "prefer", "require"), "require_auth": whatever,
	"min_protocol_version": oneOf("3.0", "3.2", "latest"), "max_protocol_version": oneOf("3.0", "3.2", "latest"),
	"gssencmode": encryptedOtherwise, "krbsrvname": whatever, "krbspn": whatever,
	"gsslib": oneOf("gssapi", "sspi"), "gssdelegation": truth,

	"sslcrl":           never("offshoot reads no list of revoked certificates"),
	"sslcrldir":        never("offshoot reads no lists of revoked certificates"),
	"requirepeer":      never("offshoot does not ask who runs the server behind a socket"),
	"replication":      never("such a connection reads no tables"),
	"scram_client_key": never("offshoot signs in with a password or a certificate"),
	"scram_server_key": never("offshoot signs in with a password or a certificate"),
}

func encryptedOtherwise(value string) string {
	if value == "require" {
		return "offshoot encrypts by TLS, not by GSSAPI; sslmode=require has it insist"
	}
	return oneOf("disable", "prefer")(value)
}

func versions() []string { return slices.Sorted(maps.Keys(tlsVersions)) }

// foreign are parameters that only other programs read, with what they are
// there.
var foreign = map[string]string{
	"schema": "Prisma's name of a schema", "connection_limit": "Prisma's", "pool_timeout": "Prisma's",
	"socket_timeout": "Prisma's", "pgbouncer": "Prisma's", "sslaccept": "Prisma's", "sslidentity": "Prisma's",
	"statement_cache_size": "Prisma's", "currentSchema": "JDBC's name of a schema", "sslfactory": "JDBC's",
	"ApplicationName": "JDBC's", "prepareThreshold": "JDBC's", "uselibpqcompat": "node-postgres's",
	"pool_max_conns": "pgx's", "default_query_exec_mode": "pgx's", "statement_cache_capacity": "pgx's",
	"description_cache_capacity": "pgx's", "pool": "Rails'", "encoding": "Rails'", "prepared_statements": "Rails'",
	"prepared_statement_cache_size": "asyncpg's", "async_fallback": "SQLAlchemy's",
}

// check says which parameter is wrong, and how to mend it.
func (p pair) check() error {
	valid, ok := known[p.name]
	if ok {
		what := valid(p.value)
		if what == "" {
			return nil
		}
		return hint.Usage(&ParameterError{p.name, what}, "mend the parameter %s of the connection string", p.name)
	}
	if whose, ok := foreign[p.name]; ok {
		err := &ParameterError{p.name, "a parameter that PostgreSQL does not know, it is " + whose}
		if strings.HasSuffix(whose, "schema") {
			return hint.Usage(err, "leave it out: every schema is read; subset.tables says what of it is kept")
		}
		return hint.Usage(err, "leave it out of this connection string")
	}
	err := &ParameterError{p.name, "no parameter of a connection string"}
	if near := hint.Nearest(p.name, slices.Sorted(maps.Keys(known))); near != "" {
		return hint.Usage(err, "did you mean %s?", near)
	}
	return hint.Usage(err, "leave it out; a setting of the server is given as options=-c%%20%s%%3DVALUE in a URL, "+
		"options='-c %s=VALUE' otherwise", p.name, p.name)
}

// said is an error that may name the parameter: a name that nobody knows may
// be the end of a password that is not quoted.
func (p pair) said(before string, err error) error {
	if known[p.name] != nil || foreign[p.name] != "" {
		return err
	}
	if strings.Contains(before, "password") || !identifier.MatchString(p.name) {
		return malformed()
	}
	return err
}

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]*$`)

var library = regexp.MustCompile(`^(jdbc:postgresql|jdbc:postgres|postgres(?:ql)?\+[a-z0-9]+|postgis|prisma):`)

// ofLibrary refuses URLs that name a library in front of what is PostgreSQL's.
func ofLibrary(text string) error {
	m := library.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	return hint.Usage(fmt.Errorf("%s:// is the URL of a library", m[1]), "write it as psql takes it: %s", form)
}
