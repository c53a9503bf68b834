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
func (r *run) nameDatabase(project *types.Project) []compose.Change {
	project = withEnvironment(project, r.options.Environment)
	r.uses = compose.DatabaseUses(project, r.next.Database)
	if len(r.uses) == 0 {
		r.uses = compose.FrameworkUses(cmp.Or(r.options.Source.Root, r.options.Source.Dir), project, r.next.Database)
	}
	agreed, user := compose.AgreedDatabase(r.uses)
	switch told, isTold := toldDatabase(project.Services[r.next.Database]); {
	case r.options.DatabaseName != "":
		r.next.Loaded = r.options.DatabaseName
	case r.carried != nil:
		r.next.Loaded = r.serving.Loaded
		r.tellKept(project.Services[r.next.Database])
		return nil
	case isTold:
		r.tellOther(told)
		return nil
	case agreed == "":
		r.tellSeveral(defaultDatabase(project.Services[r.next.Database]))
		return nil
	case agreed == defaultDatabase(project.Services[r.next.Database]):
		return nil
	default:
		r.next.Loaded, r.owner = agreed, user
		use := r.uses[slices.IndexFunc(r.uses, func(u compose.DatabaseUse) bool { return u.Name == agreed })]
		return []compose.Change{{
			Service: r.next.Database, What: "the archive goes into database " + printable(agreed),
			Why: "named by " + describeUse(use),
		}}
	}
	for _, use := range r.uses {
		if use.Name == r.next.Loaded && r.owner == "" {
			r.owner = use.User
		}
	}
	return nil
}

// tellKept warns where the image is told of another database or role now than
// the data has: it makes them only where there is no data yet. What the data has
// stays the preview's database.
func (r *run) tellKept(s types.ServiceConfig) {
	name, told := toldDatabase(s)
	role := defaultDatabase(s)
	if !told {
		name = role
	}
	was := r.kept
	switch {
	case was.container == "":
		return
	case role != was.user:
		r.notice("the data that is kept has role %s, and %s names %s now, which the image does not make where "+
			"there is data: run offshoot up without --keep-data",
			printable(was.user), s.Name, printable(role))
	case name == "" || name == was.database || r.serving.Loaded != "":
		return
	default:
		r.notice("the data that is kept has database %s, and %s names %s now, which the image does not make where "+
			"there is data: run offshoot up without --keep-data",
			printable(was.database), s.Name, printable(name))
	}
	r.next.Loaded = cmp.Or(r.serving.Loaded, was.database)
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
func (r *run) tellOther(loaded string) {
	agreed, _ := compose.AgreedDatabase(r.uses)
	if r.archive == nil || loaded == "" ||
		slices.ContainsFunc(r.uses, func(u compose.DatabaseUse) bool { return u.Name == loaded }) {
		return
	}
	for _, use := range r.uses {
		if use.Name == agreed {
			r.warnOther(use.Name, describeUse(use)+" names", loaded)
			return
		}
	}
}

// tellSeveral warns where services use several databases and it is not known
// which is meant.
func (r *run) tellSeveral(unasked string) {
	meant := func(u compose.DatabaseUse) bool { return u.Name == unasked }
	if r.archive == nil || len(r.uses) == 0 || slices.ContainsFunc(r.uses, meant) {
		return
	}
	var named []string
	for _, use := range r.uses {
		named = append(named, printable(use.Name)+" ("+describeUse(use)+")")
	}
	r.notice("%s has several databases: %s; say which one the archive is for: "+
		"preview.database: {service: %s, name: %s}",
		r.next.Database, strings.Join(named, ", "), r.next.Database, printable(r.uses[0].Name))
}

// warnOther tells once of a database that is not the one with the archive.
func (r *run) warnOther(name, who, loaded string) {
	if slices.Contains(r.warned, name) {
		return
	}
	r.warned = append(r.warned, name)
	r.notice("%s database %s of %s, and the archive is in %s; to have it there: preview.database: {service: %s, "+
		"name: %s}",
		who, printable(name), r.next.Database, printable(loaded), r.next.Database, printable(name))
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
func (r *run) tellConnected(ctx context.Context) {
	if r.archive == nil || r.server.container == "" || ctx.Err() != nil || r.allUse(r.server.database) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	clients, err := r.clients(ctx)
	if err != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(clients)) {
		if clients[name] > 0 && !r.isLoaded(name) && r.isApplications(name) {
			r.warnOther(name, "services connect to", r.server.database)
		}
	}
	var log bytes.Buffer
	if r.stack.Load().Logs(ctx, compose.LogOptions{Services: []string{r.next.Database}, Tail: 200}, &log) != nil {
		return
	}
	for _, name := range missingDatabases(log.String()) {
		if _, exists := clients[name]; !exists && name != r.server.user {
			r.warnOther(name, "services ask for", r.server.database)
		}
	}
}

// allUse tells whether the files say that every service uses one database.
func (r *run) allUse(name string) bool {
	return len(r.uses) > 0 && !slices.ContainsFunc(r.uses, func(u compose.DatabaseUse) bool { return u.Name != name })
}

func (r *run) isLoaded(name string) bool {
	return name == r.server.database || slices.ContainsFunc(r.others, func(t target) bool { return t.database == name })
}

// isApplications leaves out what tools look at on every server.
func (r *run) isApplications(name string) bool {
	if name != "postgres" && name != "template1" {
		return true
	}
	return slices.ContainsFunc(r.uses, func(u compose.DatabaseUse) bool { return u.Name == name })
}

// clients counts the connections to each database.
func (r *run) clients(ctx context.Context) (map[string]int, error) {
	s := r.server
	var out bounded
	code, err := runIn(ctx, r.Docker.Client(), s.container, command{
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
func (r *run) firstDatabase(project *types.Project) string {
	s := withEnvironment(project, r.options.Environment).Services[r.next.Database]
	told, _ := toldDatabase(s)
	return cmp.Or(r.next.Loaded, told, defaultDatabase(s))
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
func (r *run) openOthers(project *types.Project) error {
	if r.carried != nil || len(r.options.Archives) == 0 {
		return nil
	}
	if r.archive == nil {
		return hint.Usage(errors.New("archives of further databases, and none of the first one"),
			"add --archive FILE, or a source to offshoot.yaml")
	}
	for _, name := range slices.Sorted(maps.Keys(r.options.Archives)) {
		if name == r.firstDatabase(project) {
			return hint.Usage(fmt.Errorf("database %s has two archives", printable(name)), "remove one of them")
		}
		a, err := openArchive(r.options.Archives[name])
		if err != nil {
			return fmt.Errorf("database %s: %w", printable(name), err)
		}
		t := target{database: name, archive: a}
		for _, use := range r.uses {
			if use.Name == name && t.owner == "" {
				t.owner = use.User
			}
		}
		r.others = append(r.others, t)
	}
	return nil
}
