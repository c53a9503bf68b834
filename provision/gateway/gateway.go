// Package gateway answers on one port of a machine for every preview on it.
//
//	browser ── Host: pr-12.shop.localhost ──► gateway ── table ──► web of pr-12
//	                                             ▲
//	offshoot up, down ── gateway load (exec) ────┘ unix socket
//
// It is the offshoot binary itself, run in a container that is connected to
// the networks of the previews. It holds no state of its own but the table it
// was last given, which it keeps in a file so that it survives a restart.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
)

// Where things are inside the gateway's container.
const (
	DefaultPort   = 8480
	Folder        = "/run/offshoot" // what it writes
	File          = "routes.json"   // in the folder: the last table
	defaultSocket = Folder + "/gateway.sock"
	defaultFile   = Folder + "/" + File
)

// Options are what Serve needs. The zero value is right inside the container.
type Options struct {
	// Listen is the address to answer on; ":8480" when empty.
	Listen string
	// Socket is the unix socket that takes new tables.
	Socket string
	// File keeps the last table over a restart.
	File string
	// Networks are the subnets of the addresses that it answers on. The
	// gateway is also connected to every preview's network, where a container
	// of one preview could otherwise ask it for the pages of another. Empty
	// means any.
	Networks []netip.Prefix
}

func (o Options) withDefaults() Options {
	if o.Listen == "" {
		o.Listen = fmt.Sprintf(":%d", DefaultPort)
	}
	if o.Socket == "" {
		o.Socket = defaultSocket
	}
	if o.File == "" {
		o.File = defaultFile
	}
	return o
}

// Serve answers until ctx ends. A table that was stored before is served at
// once.
func Serve(ctx context.Context, options Options) error {
	options = options.withDefaults()
	g := New()
	if err := g.restore(options.File); err != nil {
		return err
	}
	public, err := net.Listen("tcp", options.Listen)
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	_ = os.Remove(options.Socket)
	admin, err := net.Listen("unix", options.Socket)
	if err != nil {
		return errors.Join(fmt.Errorf("gateway: %w", err), public.Close())
	}
	group, ctx := errgroup.WithContext(ctx)
	serve(ctx, group, restrict(public, options.Networks), g)
	serve(ctx, group, admin, g.adminHandler(options.File))
	return group.Wait()
}

// serve runs one server and closes it when ctx ends. There are no read or
// write timeouts: an upload of an hour and a page that streams for a day are
// both legitimate.
func serve(ctx context.Context, group *errgroup.Group, listener net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    1 << 20,
	}
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("gateway: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
}

// restricted closes connections that came in on an address outside of its
// networks.
type restricted struct {
	net.Listener
	networks []netip.Prefix
}

func restrict(listener net.Listener, networks []netip.Prefix) net.Listener {
	if len(networks) == 0 {
		return listener
	}
	return restricted{Listener: listener, networks: networks}
}

func (r restricted) Accept() (net.Conn, error) {
	for {
		conn, err := r.Listener.Accept()
		if err != nil || r.allows(conn.LocalAddr()) {
			return conn, err
		}
		_ = conn.Close()
	}
}

func (r restricted) allows(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return false
	}
	ip := tcp.AddrPort().Addr().Unmap()
	if ip.IsLoopback() {
		return true
	}
	for _, network := range r.networks {
		if network.Contains(ip) {
			return true
		}
	}
	return false
}
