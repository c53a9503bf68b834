// Package gateway answers on one port of a machine for every preview on it.
//
//	browser ── Host: pr-12.shop.localhost ──► gateway ── table ──► web of pr-12
//	                                             ▲
//	offshoot up, down ── gateway load (exec) ────┘ unix socket
//
// It is the offshoot binary itself, run in a container that is connected to
// the networks of the previews. It holds no state of its own but the table it
// was last given, which it keeps in a file so that it survives a restart, and
// in a folder that outlives its container the key that sign-ins are made with,
// and certificates.
package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Where things are inside the gateway's container.
const (
	DefaultPort        = 8480
	Folder             = "/run/offshoot" // what it writes
	Kept               = "/var/offshoot" // what outlives the container: keys, certificates
	File               = "routes.json"   // in the folder: the last table
	keyFile            = "key"           // in Kept
	seedKeyFile        = "seed-key"      // in Kept: names seeds, and lets nobody in
	certificatesFolder = "certificates"  // in Kept: those of the authorities
	defaultSocket      = Folder + "/gateway.sock"
	defaultFile        = Folder + "/" + File
)

// IsKept tells whether the gateway gives a file or folder in Kept that name.
func IsKept(name string) bool {
	return slices.Contains([]string{keyFile, seedKeyFile, certificatesFolder, givenFile, ACMEFile}, name)
}

// Options are what Serve needs. The zero value is right inside the container.
type Options struct {
	// Listen is the address to answer on; ":8480" when empty.
	Listen string
	// HTTPS is another address, to answer on with TLS. The first one then leads
	// there, and answers the certificate authority.
	HTTPS string
	// HTTPSPort is the port by which browsers reach it; 443 when 0.
	HTTPSPort int
	// ACME says where certificates come from.
	ACME ACME
	// Socket is the unix socket that takes new tables.
	Socket string
	// File keeps the last table over a restart.
	File string
	// Kept is the folder of what outlives the container.
	Kept string
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
	if o.HTTPSPort == 0 {
		o.HTTPSPort = 443
	}
	if o.Socket == "" {
		o.Socket = defaultSocket
	}
	if o.File == "" {
		o.File = defaultFile
	}
	if o.Kept == "" {
		o.Kept = Kept
	}
	return o
}

// Serve answers until ctx ends. A table that was stored before is served at
// once.
func Serve(ctx context.Context, options Options) error {
	options = options.withDefaults()
	secret, err := loadKey(filepath.Join(options.Kept, keyFile))
	if err != nil {
		return err
	}
	g := New(secret)
	listeners, err := listen(options)
	if err != nil {
		return err
	}
	if options.HTTPS != "" {
		g.public = true
		g.certificates = newCertificates(options.ACME, options.Kept, portNumber(listeners.plain.Addr()),
			portNumber(listeners.encrypted.Addr()))
		defer g.certificates.stop()
	}
	group, ctx := errgroup.WithContext(ctx)
	g.renewing = ctx
	if err := g.restore(options.File); err != nil {
		return errors.Join(err, listeners.close())
	}
	serve(ctx, group, listeners.admin, g.adminHandler(options.File), nil)
	if g.certificates == nil {
		serve(ctx, group, listeners.plain, g, nil)
		return group.Wait()
	}
	serve(ctx, group, listeners.plain, g.redirect(g.certificates, options.HTTPSPort), nil)
	serve(ctx, group, listeners.encrypted, g, g.certificates.config())
	return group.Wait()
}

// listeners are what Serve answers on.
type listeners struct {
	plain, encrypted, admin net.Listener
}

func listen(options Options) (l listeners, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("gateway: %w", err), l.close())
		}
	}()
	if l.plain, err = net.Listen("tcp", options.Listen); err != nil {
		return l, err
	}
	l.plain = restrict(l.plain, options.Networks)
	if options.HTTPS != "" {
		if l.encrypted, err = net.Listen("tcp", options.HTTPS); err != nil {
			return l, err
		}
		l.encrypted = restrict(l.encrypted, options.Networks)
	}
	_ = os.Remove(options.Socket)
	l.admin, err = net.Listen("unix", options.Socket)
	return l, err
}

func (l listeners) close() error {
	var errs []error
	for _, listener := range []net.Listener{l.plain, l.encrypted, l.admin} {
		if listener != nil {
			errs = append(errs, listener.Close())
		}
	}
	return errors.Join(errs...)
}

// serve runs one server and closes it when ctx ends. There are no read or
// write timeouts: an upload of an hour and a page that streams for a day are
// both legitimate.
func serve(
	ctx context.Context, group *errgroup.Group, listener net.Listener, handler http.Handler, encryption *tls.Config,
) {
	server := &http.Server{
		Handler:           handler,
		TLSConfig:         encryption,
		ErrorLog:          log.New(io.Discard, "", 0), // of scanners and of browsers that mistrust us
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    1 << 20,
	}
	group.Go(func() error {
		begin := server.Serve
		if encryption != nil {
			begin = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
		}
		if err := begin(listener); !errors.Is(err, http.ErrServerClosed) {
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
// networks, and those that come from one of the other networks it is in: those
// of previews, whose containers could send packets for any of its addresses.
type restricted struct {
	net.Listener
	networks []netip.Prefix
	attached func() []netip.Prefix // all networks that it is in now
}

func restrict(listener net.Listener, networks []netip.Prefix) net.Listener {
	if len(networks) == 0 {
		return listener
	}
	return restricted{Listener: listener, networks: networks, attached: attached}
}

func (r restricted) Accept() (net.Conn, error) {
	for {
		conn, err := r.Listener.Accept()
		if err != nil || r.allows(conn.LocalAddr(), conn.RemoteAddr()) {
			return conn, err
		}
		_ = conn.Close()
	}
}

func (r restricted) allows(local, remote net.Addr) bool {
	to, ok := addressOf(local)
	from, known := addressOf(remote)
	if !ok || !known || !to.IsLoopback() && !anyHas(r.networks, to) {
		return false
	}
	return from.IsLoopback() || anyHas(r.networks, from) || !anyHas(r.attached(), from)
}

func addressOf(a net.Addr) (netip.Addr, bool) {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	return tcp.AddrPort().Addr().Unmap().WithZone(""), true
}

func anyHas(networks []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(ip) })
}

// attached are the networks of this computer's interfaces, which change while
// the gateway runs.
func attached() []netip.Prefix {
	addresses, _ := net.InterfaceAddrs()
	var networks []netip.Prefix
	for _, address := range addresses {
		if network, err := netip.ParsePrefix(address.String()); err == nil {
			networks = append(networks, network.Masked())
		}
	}
	return networks
}
