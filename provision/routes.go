package provision

import (
	"fmt"
	"slices"
	"sort"

	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// routes derives the gateway's table from what is on the engine.
func (s survey) routes(at entrance) gateway.Table {
	var table gateway.Table
	for _, id := range s.previews() {
		table.Routes = append(table.Routes, s.routesOf(id, at)...)
	}
	sort.SliceStable(table.Routes, func(i, j int) bool { return table.Routes[i].Host < table.Routes[j].Host })
	table.Routes = slices.CompactFunc(table.Routes, func(a, b gateway.Route) bool { return a.Host == b.Host })
	return table
}

// routesOf are the routes of one preview: of the generation that serves, or
// while there is none, those of the one being made, which lead nowhere yet.
func (s survey) routesOf(id string, at entrance) []gateway.Route {
	number := s.serving(id)
	state, m := gateway.Serving, markServing
	if number == 0 {
		state, m = gateway.Starting, markBegun
		for _, begun := range s.generations(id) {
			number = begun
		}
	}
	marker, ok := s.marker(id, number, m)
	if !ok {
		return nil
	}
	if asleep, ok := s.marker(id, number, markAsleep); ok {
		state, marker = gateway.Asleep, asleep
	}
	if stopped, ok := s.marker(id, number, markStopped); ok {
		state, marker = gateway.Updating, stopped
	}
	g := generationOf(marker.Labels)
	g.Expires = s.generation(id, number).Expires
	several := len(g.Expose) > 1 || s.toldSeveral(id, number)
	var routes []gateway.Route
	for i, p := range g.Expose {
		route := gateway.Route{
			Project: g.Preview.Project, Preview: g.Preview.Name, Service: p.Service, State: state,
			Host: at.host(g.Preview, p.Service, i == 0), Since: marker.Created,
			Commit: g.Commit, Branch: g.Preview.Branch, Expires: g.Expires,
			ID: g.Preview.ID, Site: at.site(g.Preview), SignIn: g.SignIn,
		}
		if state == gateway.Serving {
			route.Address = s.backend(id, number, p)
		}
		routes = append(routes, route)
		if i == 0 && several { // it has a name like the others', too: one that leads to its own
			route.Host, route.LeadsTo = at.host(g.Preview, p.Service, false), route.Host
			routes = append(routes, route)
		}
	}
	return routes
}

// toldSeveral tells whether the services of a generation were told addresses of
// more than one, of which others may have been left aside since.
func (s survey) toldSeveral(id string, number int) bool {
	return slices.ContainsFunc(s.boxes(id, number), func(c box) bool { return len(generationOf(c.Labels).Expose) > 1 })
}

// backend is the address of a service's container. Docker answers the short
// id of a container in every network that it is in; names of containers can
// be longer than DNS allows, and those of services are the same in all
// previews.
func (s survey) backend(id string, number int, p port) string {
	address := ""
	for _, c := range s.boxes(id, number) {
		if c.service() == p.Service && (address == "" || c.running()) {
			address = fmt.Sprintf("%s:%d", c.address(), p.Number)
		}
	}
	if address == "" {
		return "missing.invalid:80" // a page that names the service, not an unknown host
	}
	return address
}

// reached are the networks that the gateway has to be in: one of each exposed
// container.
func (s survey) reached() []string {
	var networks []string
	for _, c := range s.containers {
		if c.oneOff() || len(c.Networks) == 0 || !c.running() {
			continue
		}
		exposed := slices.ContainsFunc(generationOf(c.Labels).Expose, func(p port) bool { return p.Service == c.service() })
		if exposed && !slices.ContainsFunc(c.Networks, func(n string) bool { return slices.Contains(networks, n) }) {
			networks = append(networks, c.Networks[0])
		}
	}
	slices.Sort(networks)
	return slices.Compact(networks)
}
