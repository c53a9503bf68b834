package provision

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/provision/gateway"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func stackOf(number int, expose ...port) generation {
	return generation{
		Preview: Preview{ID: "shop-pr-1", Project: "shop", Name: "pr-1", Repository: "r", PullRequest: 1, Branch: "b"},
		Number:  number, Commit: "abc", Database: "db", Expose: expose, Via: defaultGateway,
	}
}

func marked(g generation, m mark) seenVolume {
	labels := g.labels()
	labels[labelMark] = string(m)
	return seenVolume{Name: g.markName(m), Labels: labels, Created: noon}
}

// addressed is the address that deployed gives a container.
func addressed(id string) netip.Addr { return netip.AddrFrom4([4]byte{10, 9, 0, id[0]}) }

func deployed(g generation, service, id, state string, more map[string]string) seenContainer {
	labels := g.labels()
	labels[composeService] = service
	maps.Copy(labels, more)
	b := seenContainer{
		ID: id + "00000000000000", Name: service, Labels: labels, State: state,
		Networks: []string{g.Preview.project(g.Number) + "_default"},
	}
	if state == "running" {
		b.Addresses = map[string]netip.Addr{b.entry(): addressed(id)}
	}
	return b
}

func TestRoutes_LeadToTheHighestGenerationThatServes(t *testing.T) {
	web := port{"web", 8000}
	g1, g2, g3 := stackOf(1, web), stackOf(2, web), stackOf(3, web)
	s := survey{
		containers: []seenContainer{
			deployed(g1, "web", "aaaaaaaaaaaa", "running", nil),
			deployed(g2, "db", "dddddddddddd", "running", nil),
			deployed(g2, "web", "oooooooooooo", "running", map[string]string{composeOneOff: "True"}),
			deployed(g2, "web", "bbbbbbbbbbbb", "running", nil),
			deployed(g2, "web", "xxxxxxxxxxxx", "exited", nil),
			deployed(g3, "web", "cccccccccccc", "running", nil),
		},
		volumes: []seenVolume{marked(g1, markServing), marked(g2, markServing), marked(g3, markBegun)},
		subnets: map[string][]netip.Prefix{
			"shop-pr-1-g2_default": {netip.MustParsePrefix("10.9.0.0/24")},
			"other":                {netip.MustParsePrefix("10.8.0.0/24")},
		},
	}
	want := gateway.Table{Routes: []gateway.Route{{
		Host: "pr-1.shop.localhost", Project: "shop", Preview: "pr-1", Service: "web",
		Address: "10.9.0.98:8000", Container: "bbbbbbbbbbbb",
		Networks: []netip.Prefix{netip.MustParsePrefix("10.9.0.0/24")}, State: gateway.Serving, Commit: "abc",
		Branch: "b", Since: noon, ID: "shop-pr-1",
	}}}
	if diff := cmp.Diff(want, s.routes(entrance{port: 8480}),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"shop-pr-1-g1_default", "shop-pr-1-g2_default", "shop-pr-1-g3_default"},
		s.reached()); diff != "" {
		t.Error(diff)
	}
}

func TestRoutes_SayThatAPreviewIsStartingOrUpdating(t *testing.T) {
	g1 := stackOf(1, port{"web", 8000})
	states := func(volumes ...seenVolume) (found []gateway.State) {
		for _, route := range (survey{volumes: volumes}).routes(entrance{port: 8480}).Routes {
			found = append(found, route.State)
		}
		return found
	}
	for name, c := range map[string]struct {
		volumes []seenVolume
		want    []gateway.State
	}{
		"nothing": {nil, nil},
		"begun":   {[]seenVolume{marked(g1, markBegun)}, []gateway.State{gateway.Starting}},
		"stopped": {[]seenVolume{marked(g1, markServing), marked(g1, markStopped)}, []gateway.State{gateway.Updating}},
		"asleep":  {[]seenVolume{marked(g1, markServing), marked(g1, markAsleep)}, []gateway.State{gateway.Asleep}},
		"woken up": {
			[]seenVolume{marked(g1, markServing), marked(g1, markAsleep), marked(g1, markStopped)},
			[]gateway.State{gateway.Updating},
		},
		"leftover": {[]seenVolume{marked(g1, markStopped)}, nil},
	} {
		if diff := cmp.Diff(c.want, states(c.volumes...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A sign-in that ends when the labels say would end before the preview.
func TestRoutes_EndWhenThePreviewWasPutToEnd(t *testing.T) {
	g := stackOf(1, port{"web", 80})
	g.Expires = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	sooner, later, never := g, g, g
	sooner.Expires, later.Expires, never.Expires = g.Expires.Add(-time.Hour), g.Expires.Add(time.Hour), time.Time{}
	for name, c := range map[string]struct {
		put  []generation
		want time.Time
	}{
		"never put": {nil, g.Expires}, "sooner": {[]generation{sooner}, sooner.Expires},
		"later": {[]generation{later}, later.Expires},
		"never": {[]generation{never}, time.Time{}}, "sooner and later": {[]generation{sooner, later}, later.Expires},
		"never and later": {[]generation{never, later}, time.Time{}},
		"later and never": {[]generation{later, never}, time.Time{}},
	} {
		s := survey{volumes: []seenVolume{marked(g, markServing)}}
		for _, put := range c.put {
			s.volumes = append(s.volumes, marked(put, markExtended+"-x"))
		}
		if got := s.routes(entrance{port: 8480}).Routes[0].Expires; !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestRoutes_OfSeveralServicesHaveNamesOfTheirOwnAndTheBareOneIsTheFirst(t *testing.T) {
	g := stackOf(1, port{"web", 80}, port{"api", 9000})
	s := survey{
		containers: []seenContainer{
			deployed(g, "api", "aaaaaaaaaaaa", "running", nil),
			deployed(g, "web", "bbbbbbbbbbbb", "running", nil),
		},
		volumes: []seenVolume{marked(g, markServing)},
	}
	got := map[string][2]string{}
	for _, route := range s.routes(entrance{port: 8480}).Routes {
		got[route.Host] = [2]string{route.Address, route.LeadsTo}
	}
	want := map[string][2]string{
		"api--pr-1.shop.localhost": {"10.9.0.97:9000", ""},
		"web--pr-1.shop.localhost": {"10.9.0.98:80", "pr-1.shop.localhost"},
		"pr-1.shop.localhost":      {"10.9.0.98:80", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	links := []Link{
		{"web", "http://pr-1.shop.localhost:8480/"}, {"api", "http://api--pr-1.shop.localhost:8480/"},
	}
	if diff := cmp.Diff(links, g.links(entrance{port: 8480})); diff != "" {
		t.Error(diff)
	}
	if got := stackOf(1, port{"web", 80}).links(entrance{port: 80}); got[0].URL != "http://pr-1.shop.localhost/" {
		t.Errorf("on port 80: %v", got)
	}
}

// The services were told both addresses before web was left aside.
func TestRoutes_OfTheOnlyOneLeftKeepTheNameThatServicesWereTold(t *testing.T) {
	begun, g := stackOf(1, port{"web", 80}, port{"api", 9000}), stackOf(1, port{"api", 9000})
	s := survey{
		containers: []seenContainer{
			deployed(begun, "api", "aaaaaaaaaaaa", "running", nil),
			deployed(begun, "web", "bbbbbbbbbbbb", "running", nil),
		},
		volumes: []seenVolume{marked(begun, markBegun), marked(g, markServing)},
	}
	got := map[string]string{}
	for _, route := range s.routes(entrance{port: 8480}).Routes {
		got[route.Host] = route.Address + " " + route.LeadsTo
	}
	want := map[string]string{
		"pr-1.shop.localhost":      "10.9.0.97:9000 ",
		"api--pr-1.shop.localhost": "10.9.0.97:9000 pr-1.shop.localhost",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRoutes_OfAServiceWithoutAContainerStillNameIt(t *testing.T) {
	g := stackOf(1, port{"web", 80})
	routes := survey{volumes: []seenVolume{marked(g, markServing)}}.routes(entrance{port: 8480}).Routes
	if len(routes) != 1 || routes[0].Service != "web" || routes[0].Address != "" || routes[0].State != gateway.Serving {
		t.Errorf("routes %+v", routes)
	}
}

func TestSurvey_IsOfOneGatewayAlone(t *testing.T) {
	mine, other := stackOf(1, port{"web", 80}), stackOf(1, port{"web", 80})
	other.Preview.ID, other.Via = "bank-pr-1", "another"
	s := survey{
		volumes:    []seenVolume{marked(mine, markServing), marked(other, markServing)},
		containers: []seenContainer{deployed(other, "web", "a", "running", nil)},
		others:     []map[string]string{other.labels()},
	}
	if got := s.via(defaultGateway).previews(); !slices.Equal(got, []string{"shop-pr-1"}) {
		t.Errorf("previews %q", got)
	}
	if got := s.previews(); !slices.Equal(got, []string{"bank-pr-1", "shop-pr-1"}) {
		t.Errorf("all previews %q", got)
	}
}

func TestUnusedVolumes_AreThoseThatNoGenerationAndNoContainerHas(t *testing.T) {
	g2 := stackOf(2, port{"web", 80})
	volumeOf := func(name, number string) seenVolume {
		return seenVolume{Name: name, Labels: map[string]string{labelPreview: "shop-pr-1", labelVolumeOf: number}}
	}
	carrier := deployed(g2, "db", "a", "exited", nil)
	carrier.Volumes = []string{"carried"}
	s := survey{
		containers: []seenContainer{carrier},
		volumes: []seenVolume{
			volumeOf("carried", "1"), volumeOf("left", "1"), volumeOf("own", "2"), volumeOf("odd", "x"),
			marked(g2, markServing),
			{Name: "foreign", Labels: map[string]string{labelPreview: "shop-pr-2", labelVolumeOf: "1"}},
		},
	}
	if got := s.unusedVolumes("shop-pr-1"); !slices.Equal(got, []string{"left", "odd"}) {
		t.Errorf("unused %q", got)
	}
}

func TestSameOwner_RefusesOnlyStrangers(t *testing.T) {
	g := stackOf(1)
	s := survey{volumes: []seenVolume{marked(g, markServing)}}
	if err := s.sameOwner(g.Preview); err != nil {
		t.Error(err)
	}
	renamed := g.Preview
	renamed.Branch = "another branch of the same pull request"
	if err := s.sameOwner(renamed); err != nil {
		t.Error(err)
	}
	for _, change := range []func(*Preview){
		func(p *Preview) { p.Repository = "other" },
		func(p *Preview) { p.PullRequest = 2 },
		func(p *Preview) { p.PullRequest = 0 },
	} {
		stranger := g.Preview
		change(&stranger)
		if err := s.sameOwner(stranger); err == nil {
			t.Errorf("%+v may have it", stranger)
		}
	}
}

func TestRoutes_OfAHostThatTwoPreviewsClaimAreOneAndSorted(t *testing.T) {
	web := port{"web", 80}
	first, second, third := stackOf(1, web), stackOf(1, web), stackOf(1, web)
	second.Preview.ID = "zzz" // another id, the same name and project
	third.Preview.ID, third.Preview.Name = "aaa-pr-0", "pr-0"
	s := survey{volumes: []seenVolume{
		marked(second, markServing), marked(first, markServing),
		marked(third, markBegun),
	}}
	table := s.routes(entrance{port: 8480})
	var hosts []string
	for _, route := range table.Routes {
		hosts = append(hosts, route.Host)
	}
	if !slices.Equal(hosts, []string{"pr-0.shop.localhost", "pr-1.shop.localhost"}) {
		t.Errorf("hosts %q", hosts)
	}
	content, err := json.Marshal(table)
	if err != nil || strings.Contains(string(content), "0001-01-01") {
		t.Errorf("%s, %v", content, err)
	}
}

func TestRoutes_OfMarkersThatShowNothingAreNone(t *testing.T) {
	for name, volumes := range map[string][]seenVolume{
		"nothing exposed": {marked(stackOf(1), markServing)},
		"only stopped":    {marked(stackOf(1, port{"web", 80}), markStopped)},
		"no number": {{Labels: map[string]string{
			labelPreview: "p", labelMark: string(markServing),
			labelExpose: "web=80",
		}}},
		"no markers": nil,
	} {
		if got := (survey{volumes: volumes}).routes(entrance{port: 8480}).Routes; len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func leads(containers []seenContainer, number int, p port) string {
	route := gateway.Route{ID: "shop-pr-1"}
	survey{containers: containers}.lead(&route, number, p)
	return route.Container + " " + route.Address
}

func TestBackend_PrefersTheContainerThatRuns(t *testing.T) {
	web := port{"web", 8000}
	g := stackOf(1, web)
	old, now := deployed(g, "web", "old", "exited", nil), deployed(g, "web", "now", "running", nil)
	oneOff := deployed(g, "web", "one", "running", map[string]string{composeOneOff: "True"})
	for _, containers := range [][]seenContainer{{old, now, oneOff}, {now, old, oneOff}, {oneOff, old, now}} {
		if got := leads(containers, 1, web); got != "now000000000 10.9.0.110:8000" {
			t.Errorf("leads to %s", got)
		}
	}
	if got := leads([]seenContainer{old}, 1, web); got != "old000000000 :8000" {
		t.Errorf("where none runs: %s", got)
	}
	if got := leads([]seenContainer{now}, 2, web); got != " " {
		t.Errorf("of another generation: %s", got)
	}
}

func TestReached_IsOneNetworkOfEachExposedContainerThatRuns(t *testing.T) {
	g := stackOf(1, port{"web", 80}, port{"api", 81})
	in := func(b seenContainer, networks ...string) seenContainer { b.Networks = networks; return b }
	s := survey{containers: []seenContainer{
		in(deployed(g, "web", "a", "running", nil), "front", "shared"),
		in(deployed(g, "api", "b", "running", nil), "back", "front"),
		in(deployed(g, "db", "c", "running", nil), "inner"), in(deployed(g, "web", "d", "exited", nil), "gone"),
		in(deployed(g, "web", "e", "running", map[string]string{composeOneOff: "True"}), "tool"),
		in(deployed(g, "web", "f", "running", nil)),
	}}
	if got := s.reached(); !slices.Equal(got, []string{"back", "front"}) {
		t.Errorf("networks %q", got)
	}
}
