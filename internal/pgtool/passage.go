package pgtool

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
)

// Passage lets PostgreSQL's programs reach servers by a way that only this process
// has. They connect to doors on this computer, which open for processes of the
// same user alone and lead to the servers:
//
//	pg_dump ─▶ 127.0.0.1:port, or a socket in a private folder ─▶ Way.Dial ─▶ server
//
// Certificates are checked by the programs, against the names of the servers.
type Passage struct {
	Env []string // for the programs

	doors []net.Listener
	ended sync.WaitGroup
	stop  context.CancelFunc

	mutex sync.Mutex // guards what follows
	fault error      // of the way
}

// OpenPassage opens doors to the database that a connection string names, at one of
// its servers or at any, sockets in folder, which is private. Where the servers are in this computer's own
// network there are no doors, and the environment alone leads there. Close has to
// be called in either case.
func OpenPassage(
	ctx context.Context, way *conninfo.Way, connection string, at conninfo.Server, folder string,
) (*Passage, error) {
	config, err := way.ParseAt(connection, at)
	if err != nil {
		return nil, err
	}
	env, err := environ(ctx, connection, &config.Config, at)
	if err != nil {
		return nil, err
	}
	p := &Passage{Env: env, stop: func() {}}
	if way.Direct() {
		return p, nil
	}
	ctx, p.stop = context.WithCancel(ctx)
	if err := p.open(ctx, way, &config.Config, folder); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Close closes the doors, ends what goes through them, and returns what was wrong
// with the way meanwhile: to the programs it looked like a fault of the server.
func (p *Passage) Close() error {
	p.stop()
	for _, door := range p.doors {
		door.Close()
	}
	p.ended.Wait()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.fault
}

// open opens a door for each host, and has the programs look for it there.
func (p *Passage) open(ctx context.Context, way *conninfo.Way, config *pgconn.Config, folder string) error {
	var hosts, addresses, ports []string
	for i, to := range conninfo.Servers(config) {
		network, address := pgconn.NetworkAddress(to.Host, to.Port)
		host, at, port, listen := to.Host, "127.0.0.1", "", ""
		if network == "unix" {
			host, at, port = filepath.Join(folder, strconv.Itoa(i)), "", strconv.Itoa(int(to.Port))
			if err := os.Mkdir(host, 0o700); err != nil {
				return err
			}
			_, listen = pgconn.NetworkAddress(host, to.Port)
		} else {
			found, err := config.LookupFunc(ctx, to.Host)
			if err != nil {
				return err
			}
			_, address = pgconn.NetworkAddress(found[0], to.Port)
			listen = at + ":0"
		}
		door, err := (&net.ListenConfig{}).Listen(ctx, network, listen)
		if err != nil {
			return err
		}
		if a, ok := door.Addr().(*net.TCPAddr); ok {
			port = strconv.Itoa(a.Port)
		}
		p.doors = append(p.doors, door)
		p.ended.Go(func() {
			p.serve(door, func() (net.Conn, error) { return way.Dial(ctx, network, address) })
		})
		hosts, addresses, ports = append(hosts, host), append(addresses, at), append(ports, port)
	}
	p.Env = set(p.Env, "PGHOST", strings.Join(hosts, ","))
	p.Env = set(p.Env, "PGHOSTADDR", strings.Join(addresses, ","))
	p.Env = set(p.Env, "PGPORT", strings.Join(ports, ","))
	return nil
}

func (p *Passage) serve(door net.Listener, dial func() (net.Conn, error)) {
	for {
		near, err := door.Accept()
		if err != nil {
			return
		}
		if !fromUs(near) {
			near.Close()
			continue
		}
		p.ended.Go(func() {
			defer near.Close()
			far, err := dial()
			if err != nil {
				p.blame(err)
				return
			}
			p.carry(near, far)
		})
	}
}

// carry goes on until one of the two ends: whoever is left has nothing to say then.
func (p *Passage) carry(near, far net.Conn) {
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{far, near}, {near, far}} {
		both.Go(func() {
			_, err := io.Copy(pair[0], pair[1])
			p.blame(err)
			near.Close()
			far.Close()
		})
	}
	both.Wait()
}

// blame remembers the first error of the way. Others are for the programs to tell.
func (p *Passage) blame(err error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.fault == nil && !errors.Is(err, context.Canceled) {
		p.fault = conninfo.Fault(err)
	}
}

// set returns the environment with another value for a variable, or none.
func set(env []string, name, value string) []string {
	var kept []string
	for _, pair := range env {
		if !strings.HasPrefix(pair, name+"=") {
			kept = append(kept, pair)
		}
	}
	if strings.Trim(value, ",") == "" {
		return kept
	}
	return append(kept, name+"="+value)
}
