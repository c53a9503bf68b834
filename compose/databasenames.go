package compose

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// A DatabaseUse is a database of a server that a service says it uses.
type DatabaseUse struct {
	Service string // of the user
	Source  string // the variable that names it, "command", or a file
	Name    string
	User    string // may be empty
}

// DatabaseUses reads from the environments and commands of p which databases of
// a PostgreSQL service the others use: from connection strings that lead to it,
// and from names beside a variable that has it as the host. They come in the
// order of services and variables. What is for tests is left out.
func DatabaseUses(p *types.Project, database string) []DatabaseUse {
	hosts := hostsOf(p, database)
	var uses []DatabaseUse
	for _, service := range p.ServiceNames() {
		if service == database {
			continue
		}
		for _, use := range usesIn(p.Services[service], hosts) {
			use.Service = service
			if validDatabase(use.Name) && !slices.Contains(uses, use) {
				uses = append(uses, use)
			}
		}
	}
	return uses
}

// AgreedDatabase is the one database that all uses name, and its user. The
// databases that every server has are what tools connect to first: they count
// only where nothing else is named.
func AgreedDatabase(uses []DatabaseUse) (name, user string) {
	chosen := slices.DeleteFunc(slices.Clone(uses), func(u DatabaseUse) bool { return isMaintenance(u.Name) })
	if len(chosen) == 0 {
		chosen = uses
	}
	for _, u := range chosen {
		if name != "" && u.Name != name {
			return "", ""
		}
		name = u.Name
		if user == "" {
			user = u.User
		}
	}
	return name, user
}

func isMaintenance(name string) bool { return name == "postgres" || name == "template1" }

// validDatabase leaves out what was not replaced, and what no server takes.
func validDatabase(name string) bool {
	return name != "" && len(name) <= 63 && !strings.ContainsAny(name, "${}<>%\x00\r\n")
}

// hostsOf are the names by which other services reach one.
func hostsOf(p *types.Project, service string) []string {
	s := p.Services[service]
	hosts := []string{service, s.ContainerName, s.Hostname}
	for _, n := range s.Networks {
		if n != nil {
			hosts = append(hosts, n.Aliases...)
		}
	}
	for _, other := range p.Services {
		for _, link := range other.Links {
			if name, alias, ok := strings.Cut(link, ":"); ok && name == service {
				hosts = append(hosts, alias)
			}
		}
	}
	return slices.DeleteFunc(hosts, func(h string) bool { return h == "" })
}

// forTests are variables of databases that are not the application's own: of
// its tests, and the one in which a migration tool tries things out.
var forTests = regexp.MustCompile(`(?i)(^|_)(TESTS?|TESTING|SHADOW)(_|$)`)

func usesIn(s types.ServiceConfig, hosts []string) []DatabaseUse {
	var uses []DatabaseUse
	values := map[string]string{}
	for _, name := range sorted(s.Environment) {
		if v := s.Environment[name]; v != nil && *v != "" && !forTests.MatchString(name) {
			values[name] = *v
			uses = append(uses, usesInText(name, *v, hosts)...)
		}
	}
	for _, word := range slices.Concat(s.Entrypoint, s.Command) {
		uses = append(uses, usesInText("command", word, hosts)...)
	}
	if values["PGHOST"]+values["PGHOSTADDR"]+values["PGSERVICE"] == "" && values["PGDATABASE"] != "" {
		// The host is in its arguments, or made by a script.
		uses = append(uses, DatabaseUse{Source: "PGDATABASE", Name: values["PGDATABASE"], User: values["PGUSER"]})
	}
	return append(uses, usesBesideHosts(values, hosts)...)
}

// connection is a URL as libraries of any language take it:
// postgres://, postgresql+asyncpg://, jdbc:postgresql://, ecto://. The password
// may have any sign in it, so that the host begins after the last @.
var connection = regexp.MustCompile(`(?i)\b(?:postgres|postgresql|postgis|timescale|timescaledb|psql|pgsql|pg|ecto)(?:\+[a-z0-9_]+)?://(?:([^\s"'@/?#]*(?:[^\s"'?#]*)?)@)?([^\s"'@/?#]*)/([^\s"'?#;&/]+)(?:\?([^\s"'#;]*))?`)

// usesInText reads a connection string, of either form.
func usesInText(source, text string, hosts []string) []DatabaseUse {
	var uses []DatabaseUse
	for _, m := range connection.FindAllStringSubmatch(text, -1) {
		address := m[2]
		if address == "" { // postgres:///shop?host=db
			parameters, _ := url.ParseQuery(m[4])
			address = parameters.Get("host")
		}
		if !leadsTo(address, hosts) {
			continue
		}
		user, _, _ := strings.Cut(m[1], ":")
		uses = append(uses, DatabaseUse{Source: source, Name: unescaped(m[3]), User: unescaped(user)})
	}
	if use, ok := useInPairs(text, hosts); ok {
		use.Source = source
		uses = append(uses, use)
	}
	return uses
}

func unescaped(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// leadsTo tells whether host:port, or one of several, is one of the hosts.
func leadsTo(address string, hosts []string) bool {
	for host := range strings.SplitSeq(address, ",") {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
			return true
		}
	}
	return false
}

// pair is one of host=db dbname=app, or of Host=db;Database=app.
var pair = regexp.MustCompile(`(?i)(?:^|[\s;])(host|server|data source|dbname|database|initial catalog|user|user id|username|uid)\s*=\s*('[^']*'|[^\s;']+)`)

func useInPairs(text string, hosts []string) (DatabaseUse, bool) {
	var use DatabaseUse
	here := false
	for _, m := range pair.FindAllStringSubmatch(text, -1) {
		value := strings.Trim(m[2], "'")
		switch strings.ToLower(m[1]) {
		case "host", "server", "data source":
			here = here || leadsTo(value, hosts)
		case "dbname", "database", "initial catalog":
			use.Name = value
		default:
			use.User = value
		}
	}
	return use, here && use.Name != ""
}

var hostVariable = regexp.MustCompile(`(?i)^(.*?)(_?)(HOST|HOSTNAME|HOST_NAME|SERVER|ADDR|ADDRESS)$`)

// usesBesideHosts finds DB_HOST: db and the name beside it: DB_NAME, or
// PGDATABASE beside PGHOST.
func usesBesideHosts(values map[string]string, hosts []string) []DatabaseUse {
	var uses []DatabaseUse
	for _, variable := range sorted(values) {
		m := hostVariable.FindStringSubmatch(variable)
		if m == nil || !leadsTo(values[variable], hosts) {
			continue
		}
		named := nameBeside(m[1], values)
		if named == "" {
			continue
		}
		use := DatabaseUse{Source: named, Name: values[named]}
		for _, last := range []string{"_USER", "USER", "_USERNAME", "USERNAME", "_USER_NAME"} {
			if use.User == "" {
				use.User = values[m[1]+last]
			}
		}
		uses = append(uses, use)
	}
	return uses
}

// nameBeside is the variable with the name of the database: the one that
// begins as that of the host does, else one that is called so everywhere.
func nameBeside(stem string, values map[string]string) string {
	for _, last := range []string{
		"_NAME", "_DATABASE", "_DB", "_DBNAME", "_DB_NAME", "_DATABASE_NAME", "DATABASE",
		"NAME", "DBNAME", "DB",
	} {
		if stem != "" && values[stem+last] != "" {
			return stem + last
		}
	}
	for _, name := range []string{
		"DB_NAME", "DATABASE_NAME", "PGDATABASE", "POSTGRES_DB", "POSTGRES_DATABASE",
		"DB_DATABASE", "DATABASE",
	} {
		if values[name] != "" {
			return name
		}
	}
	return ""
}
