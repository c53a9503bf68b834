package provision

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
)

// recreateSQL makes the database anew and empty, since the compose project's
// own scripts may have made tables in it. Roles, and the settings that the
// scripts gave to the database, stay: they are not in an archive.
//
// A setting that is a list is stored as it was written, with its own quotes,
// the others without any: see variable_is_guc_list_quote in pg_dump.
const recreateSQL = `
SELECT COALESCE((SELECT pg_catalog.pg_get_userbyid(d.datdba) FROM pg_catalog.pg_database AS d WHERE d.datname = :'name'),
                (SELECT r.rolname FROM pg_catalog.pg_roles AS r WHERE r.rolname = :'wanted_owner'),
                CURRENT_USER) AS owner,
       pg_catalog.current_setting('server_version_num')::int >= 130000 AS force \gset
CREATE TEMPORARY TABLE offshoot_setting AS
SELECT pg_catalog.format('ALTER %sDATABASE %I SET %I TO %s',
         CASE WHEN s.setrole <> 0 THEN pg_catalog.format('ROLE %I IN ', pg_catalog.pg_get_userbyid(s.setrole)) END,
         d.datname, c.name,
         CASE WHEN c.name IN ('local_preload_libraries', 'search_path', 'session_preload_libraries',
                              'shared_preload_libraries', 'temp_tablespaces', 'unix_socket_directories')
              THEN c.value ELSE pg_catalog.quote_literal(c.value) END) AS statement
FROM pg_catalog.pg_db_role_setting AS s
JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS config
CROSS JOIN LATERAL (SELECT pg_catalog.split_part(config, '=', 1) AS name,
                           pg_catalog.substr(config, pg_catalog.strpos(config, '=') + 1) AS value) AS c
WHERE d.datname = :'name';
\if :force
DROP DATABASE IF EXISTS :"name" WITH (FORCE);
\else
SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = :'name';
DROP DATABASE IF EXISTS :"name";
\endif
CREATE DATABASE :"name" OWNER :"owner";
SELECT statement FROM offshoot_setting \gexec
`

// load fills the database, unless it is a clone of one that was filled, and
// keeps a template of it.
func (c *cloning) load(ctx context.Context) error {
	defer c.doneMaking()
	if c.cloned {
		c.result.Loaded.Database = c.server.database
		c.result.Loaded.Tables = c.countTables(ctx)
		return c.configure(ctx)
	}
	if err := c.loadArchive(ctx); err != nil {
		return err
	}
	if err := c.keepTemplate(ctx); err != nil {
		return err
	}
	return c.configure(ctx)
}

// configure sets what is wanted of the loaded database's server.
func (f *filling) configure(ctx context.Context) error {
	if len(f.options.ServerSettings) == 0 {
		return nil
	}
	c := &clone{of: &f.contents, sessions: map[string]*psqlSession{}}
	defer c.close()
	return f.failed(ctx, c.configure(ctx, f.options.ServerSettings))
}

// loadArchive fills the database with the archive, and others of the server
// with theirs.
func (f *filling) loadArchive(ctx context.Context) error {
	began := time.Now()
	if err := f.loadInto(ctx, f.server, f.owner, f.archive); err != nil {
		return f.failed(ctx, err)
	}
	f.result.Loaded = f.loaded(began)
	f.result.Loaded.Tables = f.countTables(ctx)
	for _, other := range f.others {
		began := time.Now()
		if err := f.loadInto(ctx, f.server.using(other.database), other.owner, other.archive); err != nil {
			return f.failed(ctx, fmt.Errorf("database %s: %w", printable(other.database), err))
		}
		f.result.LoadedOthers = append(f.result.LoadedOthers, *other.loaded(began))
	}
	return nil
}

// loadInto fills one database, over the socket in the server's own container,
// so that no port has to be open and the client fits the server.
func (f *filling) loadInto(ctx context.Context, s server, owner string, a *archive) error {
	if err := f.recreate(ctx, s, owner); err != nil {
		return err
	}
	content, err := a.open()
	if err != nil {
		return err
	}
	defer content.Close()

	done := make(chan struct{})
	finished := make(chan struct{})
	go func() { defer close(finished); f.tellLoaded(ctx, content.read, a.Bytes, done) }()
	err = f.feed(ctx, loadCommand(s, content))
	close(done)
	<-finished
	if err == nil {
		err = content.complete()
	}
	return err
}

func (f *filling) loaded(began time.Time) *Loaded {
	return target{database: f.server.database, archive: f.archive}.loaded(began)
}

// toldCloned notes that the databases came as a clone. The server that says
// which the first one is has not started yet.
func (f *filling) toldCloned(began time.Time, how string) {
	f.result.Loaded = f.loaded(began)
	f.result.Loaded.Cloned = how
	for _, other := range f.others {
		loaded := other.loaded(began)
		loaded.Cloned = how
		f.result.LoadedOthers = append(f.result.LoadedOthers, *loaded)
	}
}

// A target is a database that an archive of its own goes into.
type target struct {
	database string
	owner    string // where that is a role of the server
	archive  *archive
}

func (t target) loaded(began time.Time) *Loaded {
	a := t.archive
	return &Loaded{Database: t.database, Archive: a.Path, SHA256: a.SHA256, Bytes: a.Bytes, Took: time.Since(began)}
}

// loadCommand is the client for what is in an archive. A script is not run as
// one transaction: pg_dump's may hold commands that cannot be in one, and the
// database is thrown away when it fails. Verbosity gives each error its code.
// Whoever wrote the script, psql takes no commands of its own from it.
func loadCommand(s server, c *content) command {
	argv := []string{
		"psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-U", s.user, "-d",
		s.dbname(), "-f", "-",
	}
	stdin := io.MultiReader(strings.NewReader(pgtool.Restrict(rand.Text())), c)
	if c.custom {
		stdin = c
		argv = []string{
			"pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "-U", s.user, "-d",
			s.dbname(),
		}
	}
	return command{argv: argv, env: s.env(), stdin: stdin}
}

func (f *filling) recreate(ctx context.Context, s server, owner string) error {
	return f.feed(ctx, command{
		argv: []string{
			"psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-v", "name=" + s.database, "-v",
			"wanted_owner=" + owner,
			"-U", s.user, "-d", s.maintenance(), "-f", "-",
		},
		env: s.env(), stdin: strings.NewReader(recreateSQL),
	})
}

// feed runs a database client and makes an error of what it says, without the
// data that PostgreSQL likes to quote in its messages.
func (f *filling) feed(ctx context.Context, c command) error {
	said := &clientLog{}
	c.stderr = said
	code, err := runIn(ctx, f.Docker.Client(), f.server.container, c)
	if err != nil {
		return err
	}
	if code == 0 {
		return nil
	}
	lines := said.lines()
	step := &StepError{
		Step: f.stepIn(ctx), Service: f.next.Database, Tail: lines,
		Err: fmt.Errorf("%s: exit %d", c.argv[0], code),
	}
	if len(lines) > 0 {
		step.Err = errors.New(lines[len(lines)-1])
	}
	return hint.Wrap(step, "%s", adviceFor(lines))
}

// tellLoaded says how much of the file is read, now and then.
func (f *filling) tellLoaded(ctx context.Context, read *counter, bytes int64, done <-chan struct{}) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			f.progress(ctx, f.next.Database, fmt.Sprintf("%d of %d MB", read.n.Load()>>20, bytes>>20))
		}
	}
}
