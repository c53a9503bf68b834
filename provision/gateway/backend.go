package gateway

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"
)

// resolveFor is how long a name may take that the engine answers itself.
const resolveFor = 2 * time.Second

var errNoContainer = errors.New("there is no container")

// host is what connections to the backend of a route are kept by. It is the
// container's name rather than its address, which another one may have next.
func (r Route) host() string {
	if r.Container == "" {
		return r.Address
	}
	_, port, _ := net.SplitHostPort(r.Address)
	return net.JoinHostPort(r.Container, port)
}

// at is where to connect to. The engine may give a container another address
// whenever it starts it, and resolves its id. But it resolves names in all
// networks that the gateway is in, and a container of another preview can have
// any name there: only an address of this preview's own networks counts, and
// without one the address that the container had when the route was made.
func (r Route) at(ctx context.Context, lookup func(context.Context, string) ([]netip.Addr, error)) (string, error) {
	address, port, err := net.SplitHostPort(r.Address)
	if err != nil {
		return "", errNoContainer
	}
	if r.Container != "" && len(r.Networks) > 0 {
		ctx, cancel := context.WithTimeout(ctx, resolveFor)
		defer cancel()
		found, err := lookup(ctx, r.Container)
		var none *net.DNSError
		if errors.As(err, &none) && none.IsNotFound {
			return "", errNoContainer // that runs
		}
		for _, ip := range found {
			if slices.ContainsFunc(r.Networks, func(n netip.Prefix) bool { return n.Contains(ip.Unmap()) }) {
				return net.JoinHostPort(ip.Unmap().String(), port), nil
			}
		}
	}
	if address == "" {
		return "", errNoContainer
	}
	return r.Address, nil
}

// connect dials the backend of the request's route, and nothing else.
func connect(dialer *net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		route, _ := ctx.Value(routeKey{}).(Route)
		address, err := route.at(ctx, resolve)
		if err != nil {
			return nil, err
		}
		return dialer.DialContext(ctx, network, address)
	}
}

// resolve asks for the name alone, and never with a search domain after it.
func resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", name+".")
}

// isAddress tells whether a route leads to an address, or to a port of which
// only the container's name tells the address.
func isAddress(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil || port == "" {
		return false
	}
	_, err = netip.ParseAddr(host)
	return err == nil || host == ""
}
