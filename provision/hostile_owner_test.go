package provision

import (
	"net/netip"
	"testing"
)

// Somebody who makes a new repository under a name that was given up has none of
// the previews that were made under it.
func TestHostile_ANewRepositoryUnderAnOldNameWantsItsPreviews(t *testing.T) {
	t.Parallel()
	g := stackOf(1)
	g.Preview.RepositoryID = "api.github.com#1"
	s := survey{volumes: []seenVolume{marked(g, markServing)}}
	taker := g.Preview
	taker.RepositoryID = "api.github.com#2"
	if err := s.of(taker); err == nil {
		t.Error("it may remove them")
	}
	if err := s.sameOwner(taker); err == nil {
		t.Error("it may update them")
	}
	if (Filter{Repository: taker.Repository, RepositoryID: taker.RepositoryID}).matches(g.Preview) {
		t.Error("it lists them as its own")
	}
}

// A machine that is started again has another address, and the next one to have
// its old one is sent the links, and the sign-ins of browsers, that were for it.
func TestHostile_TheNextToHaveAnAddressWantsTheSignInsThatItIsSent(t *testing.T) {
	g := stackOf(1, port{"web", 8000})
	g.SignIn, g.Pass = true, "0123456789abcdef"
	s := survey{volumes: []seenVolume{marked(g, markServing)}}
	pass := func(f Front) string {
		routes := s.routes(entrance{front: f}).Routes
		if len(routes) != 1 || routes[0].Pass != (entrance{front: f}).pass(g) {
			t.Fatalf("%+v", routes)
		}
		return routes[0].Pass
	}
	there := netip.MustParseAddr("203.0.113.8")
	for name, at := range map[string]func(netip.Addr) Front{
		"an address":         func(a netip.Addr) Front { return Front{Address: a, ByAddress: true} },
		"a name of its own":  func(a netip.Addr) Front { return Front{Address: a} },
		"a name of a domain": func(a netip.Addr) Front { return Front{Address: a, Domain: "{ip}.x.dev"} },
	} {
		if pass(at(somewhere)) == pass(at(there)) {
			t.Errorf("%s: they are good at the next address as well", name)
		}
	}
	if domain := "previews.example.com"; pass(Front{Domain: domain, Address: somewhere}) != pass(Front{
		Domain:  domain,
		Address: there,
	}) {
		t.Error("of a domain they end with the address")
	}
}
