package gateway

import (
	"net"
	"net/http"
	"strconv"
	"strings"
)

// redirect answers on port 80: the authority's questions, and otherwise with
// the way to the same page by HTTPS. A browser is told first where it would
// only be warned of a certificate that it does not know.
func (g *Gateway) redirect(c *certificates, httpsPort int) http.Handler {
	return c.issuer.HTTPChallengeHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, found := g.table.Load().lookup(r.Host)
		if !found {
			showUnknown(w, r)
			return
		}
		link := "https://" + authorityOf(route.Host, httpsPort) + r.URL.RequestURI()
		status := c.statusOf(route.Host)
		if status.Ready || !strings.Contains(r.Header.Get("Accept"), "text/html") {
			w.Header().Set("X-Robots-Tag", noRobots)
			http.Redirect(w, r, link, http.StatusPermanentRedirect)
			return
		}
		showUncertified(w, r, route, link, status.Problem)
	}))
}

// authorityOf is a host with its port, as it stands in an https link.
func authorityOf(host string, port int) string {
	if port != 443 {
		return net.JoinHostPort(host, strconv.Itoa(port))
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// navigates tells whether a browser opens a page, and not a script something:
// what a script asks another origin for may not be redirected.
// https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Mode
func navigates(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && (mode == "" || mode == "navigate") &&
		r.Header.Get("Origin") == "" && r.Header.Get("Upgrade") == ""
}

// lead sends a browser to the host that a service is known by.
func lead(w http.ResponseWriter, r *http.Request, route Route) {
	link := "http://"
	if r.TLS != nil {
		link = "https://"
	}
	link += route.LeadsTo
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		link += ":" + port
	}
	w.Header().Set("Cache-Control", "no-store")
	if route.Site != "" {
		w.Header().Set("X-Robots-Tag", noRobots)
	}
	http.Redirect(w, r, link+r.URL.RequestURI(), http.StatusTemporaryRedirect)
}
