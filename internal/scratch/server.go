// Package scratch is a server of PostgreSQL on this computer for as long as somebody wants to try something on it. It
// listens on a socket in a folder that only its user may enter, and is gone with the process that started it, however
// that ends.
//
//	Start ──▶ Server ──▶ Load an archive ──▶ nil, or what did not load
package scratch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
)

// ErrNoServer means that the server's programs are not installed beside those of the client.
var ErrNoServer = errors.New("no server of PostgreSQL is installed here")

const patience = time.Minute

// Server runs until Close.
type Server struct {
	tools *pgtool.Tools
	as    *syscall.Credential // whom the server runs as; nil for ourselves
	dir   string
	input io.WriteCloser // its end ends the server
	ended chan error

	foreign bool
}

// keeper runs the server until its input ends, be it because the process that holds it was killed, and removes all.
const keeper = `dir=$1; shift
"$@" >"$dir/log" 2>&1 </dev/null & pid=$!
cat >/dev/null
kill -QUIT "$pid" 2>/dev/null
wait "$pid"
rm -rf "$dir"`

// Start makes a server of at least that major version, with an empty database like another one. Whoever starts it
// closes it.
func Start(ctx context.Context, major int, like Database) (*Server, error) {
	tools, err := pgtool.Find(ctx, major)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(tools.Path("initdb")); err != nil {
		return nil, hint.Wrap(fmt.Errorf("%w (version %d or newer)", ErrNoServer, tools.Major),
			"install the package postgresql-%d of your system", tools.Major)
	}
	s := &Server{tools: tools, ended: make(chan error, 1)}
	if err := s.begin(ctx, like); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) begin(ctx context.Context, like Database) error {
	var err error
	if s.dir, err = os.MkdirTemp(room(), "offshoot-scratch-"); err != nil {
		return err
	}
	if os.Geteuid() == 0 { // the server refuses to run as root
		if s.as, err = host.Unprivileged(); err != nil {
			return err
		}
		if err := os.Chown(s.dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
			return err
		}
	}
	initdb := []string{
		s.tools.Path("initdb"), "--no-sync", "--username=postgres", "--encoding=UTF8", "--locale=C", "--auth=trust",
		"--pgdata=" + s.data(),
	}
	const checksums = 18 // the first version in which there are any when nobody says: Write would have to know them
	if s.tools.Major >= checksums {
		initdb = append(initdb, "--no-data-checksums")
	}
	err = host.Local{}.Run(ctx, host.Command{Args: initdb, Env: s.environ("postgres"), Dir: s.dir, As: s.as})
	if err != nil {
		return fmt.Errorf("make a server: %w", err)
	}
	s.serve()
	if err := s.ready(ctx); err != nil {
		return err
	}
	// Functions of a schema run while it is loaded: a superuser's could run programs of this computer.
	if err := s.ask(ctx, "postgres", "CREATE ROLE loader LOGIN"); err != nil {
		return err
	}
	if err := s.create(ctx, like); err != nil {
		return err
	}
	return errors.Join(s.ask(ctx, "subset", "GRANT ALL ON SCHEMA public TO loader"),
		s.ask(ctx, "subset", extensionsSQL()))
}

// ask runs one statement as the superuser.
func (s *Server) ask(ctx context.Context, database, sql string) error {
	return host.Local{}.Run(ctx, host.Command{
		Args: []string{s.tools.Path("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql},
		Env:  s.environ("postgres"), Dir: s.dir, As: s.as,
	})
}

// room is the folder for temporary files, or, where that is root's alone, one that the server's user may enter.
func room() string {
	for _, dir := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if os.Geteuid() != 0 || passable(dir) {
			return dir
		}
	}
	return ""
}

func passable(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&0o001 == 0 {
		return false
	}
	return dir == "/" || passable(filepath.Dir(dir))
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// settings favour speed: nothing here outlives the trial.
var settings = []string{
	"listen_addresses=", "fsync=off", "full_page_writes=off", "synchronous_commit=off", "wal_level=minimal",
	"max_wal_senders=0", "max_wal_size=2GB", "autovacuum=off", "max_locks_per_transaction=1024", "jit=off",
}

func (s *Server) serve() {
	args := []string{"/bin/sh", "-c", keeper, "keeper", s.dir, s.tools.Path("postgres"), "-D", s.data(), "-k", s.dir}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	reader, writer := io.Pipe()
	s.input = writer
	go func() {
		s.ended <- host.Local{}.Run(context.Background(), host.Command{
			Args: args, Env: s.environ("postgres"), Dir: s.dir, As: s.as, Stdin: reader,
		})
	}()
}

func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if s.ask(ctx, "postgres", "SELECT 1") == nil {
			return nil
		}
		select {
		case end := <-s.ended:
			s.ended <- end
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("the server ended: %s", lastLine(string(log)))
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func lastLine(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return lines[len(lines)-1]
}

// environ leads the client's programs to the server, and to nowhere else.
func (s *Server) environ(role string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + s.dir, "PGHOST=" + s.dir, "PGPORT=5432", "PGUSER=" + role,
		"PGDATABASE=subset", "PGPASSFILE=/dev/null", "PGSERVICEFILE=/dev/null", "PGCLIENTENCODING=UTF8",
	}
}

// Database is the connection string of the database that Load fills, for its superuser.
func (s *Server) Database() string { return s.Address(Loaded, "postgres") }

// Loaded is the name of the database that Load fills, and Loader that of the role that does, and owns what is in it. It
// is no superuser.
const (
	Loaded = "subset"
	Loader = "loader"
)

// Address is the connection string of any database of the server, for any role.
func (s *Server) Address(database, role string) string {
	return "host='" + s.dir + "' port=5432 user=" + role + " dbname=" + database
}

// Version is the major version of the server.
func (s *Server) Version() int { return s.tools.Major }

// Close ends the server and removes its folder.
func (s *Server) Close() error {
	if s.input == nil {
		return os.RemoveAll(s.dir)
	}
	_ = s.input.Close()
	select {
	case <-s.ended:
	case <-time.After(patience):
		return fmt.Errorf("the server in %s does not end", s.dir)
	}
	s.input = nil
	return os.RemoveAll(s.dir)
}
