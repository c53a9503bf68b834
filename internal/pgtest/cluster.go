package pgtest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/host"
)

// disk is where clusters are that find no room in memory.
const disk = "/tmp"

// prefix names every folder of ours, followed by the pid of its owner.
const prefix = "offshoot-pgtest-"

// cluster is one running server and the folder that holds all of it.
type cluster struct {
	bin        string
	dir        string // sockets, log, data and standby folders
	port       int
	password   string
	credential *syscall.Credential // who runs the server, when we are root
	alive      io.Closer           // closed: the reaper stops the servers and removes dir
	reaped     chan error

	mu       sync.Mutex
	standbys map[string]*Standby // by the name of their folder
}

var one struct {
	sync.Mutex
	cluster *cluster
	err     error
	tuned   []string
	onDisk  bool
}

// Tune adds settings, such as "shared_buffers=1GB", to those of the cluster.
// The cluster must not be running yet.
func Tune(t testing.TB, settings ...string) {
	t.Helper()
	one.Lock()
	defer one.Unlock()
	if one.cluster != nil {
		t.Fatal("the cluster is running already")
	}
	one.tuned = settings
}

// running returns the cluster of this test binary, started on first use.
func running(t testing.TB) *cluster {
	t.Helper()
	one.Lock()
	defer one.Unlock()
	if one.cluster == nil && one.err == nil {
		one.cluster, one.err = start()
	}
	if errors.Is(one.err, errNoServer) && os.Getenv("CI") != "true" {
		t.Skip(one.err)
	}
	if one.err != nil {
		t.Fatalf("start PostgreSQL: %v", one.err)
	}
	return one.cluster
}

// Stop stops the cluster and removes it. It does nothing when there is none.
func Stop() {
	one.Lock()
	defer one.Unlock()
	if one.cluster == nil {
		return
	}
	_ = one.cluster.alive.Close()
	select {
	case <-one.cluster.reaped:
	case <-time.After(patience):
	}
	one.cluster = nil
}

func start() (*cluster, error) {
	removeLeftovers()
	bin, err := newestBin()
	if err != nil {
		return nil, err
	}
	c := &cluster{bin: bin, password: secret(), standbys: map[string]*Standby{}}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	if err := c.initdb(); err != nil {
		_ = c.alive.Close()
		return nil, err
	}
	if c.port, err = c.serve("data"); err != nil {
		_ = c.alive.Close()
		return nil, err
	}
	if err := c.setPassword(); err != nil {
		_ = c.alive.Close()
		return nil, err
	}
	return c, nil
}

// prepare makes the folder and starts the reaper that will remove it.
func (c *cluster) prepare() error {
	folder := root()
	if one.onDisk {
		folder = disk
	}
	dir, err := os.MkdirTemp(folder, prefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return err
	}
	c.dir = dir
	if os.Geteuid() == 0 {
		if c.credential, err = host.Unprivileged(); err != nil {
			return errors.Join(err, os.RemoveAll(dir))
		}
		if err := os.Chown(dir, int(c.credential.Uid), int(c.credential.Gid)); err != nil {
			return errors.Join(err, os.RemoveAll(dir))
		}
	}
	if err := c.startReaper(); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	return os.Chmod(dir, 0o755)
}

//go:embed reaper.sh
var reaper string

// startReaper starts a shell that reads from a pipe only we hold: when we
// close it or die of whatever cause, it stops the servers and removes dir.
func (c *cluster) startReaper() error {
	cmd := c.command("/bin/sh", "-c", reaper, "reaper", c.dir)
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.alive, c.reaped = pipe, make(chan error, 1)
	go func() { c.reaped <- cmd.Wait() }()
	return nil
}

func (c *cluster) initdb() error {
	cmd := c.command(c.bin+"/initdb", "--no-sync", "--username=postgres", "--encoding=UTF8", "--locale=C",
		"--auth-local=trust", "--auth-host=md5", "--pgdata="+c.dir+"/data")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, tail(out))
	}
	return nil
}

// settings favour speed: nothing here outlives the tests. Autovacuum is off so
// that statistics change only when a test says so.
var settings = []string{
	"fsync=off", "full_page_writes=off", "autovacuum=off", "jit=off", "password_encryption=scram-sha-256",
	"shared_buffers=64MB", "checkpoint_timeout=1h", "max_wal_size=1GB", "max_parallel_workers_per_gather=0",
	"wal_level=replica", "wal_keep_size=512MB", "hot_standby_feedback=on",
	"max_connections=200", "max_locks_per_transaction=256", "listen_addresses=127.0.0.1",
}

// serve starts a server on the data folder of that name, with settings of its
// own, and returns its port. A port that was free may be taken a moment later,
// so it tries a few.
func (c *cluster) serve(data string, own ...string) (int, error) {
	var last error
	for range 5 {
		port, err := freePort()
		if err != nil {
			return 0, err
		}
		if last = c.serveOn(data, port, own); last == nil {
			return port, nil
		}
	}
	return 0, last
}

func (c *cluster) serveOn(data string, port int, own []string) error {
	log, err := os.OpenFile(filepath.Join(c.dir, data+".log"), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	args := []string{"-D", filepath.Join(c.dir, data), "-p", strconv.Itoa(port), "-k", c.dir}
	for _, s := range slices.Concat(settings, one.tuned, own) {
		args = append(args, "-c", s)
	}
	cmd := c.command(c.bin+"/postgres", args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := c.ready(port, ended); err != nil {
		out, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%w: %s", err, tail(out))
	}
	return nil
}

// ready waits until the server answers.
func (c *cluster) ready(port int, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := c.connect(ctx, port)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case exit := <-ended:
			return fmt.Errorf("postgres ended: %w", errors.Join(exit, err))
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer after %s: %w", patience, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// connect goes through the unix socket, where no password is asked.
func (c *cluster) connect(ctx context.Context, port int) (*pgconn.PgConn, error) {
	return pgconn.Connect(ctx,
		fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres sslmode=disable", c.dir, port))
}

func (c *cluster) setPassword() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := c.connect(ctx, c.port)
	if err != nil {
		return err
	}
	// A SCRAM login costs each side thousands of hashes, and tests log in
	// thousands of times. Roles of tests have SCRAM passwords all the same:
	// the method md5 asks for what is stored.
	_, err = conn.Exec(ctx, "SET password_encryption = 'md5'; ALTER ROLE postgres PASSWORD '"+c.password+"'").ReadAll()
	return errors.Join(err, conn.Close(ctx))
}

// command runs as the server's user, in a session of its own, so that a
// signal from the terminal ends the tests before it ends the server.
func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: c.credential}
	return cmd
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// removeLeftovers removes the clusters of test binaries that are gone and
// whose reaper was killed as well.
func removeLeftovers() {
	var dirs []string
	for _, root := range []string{disk, ram} {
		found, _ := filepath.Glob(filepath.Join(root, prefix+"*"))
		dirs = append(dirs, found...)
	}
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
		owner, err := strconv.Atoi(pid)
		if err != nil || !errors.Is(syscall.Kill(owner, 0), syscall.ESRCH) {
			continue
		}
		cmd := exec.Command("/bin/sh", "-c", reaper, "reaper", dir)
		_ = cmd.Run()
	}
}
