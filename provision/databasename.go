package provision

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// nameDatabase decides which database of the server the archive goes into: the
// one that the configuration names, else the one that the image is told to make,
// else the one that all services use. Without any it is the one that the image
// makes unasked, which has the name of its user.
func (c *contents) nameDatabase(project *types.Project) []compose.Change {
	project = withEnvironment(project, c.options.Environment)
	c.uses = compose.DatabaseUses(project, c.next.Database)
	if len(c.uses) == 0 {
		c.uses = compose.FrameworkUses(cmp.Or(c.options.Source.Root, c.options.Source.Dir), project, c.next.Database)
	}
	agreed, user := compose.AgreedDatabase(c.uses)
	switch told, isTold := toldDatabase(project.Services[c.next.Database]); {
	case c.options.DatabaseName != "":
		c.next.Loaded = c.options.DatabaseName
	case c.carried != nil:
		c.next.Loaded = c.serving.Loaded
		c.tellKept(project.Services[c.next.Database])
		return nil
	case isTold:
		c.tellOther(told)
		return nil
	case agreed == "":
		c.tellSeveral(defaultDatabase(project.Services[c.next.Database]))
		return nil
	case agreed == defaultDatabase(project.Services[c.next.Database]):
		return nil
	default:
		c.next.Loaded, c.owner = agreed, user
		use := c.uses[slices.IndexFunc(c.uses, func(u compose.DatabaseUse) bool { return u.Name == agreed })]
		return []compose.Change{{
			Service: c.next.Database, What: "the archive goes into database " + printable(agreed),
			Why: "named by " + describeUse(use),
		}}
	}
	for _, use := range c.uses {
		if use.Name == c.next.Loaded && c.owner == "" {
			c.owner = use.User
		}
	}
	return nil
}

// tellKept warns where the image is told of another database or role now than
// the data has: it makes them only where there is no data yet. What the data has
// stays the preview's database.
func (c *contents) tellKept(s types.ServiceConfig) {
	name, told := toldDatabase(s)
	role := defaultDatabase(s)
	if !told {
		name = role
	}
	was := c.kept
	switch {
	case was.container == "":
		return
	case role != was.user:
		c.notice("the data that is kept has role %s, and %s names %s now, which the image does not make where "+
			"there is data: run offshoot up without --keep-data",
			printable(was.user), s.Name, printable(role))
	case name == "" || name == was.database || c.serving.Loaded != "":
		return
	default:
		c.notice("the data that is kept has database %s, and %s names %s now, which the image does not make where "+
			"there is data: run offshoot up without --keep-data",
			printable(was.database), s.Name, printable(name))
	}
	c.next.Loaded = cmp.Or(c.serving.Loaded, was.database)
}

// withEnvironment is the project as its services will see it.
func withEnvironment(project *types.Project, environment map[string]string) *types.Project {
	own := *project
	own.Services = types.Services{}
	for name, s := range project.Services {
		s.Environment = maps.Clone(s.Environment)
		if s.Environment == nil {
			s.Environment = types.MappingWithEquals{}
		}
		for variable, value := range environment {
			s.Environment[variable] = &value
		}
		own.Services[name] = s
	}
	return &own
}

// toldDatabase is the database that an image is told to make; its name is empty
// where that is in a file.
func toldDatabase(s types.ServiceConfig) (name string, told bool) {
	for _, variable := range []string{"POSTGRES_DB", "POSTGRESQL_DATABASE"} {
		if v := s.Environment[variable]; v != nil && *v != "" {
			return *v, true
		}
		if v := s.Environment[variable+"_FILE"]; v != nil && *v != "" {
			return "", true
		}
	}
	return "", false
}

func describeUse(u compose.DatabaseUse) string {
	if u.Service == "" {
		return printable(u.Source)
	}
	return printable(u.Source) + " of " + u.Service
}

// tellOther warns where services use another database than the archive goes
// into.
func (c *contents) tellOther(loaded string) {
	agreed, _ := compose.AgreedDatabase(c.uses)
	if c.archive == nil || loaded == "" ||
		slices.ContainsFunc(c.uses, func(u compose.DatabaseUse) bool { return u.Name == loaded }) {
		return
	}
	for _, use := range c.uses {
		if use.Name == agreed {
			c.warnOther(use.Name, describeUse(use)+" names", loaded)
			return
		}
	}
}

// tellSeveral warns where services use several databases and it is not known
// which is meant.
func (c *contents) tellSeveral(unasked string) {
	meant := func(u compose.DatabaseUse) bool { return u.Name == unasked }
	if c.archive == nil || len(c.uses) == 0 || slices.ContainsFunc(c.uses, meant) {
		return
	}
	var named []string
	for _, use := range c.uses {
		named = append(named, printable(use.Name)+" ("+describeUse(use)+")")
	}
	c.notice("%s has several databases: %s; say which one the archive is for: "+
		"preview.database: {service: %s, name: %s}",
		c.next.Database, strings.Join(named, ", "), c.next.Database, printable(c.uses[0].Name))
}

// warnOther tells once of a database that is not the one with the archive.
func (c *contents) warnOther(name, who, loaded string) {
	if slices.Contains(c.warned, name) {
		return
	}
	c.warned = append(c.warned, name)
	c.notice("%s database %s of %s, and the archive is in %s; to have it there: preview.database: {service: %s, "+
		"name: %s}",
		who, printable(name), c.next.Database, printable(loaded), c.next.Database, printable(name))
}

// databasesSQL lists the databases, and how many clients have come to each by
// way of the network.
const databasesSQL = `
SELECT d.datname, pg_catalog.count(a.pid)
FROM pg_catalog.pg_database AS d
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.datid = d.oid AND a.client_addr IS NOT NULL
WHERE d.datallowconn AND d.datname !~ '[[:cntrl:]]'
GROUP BY d.datname ORDER BY d.datname;
`

// tellConnected warns where the services, once they run, connect to another
// database than the one with the archive, or to one that is not there. It asks
// the server only where the files leave a doubt. What goes wrong with it is no
// matter.
func (c *contents) tellConnected(ctx context.Context) {
	if c.archive == nil || c.server.container == "" || ctx.Err() != nil || c.allUse(c.server.database) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	clients, err := c.clients(ctx)
	if err != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(clients)) {
		if clients[name] > 0 && !c.isLoaded(name) && c.isApplications(name) {
			c.warnOther(name, "services connect to", c.server.database)
		}
	}
	var log bytes.Buffer
	if c.stack.Load().Logs(ctx, compose.LogOptions{Services: []string{c.next.Database}, Tail: 200}, &log) != nil {
		return
	}
	for _, name := range missingDatabases(log.String()) {
		if _, exists := clients[name]; !exists && name != c.server.user {
			c.warnOther(name, "services ask for", c.server.database)
		}
	}
}

// allUse tells whether the files say that every service uses one database.
func (c *contents) allUse(name string) bool {
	return len(c.uses) > 0 && !slices.ContainsFunc(c.uses, func(u compose.DatabaseUse) bool { return u.Name != name })
}

func (c *contents) isLoaded(name string) bool {
	return name == c.server.database || slices.ContainsFunc(c.others, func(t target) bool { return t.database == name })
}

// isApplications leaves out what tools look at on every server.
func (c *contents) isApplications(name string) bool {
	if name != "postgres" && name != "template1" {
		return true
	}
	return slices.ContainsFunc(c.uses, func(u compose.DatabaseUse) bool { return u.Name == name })
}

// clients counts the connections to each database.
func (c *contents) clients(ctx context.Context) (map[string]int, error) {
	s := c.server
	var out bounded
	code, err := runIn(ctx, c.Docker.Client(), s.container, command{
		argv: []string{
			"psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-U", s.user, "-d",
			s.dbname(), "-f", "-",
		},
		env: s.env(), stdin: strings.NewReader(databasesSQL), stdout: &out,
	})
	if err == nil && code != 0 {
		err = fmt.Errorf("psql: exit %d", code)
	}
	clients := map[string]int{}
	for line := range strings.Lines(out.String()) {
		name, count, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if n, err := strconv.Atoi(count); err == nil {
			clients[name] = n
		}
	}
	return clients, err
}

var missingDatabase = regexp.MustCompile(`FATAL:  database "([^"\n]{1,63})" does not exist`)

// missingDatabases are those that a server's log says were asked for in vain.
func missingDatabases(log string) []string {
	var names []string
	for _, m := range missingDatabase.FindAllStringSubmatch(log, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

// firstDatabase is the one that the archive goes into, as far as it is known
// before the server runs.
func (c *contents) firstDatabase(project *types.Project) string {
	s := withEnvironment(project, c.options.Environment).Services[c.next.Database]
	told, _ := toldDatabase(s)
	return cmp.Or(c.next.Loaded, told, defaultDatabase(s))
}

// defaultDatabase is the one that an image makes when it is told none.
func defaultDatabase(s types.ServiceConfig) string {
	for _, variable := range []string{"POSTGRES_USER", "POSTGRESQL_USERNAME"} {
		if v := s.Environment[variable]; v != nil && *v != "" {
			return *v
		}
	}
	return "postgres"
}

// openOthers reads the archives of further databases. They come with the first
// one's: kept data has them already.
func (c *contents) openOthers(project *types.Project) error {
	if c.carried != nil || len(c.options.Archives) == 0 {
		return nil
	}
	if c.archive == nil {
		return hint.Usage(errors.New("archives of further databases, and none of the first one"),
			"add --archive FILE, or a source to offshoot.yaml")
	}
	for _, name := range slices.Sorted(maps.Keys(c.options.Archives)) {
		if name == c.firstDatabase(project) {
			return hint.Usage(fmt.Errorf("database %s has two archives", printable(name)), "remove one of them")
		}
		a, err := openArchive(c.options.Archives[name])
		if err != nil {
			return fmt.Errorf("database %s: %w", printable(name), err)
		}
		t := target{database: name, archive: a}
		for _, use := range c.uses {
			if use.Name == name && t.owner == "" {
				t.owner = use.User
			}
		}
		c.others = append(c.others, t)
	}
	return nil
}
