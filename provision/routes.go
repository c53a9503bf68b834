package provision

import (
	"fmt"
	"net/netip"
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
	sort.SliceStable(table.Routes, func(i, j int) bool {
		a, b := table.Routes[i], table.Routes[j]
		return a.Host < b.Host || a.Host == b.Host && a.Port < b.Port
	})
	table.Routes = slices.CompactFunc(table.Routes,
		func(a, b gateway.Route) bool { return a.Host == b.Host && a.Port == b.Port })
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
	now := s.generation(id, number)
	g.Expires, g.Pass = now.Expires, now.Pass
	several := len(g.Expose) > 1 || s.toldSeveral(id, number)
	var routes []gateway.Route
	for i, p := range g.Expose {
		route := gateway.Route{
			Project: g.Preview.Project, Preview: g.Preview.Name, Service: p.Service, State: state,
			Host: at.host(g.Preview, p.Service, i == 0), Since: marker.Created,
			Commit: g.Commit, Branch: g.Preview.Branch, Expires: g.Expires,
			ID: g.Preview.ID, Site: at.site(g.Preview), SignIn: g.SignIn, Several: several,
		}
		if g.SignIn {
			route.Pass = at.pass(g)
		}
		if at.front.ByAddress && i > 0 {
			route.Port = at.front.port(i)
		}
		if state == gateway.Serving {
			s.lead(&route, number, p)
		}
		routes = append(routes, route)
		if i == 0 && several && !at.front.ByAddress { // it has a name like the others', too: one that leads to its own
			route.Host, route.LeadsTo = at.host(g.Preview, p.Service, false), route.Host
			routes = append(routes, route)
		}
	}
	return routes
}

// toldSeveral tells whether the services of a generation were told addresses of
// more than one, of which others may have been left aside since.
func (s survey) toldSeveral(id string, number int) bool {
	return slices.ContainsFunc(s.containersOf(id, number),
		func(c seenContainer) bool { return len(generationOf(c.Labels).Expose) > 1 })
}

// lead lets a route lead to the container of its service, if there is one: to
// its address, and to the id that the engine finds the next one by, which
// counts in the container's own networks only. Names of containers can be
// longer than DNS allows, and those of services are the same in all previews.
func (s survey) lead(route *gateway.Route, number int, p port) {
	for _, c := range s.containersOf(route.ID, number) {
		if c.service() != p.Service || route.Container != "" && !c.running() {
			continue
		}
		route.Container, route.Networks = c.short(), nil
		for _, name := range c.Networks {
			route.Networks = append(route.Networks, s.subnets[name]...)
		}
		route.Address = c.address(p.Number)
	}
}

// address is where a port of a container is, while it runs. Else only the port
// is known.
func (c seenContainer) address(number int) string {
	if at, known := c.Addresses[c.entry()]; known {
		return netip.AddrPortFrom(at, uint16(number)).String()
	}
	return fmt.Sprintf(":%d", number)
}

// reached are the networks that the gateway has to be in: one of each exposed
// container.
func (s survey) reached() []string {
	var networks []string
	for _, c := range s.containers {
		if c.oneOff() || len(c.Networks) == 0 || !c.running() {
			continue
		}
		if slices.ContainsFunc(generationOf(c.Labels).Expose, func(p port) bool { return p.Service == c.service() }) {
			networks = append(networks, c.entry())
		}
	}
	slices.Sort(networks)
	return slices.Compact(networks)
}
