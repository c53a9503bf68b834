package provision

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/provision/gateway"
)

var (
	shopPull  = Preview{ID: "shop-pr-12", Project: "shop", Name: "pr-12"}
	somewhere = netip.MustParseAddr("203.0.113.7")
)

func TestEntrance_NamesThePreviewsOfAMachine(t *testing.T) {
	for name, c := range map[string]struct {
		at                entrance
		only, one, shared string
	}{
		"on this computer": {
			entrance{port: 8480},
			"http://pr-12.shop.localhost:8480/",
			"http://my-api--pr-12.shop.localhost:8480/", "",
		},
		"at port 80": {
			entrance{port: 80},
			"http://pr-12.shop.localhost/",
			"http://my-api--pr-12.shop.localhost/", "",
		},
		"a domain": {
			entrance{front: Front{Domain: "Previews.example.com"}},
			"https://shop-pr-12.previews.example.com/", "https://my-api.shop-pr-12.previews.example.com/",
			"shop-pr-12.previews.example.com",
		},
		"an address": {
			entrance{front: Front{Address: somewhere}},
			"https://shop-pr-12.203-0-113-7.sslip.io/", "https://my-api.shop-pr-12.203-0-113-7.sslip.io/",
			"shop-pr-12.203-0-113-7.sslip.io",
		},
		"one label": {
			entrance{front: Front{Domain: "previews.example.com", OneLabel: true}},
			"https://shop-pr-12.previews.example.com/", "https://my-api--shop-pr-12.previews.example.com/",
			"shop-pr-12.previews.example.com",
		},
		"by address": {
			entrance{front: Front{Address: somewhere, ByAddress: true}},
			"https://203.0.113.7/",
			"https://203.0.113.7:8443/", "203.0.113.7",
		},
		"by address, on other ports": {
			entrance{front: Front{
				Address: netip.MustParseAddr("2001:db8::7"), ByAddress: true, HTTPS: 9443,
				Further: 9500,
			}},
			"https://[2001:db8::7]:9443/", "https://[2001:db8::7]:9500/", "2001:db8::7",
		},
		"by address of the newer kind": {
			entrance{front: Front{Address: netip.MustParseAddr("2001:db8::7"), ByAddress: true}},
			"https://[2001:db8::7]/", "https://[2001:db8::7]:8443/", "2001:db8::7",
		},
		"an address in a domain": {
			entrance{front: Front{Domain: "{ip}.x.dev", Address: somewhere, HTTPS: 8443}},
			"https://shop-pr-12.203-0-113-7.x.dev:8443/", "https://my-api.shop-pr-12.203-0-113-7.x.dev:8443/",
			"shop-pr-12.203-0-113-7.x.dev",
		},
	} {
		got := []string{c.at.link(shopPull, "my-api", 0), c.at.link(shopPull, "my-api", 1), c.at.site(shopPull)}
		if diff := cmp.Diff([]string{c.only, c.one, c.shared}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if err := c.at.front.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFront_RefusesWhatIsNoDomain(t *testing.T) {
	for _, domain := range []string{
		"localhost", "x", "*.example.com", "https://example.com", "example.com:80",
		"a b.com", "-a.com", "1.2.3.4", "{ip}", strings.Repeat("abcdefghi.", 13) + "com",
	} {
		if err := (Front{Domain: domain, Address: somewhere}).Check(); err == nil {
			t.Errorf("%q is taken", domain)
		}
	}
	for name, f := range map[string]Front{
		"no name at all": {HTTPS: 8443}, "no address for the name": {Domain: "{ip}.example.com"},
		"no roots":                {Domain: "a.com", ACME: gateway.ACME{Authority: gateway.Authority{Roots: "x"}}},
		"an address and a domain": {Domain: "a.com", Address: somewhere, ByAddress: true},
		"by no address":           {ByAddress: true, Domain: "a.com"},
		"no certificate":          {Domain: "a.com", Given: gateway.Given{Chain: "x", Key: "y"}},
	} {
		if err := f.Check(); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestEntrance_IsReadBackFromTheGateway(t *testing.T) {
	want := entrance{front: Front{
		Domain: "previews.example.com", Address: somewhere, HTTP: 8080, Bind: netip.MustParseAddr("127.0.0.1"),
		ACME: gateway.ACME{Email: "a@b.c"},
	}}
	running := container.InspectResponse{
		ContainerJSONBase: &container.ContainerJSONBase{HostConfig: &container.HostConfig{PortBindings: want.ports()}},
		Config:            &container.Config{Labels: map[string]string{labelFront: want.label()}},
	}
	if got := entranceOf(running); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	keyed := Front{
		Domain: "previews.example.com",
		ACME:   gateway.ACME{Authority: gateway.Authority{KeyID: "a", Key: "Rmlyc3Q"}},
	}
	named := (Engine{Front: keyed}).wantedEntrance(container.InspectResponse{})
	running.Config.Labels[labelFront] = named.label()
	if got := entranceOf(running); got != named {
		t.Errorf("with an account %+v, want %+v", got, named)
	}
	running.Config.Labels[labelFront] = want.label()
	if got := (Engine{Port: 9000}).wantedEntrance(running); got != want {
		t.Errorf("an up that asks for a port makes it %+v", got)
	}
	other := Front{Domain: "other.example.com"}
	if got := (Engine{Front: other}).wantedEntrance(running); got != (entrance{front: other}) {
		t.Errorf("an up with another front makes it %+v", got)
	}
	address := Front{Address: somewhere, ByAddress: true}
	three := address
	three.Ports = 2
	running.Config.Labels[labelFront] = entrance{front: three}.label()
	if got := (Engine{Front: address}).wantedEntrance(running); got != (entrance{front: three}) {
		t.Errorf("an up of fewer services closes the ports of what serves: %+v", got)
	}
	for _, foreign := range []string{"", "x", "{}", "[]"} {
		running.Config.Labels[labelFront] = foreign
		if got := entranceOf(running); got.public() {
			t.Errorf("label %q is read as %+v", foreign, got)
		}
	}
}

func TestEntrance_PublishesOnlyItsPorts(t *testing.T) {
	for name, c := range map[string]struct {
		at   entrance
		want map[string]string
	}{
		"on this computer": {entrance{port: 8480}, map[string]string{"8480/tcp": "127.0.0.1:8480"}},
		"for the world": {
			entrance{front: Front{Domain: "a.com"}},
			map[string]string{"8480/tcp": ":80", "8443/tcp": ":443"},
		},
		"three services of an address": {
			entrance{front: Front{Address: somewhere, ByAddress: true, Ports: 2}},
			map[string]string{"8480/tcp": ":80", "8443/tcp": ":443 :8443 :8444"},
		},
	} {
		got := map[string]string{}
		for inside, outside := range c.at.ports() {
			for i, binding := range outside {
				got[string(inside)] += strings.Repeat(" ", min(i, 1)) + binding.HostIP + ":" + binding.HostPort
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestEntrance_SaysWhichPortIsTaken(t *testing.T) {
	at := entrance{front: Front{Domain: "a.com", HTTP: 8080, HTTPS: 8443}}
	for text, want := range map[string]int{
		"driver failed programming external connectivity: Bind for 0.0.0.0:8080 failed: port is already allocated": 8080,
		"listen tcp4 0.0.0.0:8443: bind: address already in use":                                                   8443,
		"Ports are not available": 8443,
		"Error starting userland proxy: listen tcp4 0.0.0.0:8080: bind: address already in use": 8080,
	} {
		var taken *PortTakenError
		if err := at.taken(errors.New(text)); !errors.As(err, &taken) || taken.Port != want ||
			strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestRun_AsksForASignInWhereOthersCanReachThePreview(t *testing.T) {
	yes, no := true, false
	for name, c := range map[string]struct {
		front  Front
		public *bool
		want   bool
	}{
		"on this computer":           {Front{}, nil, false},
		"for the world":              {Front{Domain: "a.com"}, nil, true},
		"made public":                {Front{Domain: "a.com"}, &yes, false},
		"on this computer, not open": {Front{}, &no, true},
	} {
		j := job{options: Options{Public: c.public}, at: entrance{front: c.front}}
		if got := j.signIn(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Two services whose names are cut are told apart, and every name is one label.
func TestEntrance_ANameOfOneLabelIsOneForEachService(t *testing.T) {
	at := entrance{front: Front{Domain: "previews.example.com", OneLabel: true}}
	p := Preview{ID: strings.Repeat("p", maxProject) + "-" + strings.Repeat("n", maxName)}
	names := map[string]bool{at.host(p, "", true): true}
	services := []string{"a", "b", "a-b", "A_B", strings.Repeat("s", 63) + "1", strings.Repeat("s", 63) + "2", "x"}
	for _, service := range services {
		name := at.host(p, service, false)
		label, rest, _ := strings.Cut(name, ".")
		if names[name] || len(label) > 63 || rest != "previews.example.com" || strings.HasPrefix(label, "-") ||
			strings.HasSuffix(label, "-") {
			t.Errorf("%s is named %s", service, name)
		}
		names[name] = true
	}
}

// What is said of a front on the engine, and what fronts are compared by.
func TestHostile_WhoeverLooksAtTheEngineWantsTheKeysOfTheFront(t *testing.T) {
	front := Front{
		Domain: "previews.example.com", OneLabel: true, Given: gateway.Given{Chain: "CHAIN", Key: "WILDCARD-KEY"},
		ACME: gateway.ACME{
			Authority: gateway.Authority{Directory: "https://a.example/dir", KeyID: "a", Key: "Rmlyc3Q"},
			Second:    gateway.Authority{Directory: "https://b.example/dir", KeyID: "b", Key: "U2Vjb25k"},
		},
	}
	at := (Engine{Front: front}).wantedEntrance(container.InspectResponse{})
	seen := at.label() + configOf("image", at) + strings.Join(serveCommand(at, nil, ""), " ")
	for _, secret := range []string{"WILDCARD-KEY", "Rmlyc3Q", "U2Vjb25k"} {
		if strings.Contains(seen, secret) {
			t.Errorf("%s is in %s", secret, seen)
		}
	}
	other := front
	other.ACME.Second.Key = "QW5vdGhlcg"
	if (Engine{Front: other}).wantedEntrance(container.InspectResponse{}) == at {
		t.Error("another key makes no other gateway")
	}
	renewed := front
	renewed.Given.Key = "NEWER"
	if (Engine{Front: renewed}).wantedEntrance(container.InspectResponse{}) != at {
		t.Error("a certificate that was renewed makes another gateway")
	}
}
