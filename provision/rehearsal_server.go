package provision

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/offshoot-dev/offshoot/internal/rehearse"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// clone is the server of a rehearsal: psql in its own container, one for each database, so that no port has to be
// open.
type clone struct {
	of       *contents // the databases of which server
	mutex    sync.Mutex
	sessions map[string]*psqlSession
}

// psqlSession is a psql that is asked again and again.
type psqlSession struct {
	mutex  sync.Mutex
	stdin  *io.PipeWriter
	stdout *bufio.Reader
	ended  chan struct{}
	stop   context.CancelFunc
}

// Signs that no value of a catalog has.
const (
	betweenFields = "\x1f"
	betweenRows   = "\x1e"
)

func (c *clone) session(ctx context.Context, database string) *psqlSession {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if known := c.sessions[database]; known != nil {
		return known
	}
	s := c.start(ctx, database)
	c.sessions[database] = s
	return s
}

// start starts a psql.
func (c *clone) start(ctx context.Context, database string) *psqlSession {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	stdin, in := io.Pipe()
	out, stdout := io.Pipe()
	s := &psqlSession{stdin: in, stdout: bufio.NewReader(out), ended: make(chan struct{}), stop: stop}
	at := c.of.server.using(database)
	argv := []string{
		"psql", "-X", "-q", "-A", "-t", "-F", betweenFields, "-R", betweenRows, "-U", at.user, "-d", at.dbname(),
		"-f", "-",
	}
	go func() {
		defer close(s.ended)
		_, err := runIn(ctx, c.of.Docker.Client(), at.container,
			command{argv: argv, env: at.env(), stdin: stdin, stdout: stdout})
		_ = stdout.CloseWithError(errors.Join(err, io.EOF))
		_ = stdin.CloseWithError(io.ErrClosedPipe)
	}()
	return s
}

// Connect starts a psql of its own.
func (c *clone) Connect(ctx context.Context, database string) (rehearse.Session, error) {
	return ownSession{c.start(ctx, database)}, nil
}

// ownSession is one that nobody else asks.
type ownSession struct{ session *psqlSession }

// Query asks it, and ends it with the context.
func (o ownSession) Query(ctx context.Context, sql string) ([][]string, error) {
	o.session.mutex.Lock()
	defer o.session.mutex.Unlock()
	defer context.AfterFunc(ctx, o.session.stop)()
	return o.session.ask(sql)
}

// Close ends it.
func (o ownSession) Close() { o.session.end() }

// Query runs one statement as the user that the image was told to make.
func (c *clone) Query(ctx context.Context, database, sql string) ([][]string, error) {
	s := c.session(ctx, database)
	s.mutex.Lock()
	for !c.knows(database, s) { // whoever asked before has ended it
		s.mutex.Unlock()
		s = c.session(ctx, database)
		s.mutex.Lock()
	}
	defer s.mutex.Unlock()
	defer context.AfterFunc(ctx, s.stop)()
	rows, err := s.ask(sql)
	if ctx.Err() != nil || err != nil && !errors.As(err, new(*stateError)) {
		c.forget(database, s) // the next question starts another one
	}
	return rows, err
}

func (c *clone) knows(database string, s *psqlSession) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.sessions[database] == s
}

// stateError is the error of a statement, without the words of the server: these hold values.
type stateError struct{ code string }

func (e *stateError) Error() string { return "SQLSTATE " + e.code }

func (c *clone) forget(database string, s *psqlSession) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.sessions[database] == s {
		delete(c.sessions, database)
	}
	s.end()
}

// leave ends the psql of a database, so that this can be copied.
func (c *clone) leave(database string) {
	c.mutex.Lock()
	s := c.sessions[database]
	c.mutex.Unlock()
	if s != nil {
		c.forget(database, s)
	}
}

func (s *psqlSession) end() {
	_ = s.stdin.Close()
	s.stop()
	<-s.ended
}

// ask sends one statement and reads its rows.
func (s *psqlSession) ask(sql string) ([][]string, error) {
	end := rand.Text()
	if _, err := fmt.Fprintf(s.stdin, "%s\n;\n\\echo %s%s :SQLSTATE\n", sql, betweenRows, end); err != nil {
		return nil, fmt.Errorf("psql: %w", err)
	}
	var b bytes.Buffer
	for {
		line, err := s.stdout.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("psql: %w", err)
		}
		if before, state, found := strings.Cut(line, betweenRows+end+" "); found {
			b.WriteString(before)
			if state = strings.TrimSpace(state); state != "00000" {
				return nil, &stateError{state}
			}
			return rowsOf(b.String()), nil
		}
		b.WriteString(line)
	}
}

// rowsOf reads what psql prints without alignment.
func rowsOf(text string) [][]string {
	text = strings.Trim(text, "\n")
	if text == "" {
		return nil
	}
	var rows [][]string
	for row := range strings.SplitSeq(text, betweenRows) {
		rows = append(rows, strings.Split(strings.Trim(row, "\n"), betweenFields))
	}
	return rows
}

// WAL asks pg_waldump in the container.
func (c *clone) WAL(ctx context.Context, from, to string) (string, error) {
	rows, err := c.Query(ctx, maintenanceDatabase, "SHOW data_directory")
	if err != nil || len(rows) != 1 {
		return "", errors.Join(errors.New("no data directory"), err)
	}
	var stdout, stderr bytes.Buffer
	code, err := runIn(ctx, c.of.Docker.Client(), c.of.server.container, command{
		argv: []string{"pg_waldump", "-s", from, "-e", to, "-p", rows[0][0] + "/pg_wal"}, env: []string{"TZ=UTC"},
		stdout: &stdout, stderr: &stderr,
	})
	if err == nil && code != 0 {
		err = fmt.Errorf("pg_waldump: exit %d", code)
	}
	return stdout.String(), err
}

const maintenanceDatabase = "postgres"

// configure sets what is wanted of the server, as far as that goes while it runs.
func (c *clone) configure(ctx context.Context, settings []string) error {
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		if library, _, custom := strings.Cut(name, "."); custom {
			if _, err := c.Query(ctx, maintenanceDatabase, "LOAD "+sqltext.Literal(library)); err != nil {
				return fmt.Errorf("load %s: %w", library, err)
			}
		}
		sql := fmt.Sprintf("ALTER SYSTEM SET %s = %s", name, sqltext.Literal(value))
		if _, err := c.Query(ctx, maintenanceDatabase, sql); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return c.reload(ctx)
}

// reloadTime is how long a server may take to read its configuration again.
const reloadTime = 20 * time.Second

// reload has the server read its configuration again, and waits until new sessions have it: the server is only told to
// by that call, and a session that begins before never loads a library that later ones do.
func (c *clone) reload(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, reloadTime, errors.New("the server does not read its configuration"))
	defer cancel()
	rows, err := c.Query(ctx, maintenanceDatabase, "SELECT pg_catalog.clock_timestamp()::text")
	if err == nil && len(rows) == 1 {
		_, err = c.Query(ctx, maintenanceDatabase, "SELECT pg_catalog.pg_reload_conf()")
	}
	if err != nil || len(rows) != 1 {
		return errors.Join(errors.New("read the configuration again"), err)
	}
	has := "SELECT pg_catalog.pg_conf_load_time() OPERATOR(pg_catalog.>=) " + sqltext.Literal(rows[0][0]) +
		"::pg_catalog.timestamptz"
	for {
		s, err := c.Connect(ctx, maintenanceDatabase)
		if err != nil {
			return err
		}
		rows, err := s.Query(ctx, has)
		s.Close()
		switch {
		case context.Cause(ctx) != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case len(rows) == 1 && rows[0][0] == "t":
			return nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

func (c *clone) close() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, s := range c.sessions {
		s.end()
	}
}
