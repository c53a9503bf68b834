package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// A server is the PostgreSQL in a container, with the account that its image
// was told to make.
type server struct {
	container string
	user      string
	database  string
	chosen    bool   // the database is not the one that the image makes: it may not be there yet
	port      string // that its command sets; empty: as the container's environment says
	password  string // never in an argument, an event or an error
}

// using is the server with another database of it, if one is named.
func (s server) using(database string) server {
	if database != "" {
		s.chosen = s.chosen || database != s.database
		s.database = database
	}
	return s
}

// serverIn reads the account from a container's environment: the variables of
// the official image, or else those of Bitnami's.
func serverIn(ctx context.Context, api client.APIClient, containerID string) (server, error) {
	inspected, err := api.ContainerInspect(ctx, containerID)
	if err != nil {
		return server{}, fmt.Errorf("read the database's account: %w", err)
	}
	env := map[string]string{}
	for _, variable := range inspected.Config.Env {
		name, value, _ := strings.Cut(variable, "=")
		env[name] = value
	}
	value := func(names ...string) (string, error) {
		for _, name := range names {
			if env[name] != "" {
				return env[name], nil
			}
			if file := env[name+"_FILE"]; file != "" {
				return fileIn(ctx, api, containerID, file)
			}
		}
		return "", nil
	}
	s := server{container: containerID, port: cmp.Or(portOf(inspected.Config.Cmd), portOf(inspected.Config.Entrypoint))}
	var errs [3]error
	s.user, errs[0] = value("POSTGRES_USER", "POSTGRESQL_USERNAME")
	s.database, errs[1] = value("POSTGRES_DB", "POSTGRESQL_DATABASE")
	s.password, errs[2] = value("POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD")
	if s.user == "" {
		s.user = "postgres"
	}
	if s.database == "" {
		s.database = s.user
	}
	if err := errors.Join(errs[:]...); err != nil {
		return server{}, fmt.Errorf("read the database's account: %w", err)
	}
	return s, nil
}

// fileIn reads a file of a container, without the line end that "$(< file)" in
// an entrypoint takes away too.
func fileIn(ctx context.Context, api client.APIClient, containerID, file string) (string, error) {
	content, err := rawOutputOf(ctx, api, containerID, "cat", "--", file)
	return strings.TrimRight(content, "\n"), err
}

// env gives the password to a client, for images that ask for it even on
// their own socket, and the port, which is in the socket's name.
func (s server) env() []string {
	var env []string
	if s.password != "" {
		env = append(env, "PGPASSWORD="+s.password)
	}
	if s.port != "" {
		env = append(env, "PGPORT="+s.port)
	}
	return env
}

// portOf is the port that a command has the server listen on: postgres -p 5433,
// -c port=5433 or --port=5433, also in a script of a shell.
func portOf(command []string) (port string) {
	var words []string
	for _, word := range command {
		words = append(words, strings.Fields(word)...)
	}
	take := func(value string) {
		value = strings.Trim(value, "'\"")
		if n, err := strconv.ParseUint(value, 10, 16); err == nil && n > 0 {
			port = value // the last one counts
		}
	}
	started := false
	for i, word := range words {
		last := i+1 == len(words)
		name, value, pair := strings.Cut(word, "=")
		switch {
		case path.Base(word) == "postgres", i == 0 && strings.HasPrefix(word, "-"):
			started = true
		case !started:
			continue
		}
		switch {
		case (word == "-p" || word == "--port") && !last:
			take(words[i+1])
		case pair && (name == "--port" || name == "-cport" || name == "port" && words[i-1] == "-c"):
			take(value)
		case strings.HasPrefix(word, "-p"):
			take(word[2:])
		}
	}
	return port
}

// dbname is the database as clients take it with -d, which may be a whole
// connection string instead of a name.
func (s server) dbname() string {
	if !strings.ContainsAny(s.database, "=:") {
		return s.database
	}
	return "dbname='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s.database) + "'"
}

// maintenance is a database to be in while the other one is made anew.
func (s server) maintenance() string {
	if s.database == "postgres" {
		return "template1"
	}
	return "postgres"
}

// startDatabase starts the database, on a clone of the template where there is one.
func (c *cloning) startDatabase(ctx context.Context) error {
	if err := c.settleDatabase(ctx); err != nil {
		return err
	}
	if err := c.halt(ctx); err != nil {
		return err
	}
	if err := c.prepareDatabase(ctx); err != nil {
		return err
	}
	if c.template.name != "" && !c.cloned {
		return c.failed(ctx, c.openNursery(ctx))
	}
	return c.failed(ctx, c.stackIn(ctx).Up(ctx, c.next.Database))
}

// awaitDatabase waits until the database accepts connections, which we ask
// ourselves: a health check is run every so many seconds only, and one that
// asks on the socket is deceived by the server that the official image runs
// while it initializes. That one does not listen on TCP. Whatever else the
// health check may find is waited for with all other services.
func (f *filling) awaitDatabase(ctx context.Context) error {
	deadline := time.Now().Add(f.timeout())
	for {
		c, err := f.databaseContainer(ctx)
		if err != nil {
			return f.failed(ctx, err)
		}
		last := fmt.Errorf("container is %s", c.State)
		if c.running() {
			if last = f.accepts(ctx, c); last == nil {
				return nil
			}
		}
		if hopeless(c, last) || time.Now().After(deadline) {
			return f.doubted(ctx,
				f.stepFailed(ctx, f.next.Database, fmt.Errorf("does not accept connections: %w", last)))
		}
		if err := pause(ctx, 250*time.Millisecond); err != nil {
			return err
		}
	}
}

// doubted adds to the error of a database that nothing says it is PostgreSQL,
// where that is so: another service may be meant.
func (f *filling) doubted(ctx context.Context, err error) error {
	s := f.stack.Load().Project().Services[f.next.Database]
	image, there, failed := f.Docker.ImageConfig(ctx, s.Image)
	if failed != nil || !there || compose.LooksLikePostgres(s, image) || len(hint.Of(err)) > 0 {
		return err
	}
	return hint.Wrap(err,
		"nothing in the image of %s says that it is PostgreSQL: name the service that is, preview.database in "+
			"offshoot.yaml", s.Name)
}

// hopeless tells whether no waiting will help.
func hopeless(c seenContainer, err error) bool {
	var missing *missingProgram
	return c.State == container.StateExited || c.State == container.StateDead || errors.As(err, &missing)
}

// accepts asks the server in a container whether it takes connections, which
// it mostly does soon. With a user that exists, the server does not log a failed
// login each time.
func (f *filling) accepts(ctx context.Context, c seenContainer) (err error) {
	if f.server.container != c.ID {
		found, err := serverIn(ctx, f.Docker.Client(), c.ID)
		if err != nil {
			return notPostgres(err)
		}
		f.server = found.using(f.next.Loaded)
	}
	if asked, err := f.acceptsSoon(ctx, c); asked {
		return err
	}
	_, err = outputOf(ctx, f.Docker.Client(), c.ID, f.isReady()...)
	return notPostgres(err)
}

// isReady asks for a database that is there: the server logs it as an error when
// one is not.
func (f *filling) isReady() []string {
	s := f.server
	if s.chosen {
		s.database = "postgres"
	}
	argv := []string{"pg_isready", "-q", "-h", "127.0.0.1", "-U", s.user, "-d", s.dbname()}
	if s.port != "" {
		argv = append(argv, "-p", s.port)
	}
	return argv
}

// acceptsSoon has the container itself ask for three seconds: to have it run a
// program costs ten times what the program does. Not every image has a shell, or
// the program: asked is false then. It ends by the clock: on a busy machine,
// loops that nobody listens to any more would add up.
func (f *filling) acceptsSoon(ctx context.Context, c seenContainer) (asked bool, err error) {
	const script = `end=$(($(date +%s) + 3))
until "$@"; do
	code=$?
	[ "$code" -lt 126 ] && [ "$(date +%s)" -lt "$end" ] || exit "$code"
	sleep 0.1 || sleep 1
done`
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second) // of a server that hangs, each question may take three
	defer cancel()
	argv := append(f.isReady(), "-t", "1")
	var stdout, stderr bounded
	code, err := runIn(ctx, f.Docker.Client(), c.ID,
		command{argv: append([]string{"sh", "-c", script, "sh"}, argv...), stdout: &stdout, stderr: &stderr})
	switch {
	case err != nil || code >= notRun:
		return false, nil
	case code != 0:
		return true, exitError(argv[0], code, stderr.String())
	}
	return true, nil
}

// notRun is the least code by which a shell says that it could not run a program.
const notRun = 126

// notPostgres adds what it means that an image has no pg_isready.
func notPostgres(err error) error {
	var missing *missingProgram
	if errors.As(err, &missing) {
		return hint.Wrap(err,
			"the database's image has to be one of PostgreSQL: name its service under preview.database")
	}
	return err
}

// Psql runs psql in the database's container, as its owner and on its
// database. The arguments are psql's own; Argv of the options is not used.
func (e Engine) Psql(ctx context.Context, p Preview, args []string, options compose.ExecOptions) (int, error) {
	s, g, err := e.find(ctx, p)
	if err != nil {
		return 0, err
	}
	for _, c := range s.containersOf(p.ID, g.Number) {
		if c.service() != g.Database || !c.running() {
			continue
		}
		server, err := serverIn(ctx, e.Docker.Client(), c.ID)
		if err != nil {
			return 0, fmt.Errorf("psql: %w", err)
		}
		server = server.using(g.Loaded)
		options.Argv = append([]string{"psql", "-U", server.user, "-d", server.dbname()}, args...)
		for _, variable := range server.env() {
			name, value, _ := strings.Cut(variable, "=")
			if options.Env == nil {
				options.Env = map[string]string{}
			}
			options.Env[name] = value
		}
		return e.existing(g).Exec(ctx, g.Database, options)
	}
	return 0,
		hint.Wrap(fmt.Errorf("psql: the database of %s does not run", p.ID), "see offshoot list and offshoot logs")
}
