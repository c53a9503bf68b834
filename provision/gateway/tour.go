package gateway

import (
	"net/http"
	"net/url"
	"slices"
)

// Where all names of previews are one label below the domain, a cookie for all
// hosts of a preview would be one for all previews of the domain. So a browser
// that signs in is led over the preview's hosts, each of which sets its own:
//
//	web ── token ──► api ── token ──► mail ──► web, the page that was wanted
//
// fromParameter names the host that the tour began at, and comes back to.
const fromParameter = "from"

// tour lists the hosts of a preview where no cookie is for all of them.
func (t Table) tour(route Route) []string {
	var hosts []string
	apart := false
	for _, other := range t.Routes {
		if other.ID == route.ID && other.Site != "" && other.LeadsTo == "" {
			hosts = append(hosts, other.Host)
			apart = apart || !other.covered()
		}
	}
	slices.Sort(hosts)
	if hosts = slices.Compact(hosts); !apart || len(hosts) < 2 {
		return nil
	}
	return hosts
}

// next is where a browser that has signed in on a host goes on to: the next host
// of the tour, or the page that was wanted. It leads to hosts of the preview
// alone, whatever the address says.
func (g *guard) next(r *http.Request, table *Table, route Route, token, to string) string {
	hosts := table.tour(route)
	if hosts == nil || r.TLS == nil {
		return to
	}
	port := 443
	if given := portOf(r.Host); given != 0 {
		port = given
	}
	from := r.URL.Query().Get(fromParameter)
	if !slices.Contains(hosts, from) {
		from = route.Host
	}
	next := hosts[(slices.Index(hosts, route.Host)+1)%len(hosts)]
	if next == from {
		return "https://" + authorityOf(from, port) + to
	}
	query := url.Values{"token": {token}, "to": {to}, fromParameter: {from}}
	return "https://" + authorityOf(next, port) + signInPath + "?" + query.Encode()
}
