package conninfo

import (
	"context"
	"crypto/tls"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// Server is one of those that a connection string names. The zero Server is none.
type Server struct {
	Host string // as the string has it: a name, an address or the folder of a socket
	Port uint16
	// IP is the address that a name led to; empty where the other end of the way
	// knows, and of a socket.
	IP string
}

// Servers lists those that a connection string names, in order. pgconn lists each
// again for every way of using TLS.
func Servers(config *pgconn.Config) []Server {
	all := []Server{{Host: config.Host, Port: config.Port}}
	for _, f := range config.Fallbacks {
		if s := (Server{Host: f.Host, Port: f.Port}); !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// Reached returns the server that a connection leads to, of a configuration that
// Parse made.
func Reached(c *pgconn.PgConn) Server { return reachedBy(c.Conn()) }

func reachedBy(conn net.Conn) Server {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if r, ok := conn.(*reached); ok {
		return r.Server
	}
	return Server{}
}

// reached is a connection that knows which server it was meant for.
type reached struct {
	net.Conn
	Server
}

// remember has connections know their servers. Addresses are looked up host by host.
func remember(config *pgconn.Config) {
	var of sync.Map // by address: the server
	lookup, dial, servers := config.LookupFunc, config.DialFunc, Servers(config)
	config.LookupFunc = func(ctx context.Context, host string) ([]string, error) {
		found, err := lookup(ctx, host)
		for _, ip := range found {
			for _, s := range servers {
				if s.Host != host {
					continue
				}
				if s.IP = ip; ip == host && net.ParseIP(ip) == nil {
					s.IP = ""
				}
				of.LoadOrStore(net.JoinHostPort(ip, strconv.Itoa(int(s.Port))), s)
			}
		}
		return found, err
	}
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if network == "unix" {
			port, _ := strconv.ParseUint(strings.TrimPrefix(filepath.Ext(address), "."), 10, 16)
			return &reached{conn, Server{Host: filepath.Dir(address), Port: uint16(port)}}, nil
		}
		if s, ok := of.Load(address); ok {
			return &reached{conn, s.(Server)}, nil
		}
		ip, _, _ := net.SplitHostPort(address) // of a server that is pinned
		return &reached{conn, Server{Host: config.Host, Port: config.Port, IP: ip}}, nil
	}
}

// Pin has connections lead to one server, wherever else the string that the
// configuration was made of may lead next time.
func Pin(config *pgconn.Config, to Server) {
	if to == (Server{}) {
		return
	}
	fallbacks := slices.DeleteFunc(slices.Clone(config.Fallbacks), func(f *pgconn.FallbackConfig) bool {
		return f.Host != to.Host || f.Port != to.Port
	})
	if (config.Host != to.Host || config.Port != to.Port) && len(fallbacks) > 0 {
		first := fallbacks[0]
		config.Host, config.Port, config.TLSConfig = first.Host, first.Port, first.TLSConfig
		fallbacks = fallbacks[1:]
	}
	config.Fallbacks, config.ValidateConnect = fallbacks, nil
	if to.IP == "" {
		return
	}
	config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{to.IP}, nil }
}
