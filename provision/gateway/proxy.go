package gateway

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// Gateway is the handler that leads requests to previews by their host name.
type Gateway struct {
	table  atomic.Pointer[Table]
	proxy  *httputil.ReverseProxy
	guard  guard
	public bool // other computers can reach it

	certificates *certificates   // nil: none are needed
	renewing     context.Context // bounds what is done in the background
}

// New returns a gateway with an empty table, which checks sign-ins with a key
// of 32 bytes.
func New(key []byte) *Gateway {
	g := &Gateway{guard: guard{key: key, now: time.Now}}
	g.table.Store(&Table{})
	g.proxy = &httputil.ReverseProxy{
		Rewrite:        rewrite,
		ModifyResponse: hide,
		Transport:      transport(),
		FlushInterval:  -1, // every write goes out at once: server-sent events, progress pages
		ErrorHandler:   backendDown,
		ErrorLog:       log.New(io.Discard, "", 0), // requests of reviewers are nobody else's business
	}
	return g
}

// Use replaces the table. Requests that are under way go on as they are.
func (g *Gateway) Use(table Table) {
	g.table.Store(&table)
	if g.certificates != nil {
		g.certificates.use(g.renewing, table)
	}
}

// ServeHTTP answers with the preview of the request's host, or with a page
// that says why it cannot.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	table := g.table.Load()
	route, found := table.lookup(r.Host)
	if found && route.LeadsTo != "" && navigates(r) {
		lead(w, r, route)
		return
	}
	if found && route.SignIn && table.isPreflight(r, route) {
		r = bare(r)
	} else if found && !g.guard.admits(w, r, table, route) {
		return
	}
	switch {
	case found && route.State == Serving:
		g.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), routeKey{}, route)))
	case found:
		showWaiting(w, r, route)
	case isThisMachine(r.Host) && !g.public:
		showIndex(w, r, *table)
	default:
		showUnknown(w, r)
	}
}

// routeKey carries the route of a request to rewrite and backendDown, which
// the reverse proxy calls with nothing else of ours.
type routeKey struct{}

func routeOf(r *http.Request) Route {
	route, _ := r.Context().Value(routeKey{}).(Route)
	return route
}

// rewrite passes the Host on as the browser sent it, so that links, cookies
// and origin checks of the application see its public name.
func rewrite(r *httputil.ProxyRequest) {
	r.SetURL(&url.URL{Scheme: "http", Host: routeOf(r.In).host()})
	r.Out.Host = r.In.Host
	r.Out.URL.RawQuery = r.In.URL.RawQuery // as it was sent, also where Go cannot parse it
	withoutSignIn(r.Out.Header)
	r.SetXForwarded()
	r.Out.Header.Del("X-Forwarded-Port")
	if _, port, err := net.SplitHostPort(r.In.Host); err == nil {
		r.Out.Header.Set("X-Forwarded-Port", port)
	}
}

// hide keeps search engines out of what other computers can reach, and lets
// pages of a preview be told from those of others.
func hide(response *http.Response) error {
	route := routeOf(response.Request)
	if route.Site != "" {
		response.Header.Set("X-Robots-Tag", noRobots)
	}
	if route.Several {
		askForReferer(response.Header)
	}
	return nil
}

func backendDown(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) || r.Context().Err() != nil {
		return // the browser went away; nobody reads an answer
	}
	showDown(w, r, routeOf(r))
}

// transport bounds only the time to connect: how long an answer takes is the
// application's affair.
func transport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		DialContext:           connect(dialer),
		DisableCompression:    true,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       30 * time.Second,
		MaxIdleConnsPerHost:   32,
	}
}

func isThisMachine(host string) bool {
	name := hostName(host)
	if name == "localhost" {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}
