package compose

import (
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

func TestNeeds_NamesTheKeyThatTiesTwoServices(t *testing.T) {
	for want, s := range map[string]types.ServiceConfig{
		"network_mode":              {NetworkMode: "service:db"},
		"ipc":                       {Ipc: "service:db"},
		"pid":                       {Pid: "service:db"},
		"volumes_from":              {VolumesFrom: []string{"x", "db:ro"}},
		"links":                     {Links: []string{"db:database"}},
		"build.additional_contexts": {Build: &types.BuildConfig{AdditionalContexts: types.Mapping{"x": "service:db"}}},
		"": {
			NetworkMode: "service:dbs", Ipc: "db", VolumesFrom: []string{"dbs"}, Links: []string{"x:db"},
			Build:     &types.BuildConfig{AdditionalContexts: types.Mapping{"db": "service:x"}},
			DependsOn: types.DependsOnConfig{"db": {}},
		},
	} {
		if got := needs(s, "db"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := needs(types.ServiceConfig{}, "db"); got != "" {
		t.Errorf("nothing needs it by %q", got)
	}
}

// published is a service with a port.
func published(name, image string) types.ServiceConfig {
	return types.ServiceConfig{
		Name: name, Image: image, Ports: []types.ServicePortConfig{{Target: 8080, Published: "8080", Protocol: "tcp"}},
	}
}

func TestMayBeLeftOut_IsWhatAPreviewCanDoWithout(t *testing.T) {
	proxy, web := published("proxy", "traefik"), published("web", "shop")
	worker := types.ServiceConfig{Name: "worker", Image: "shop"}
	built := types.ServiceConfig{Name: "proxy", Build: &types.BuildConfig{Context: "."}}
	database := types.ServiceConfig{Name: "proxy", Image: "postgres:15"}
	sharing := types.ServiceConfig{Name: "worker", Image: "shop", NetworkMode: "service:proxy"}
	for name, c := range map[string]struct {
		services []types.ServiceConfig
		engine   bool // what it asks for is the engine
		want     bool
	}{
		"beside one that is shown":      {[]types.ServiceConfig{proxy, web}, false, true},
		"the only one that is shown":    {[]types.ServiceConfig{proxy, worker}, false, false},
		"in front of what is not shown": {[]types.ServiceConfig{proxy, worker}, true, true},
		"that shows nothing":            {[]types.ServiceConfig{{Name: "proxy", Image: "agent"}, worker}, false, true},
		"alone":                         {[]types.ServiceConfig{proxy}, true, false},
		"beside a database":             {[]types.ServiceConfig{proxy, {Name: "db", Image: "postgres:15"}}, true, false},
		"made of the checkout":          {[]types.ServiceConfig{built, web}, true, false},
		"with data":                     {[]types.ServiceConfig{database, web}, true, false},
		"that another is made of":       {[]types.ServiceConfig{proxy, web, sharing}, true, false},
	} {
		p := &types.Project{Name: "p", Services: types.Services{}}
		for _, s := range c.services {
			p.Services[s.Name] = s
		}
		if got := mayBeLeftOut(p, "proxy", c.engine); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What is left out in place of being permitted must leave something to show.
func TestChecker_ProposesToLeaveOutWhatLeavesSomething(t *testing.T) {
	socket := Refused{Allow: "proxy.volumes:/var/run/docker.sock", service: "proxy"}
	api := Refused{Allow: "proxy.use_api_socket", service: "proxy"}
	privileged := Refused{Allow: "proxy.privileged", service: "proxy"}
	ofWeb := Refused{Allow: "web.privileged", service: "web"}
	ofFile := Refused{Allow: "volumes.x"}
	proxy, web := published("proxy", "traefik"), published("web", "shop")
	worker := types.ServiceConfig{Name: "web", Image: "shop"}
	for name, c := range map[string]struct {
		items []Refused
		web   types.ServiceConfig
		want  []string
		show  string
	}{
		"a proxy by the socket": {[]Refused{socket}, worker, []string{"proxy"}, "web"},
		"a proxy by the API":    {[]Refused{api}, worker, []string{"proxy"}, "web"},
		"a proxy by its rights": {[]Refused{privileged}, worker, []string{""}, ""},
		"another one is shown":  {[]Refused{socket}, web, []string{"proxy"}, ""},
		"part of the file":      {[]Refused{ofFile}, web, []string{""}, ""},
		"nothing would be left": {[]Refused{socket, ofWeb}, web, []string{"", ""}, ""},
	} {
		p := &types.Project{Name: "p", Services: types.Services{"proxy": proxy, "web": c.web}}
		check := &checker{items: c.items}
		check.without(p)
		var got []string
		for _, item := range check.items {
			got = append(got, item.Without)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || check.show != c.show {
			t.Errorf("%s: %s, shown %q", name, diff, check.show)
		}
	}
}

func TestNoService_SaysWhichProfileHasIt(t *testing.T) {
	p := &types.Project{
		Name: "p", Services: types.Services{"web": {Name: "web"}},
		DisabledServices: types.Services{
			"mail": {Name: "mail", Profiles: []string{"dev", "all"}}, "seed": {Name: "seed", Profiles: []string{"setup"}},
			"left": {Name: "left"},
		},
	}
	for name, want := range map[string]struct{ says, advice string }{
		"mail": {"service mail is there only with a profile that is not chosen: dev, all", "preview.profiles: [dev]"},
		"seed": {"service seed is there only with a profile that is not chosen: setup", "preview.profiles: [setup]"},
		"left": {"no service left in the compose file", "services are web"},
		"none": {"no service none in the compose file", "services are web"},
	} {
		err := noService(p, "preview.expose", name)
		if err.Error() != "preview.expose: "+want.says || !strings.HasSuffix(hint.Of(err)[0], want.advice) {
			t.Errorf("%v, hints %q", err, hint.Of(err))
		}
	}
}
