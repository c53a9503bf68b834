package gateway

import (
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
		link := "https://" + route.Host
		if httpsPort != 443 {
			link += ":" + strconv.Itoa(httpsPort)
		}
		link += r.URL.RequestURI()
		status := c.statusOf(route.Host)
		if status.Ready || !strings.Contains(r.Header.Get("Accept"), "text/html") {
			w.Header().Set("X-Robots-Tag", noRobots)
			http.Redirect(w, r, link, http.StatusPermanentRedirect)
			return
		}
		showUncertified(w, r, route, link, status.Problem)
	}))
}
