package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestHostile_SomebodyWithoutTheLinkWantsToSendAPreflightWithABody(t *testing.T) {
	p := newPrivate(t)
	given := header("Origin", "https://"+privateHost, "Access-Control-Request-Method", "PUT", "Content-Type",
		"text/x-command", "Cookie", "app=1",
		"Authorization", "Basic YTpi", "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Key",
		"dGhlIHNhbXBsZSBub25jZQ==")
	response, _, through := p.ask(t, http.MethodOptions, apiHost, "/v1", "a body", given)
	if through == nil || response.StatusCode == http.StatusSwitchingProtocols {
		t.Fatalf("the preflight itself: %s", response.Status)
	}
	if through.ContentLength != 0 || len(through.TransferEncoding) > 0 {
		t.Errorf("the application is sent %d bytes, %q", through.ContentLength, through.TransferEncoding)
	}
	for _, name := range []string{"Content-Type", "Cookie", "Authorization", "Upgrade", "Connection"} {
		if got := through.Header.Get(name); got != "" {
			t.Errorf("the application is sent %s: %s", name, got)
		}
	}
	if through.Header.Get("Origin") == "" || through.Header.Get("Access-Control-Request-Method") != "PUT" {
		t.Errorf("the application is asked with %v", through.Header)
	}
	for _, origin := range []string{"https://" + otherHost, "https://evil.example", "null", "%%"} {
		if _, _, through := p.ask(t, http.MethodOptions, apiHost, "/v1", "",
			header("Origin", origin, "Access-Control-Request-Method", "PUT")); through != nil {
			t.Errorf("from %q it came through", origin)
		}
	}
}

// What a browser sends with a request: the cookie comes by itself to all hosts of a site.
func TestHostile_APageOfASiblingWantsToActForWhoeverLooksAtIt(t *testing.T) {
	p := newPrivate(t)
	cookie := cookiePart + "shop-pr-1=" + p.key.token(forCookie, "shop-pr-1", p.now.Add(time.Hour))
	own, sibling := "https://"+privateHost, "https://"+otherHost
	for name, c := range map[string]struct {
		method  string
		headers []string
		want    bool
	}{
		"a form of a sibling": {
			http.MethodPost,
			[]string{
				"Origin", sibling, "Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest",
				"document",
			},
			false,
		},
		"a form of a sibling, older browser": {http.MethodPost, []string{"Origin", sibling}, false},
		"a form of elsewhere": {
			http.MethodPost,
			[]string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
			false,
		},
		"a form in a sandbox": {
			http.MethodPost,
			[]string{"Origin", "null", "Sec-Fetch-Site", "cross-site"},
			false,
		},
		"a form of nobody": {http.MethodPost, []string{"Origin", "null"}, false},
		"a call of a sibling's script": {
			http.MethodGet,
			[]string{
				"Origin", sibling, "Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest",
				"empty",
			},
			false,
		},
		"a script of this, in a sibling": {
			http.MethodGet,
			[]string{
				"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script", "Referer",
				sibling + "/",
			},
			false,
		},
		"an image without a referer": {
			http.MethodGet,
			[]string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
			false,
		},
		"a frame in a sibling": {
			http.MethodGet,
			[]string{
				"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe",
				"Referer", sibling + "/",
			},
			false,
		},
		"a sibling's WebSocket": {
			http.MethodGet,
			[]string{
				"Origin", sibling, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Key",
				"dGhlIHNhbXBsZSBub25jZQ==",
			},
			false,
		},
		"a link in a sibling": {
			http.MethodGet,
			[]string{
				"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document",
				"Referer", sibling + "/",
			},
			true,
		},
		"a link in a chat": {
			http.MethodGet,
			[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
			true,
		},
		"an address typed": {
			http.MethodGet,
			[]string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
			true,
		},
		"its own form": {
			http.MethodPost,
			[]string{
				"Origin", own, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest",
				"document",
			},
			true,
		},
		"its own form that hides itself": {
			http.MethodPost,
			[]string{"Origin", "null", "Sec-Fetch-Site", "same-origin"},
			true,
		},
		"its own script": {
			http.MethodDelete,
			[]string{"Origin", own, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors"},
			true,
		},
		"its other service's script": {
			http.MethodPut,
			[]string{"Origin", "https://" + apiHost, "Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors"},
			true,
		},
		"an image of its other service": {
			http.MethodGet,
			[]string{
				"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image", "Referer",
				"https://" + apiHost + "/",
			},
			true,
		},
		"a WebSocket of its own": {
			http.MethodGet,
			[]string{
				"Origin", own, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Key",
				"dGhlIHNhbXBsZSBub25jZQ==",
			},
			true,
		},
		"a program": {http.MethodPost, nil, true},
	} {
		r := request(t, c.method, p.address, privateHost, "/orders", nil)
		r.Header = header(append([]string{"Cookie", cookie}, c.headers...)...)
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		through := false
		select {
		case <-p.seen:
			through = true
		default:
		}
		if through != c.want || !c.want && response.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s, came through: %v", name, response.Status, through)
		}
	}
	// A program of another site's own has the password: it signs in, and is no browser's doing.
	token := header(tokenHeader, p.key.password("shop-pr-1"), "Origin", "https://evil.example")
	if _, _, through := p.ask(t, http.MethodPut, apiHost, "/v1", "", token); through == nil {
		t.Error("with the password it does not come in")
	}
}

// Nobody signs in to what only this computer can reach, but its previews are one site too.
func TestHostile_APageOfALocalSiblingWantsToActForTheDeveloper(t *testing.T) {
	seen := make(chan *http.Request, 1)
	behind := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r }))
	defer behind.Close()
	route := func(host, preview string) Route {
		return Route{
			Host: host, Project: "shop", Preview: preview, ID: "shop-" + preview, Service: "web",
			State: Serving, Address: behind.Listener.Addr().String(),
		}
	}
	address := gatewayWith(t, route("pr-1.shop.localhost", "pr-1"), route("pr-2.shop.localhost", "pr-2"))
	for name, c := range map[string]struct {
		headers []string
		want    bool
	}{
		"a sibling": {[]string{
			"Origin", "http://pr-2.shop.localhost:8480", "Sec-Fetch-Site",
			"same-site",
		}, false},
		"a sibling, older browser": {[]string{"Origin", "http://pr-2.shop.localhost:8480"}, false},
		"a sibling's frame": {[]string{
			"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate",
			"Sec-Fetch-Dest", "iframe",
		}, false},
		"itself": {[]string{
			"Origin", "http://pr-1.shop.localhost:8480", "Sec-Fetch-Site",
			"same-origin",
		}, true},
		"an identity provider's answer": {[]string{
			"Origin", "https://login.example.com", "Sec-Fetch-Site",
			"cross-site", "Sec-Fetch-Mode", "navigate",
		}, true},
		"a development server on a port": {[]string{
			"Origin", "http://localhost:5173", "Sec-Fetch-Site",
			"cross-site", "Sec-Fetch-Mode", "cors",
		}, true},
		"a program":                          {nil, true},
		"a page that hides where it is":      {[]string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, true},
		"a sibling that hides where it is":   {[]string{"Origin", "null", "Sec-Fetch-Site", "same-site"}, false},
		"an own page that hides where it is": {[]string{"Origin", "null", "Sec-Fetch-Site", "same-origin"}, true},
	} {
		r := request(t, http.MethodPost, address, "pr-1.shop.localhost:8480", "/", nil)
		r.Header = header(c.headers...)
		response, _ := do(t, r)
		through := false
		select {
		case <-seen:
			through = true
		default:
		}
		if through != c.want {
			t.Errorf("%s: %s, came through: %v", name, response.Status, through)
		}
	}
}

func TestGateway_LetsPagesOfSeveralHostsSayWhereTheyAreFrom(t *testing.T) {
	for several, want := range map[bool]string{true: "strict-origin", false: "no-referrer"} {
		behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
			_ *http.Request,
		) {
			w.Header().Set("Referrer-Policy", "no-referrer")
		}))
		address := gatewayWith(t,
			Route{
				Host: "pr-1.shop.localhost", State: Serving, Address: behind.Listener.Addr().String(),
				Several: several,
			})
		response, _ := do(t, request(t, http.MethodGet, address, "pr-1.shop.localhost", "/", nil))
		if got := response.Header.Get("Referrer-Policy"); got != want {
			t.Errorf("several %v: %q", several, got)
		}
		behind.Close()
	}
}

func TestHostile_SomebodyWantsToKeepPeopleOutByWrongPasswords(t *testing.T) {
	p := newPrivate(t)
	for range attemptsOfAll + 1 {
		p.post(t, privateHost, "wrong", "/")
	}
	right := p.key.password("shop-pr-1")
	if response, _ := p.post(t, privateHost, right, "/"); response.StatusCode != http.StatusSeeOther {
		t.Errorf("the password: %s", response.Status)
	}
	if _, _, through := p.ask(t, http.MethodGet, privateHost, "/", "", header(tokenHeader, right)); through == nil {
		t.Error("a program with the password does not come in")
	}
	link := signInPath + "?token=" + p.key.token(forLink, "shop-pr-1", time.Time{})
	if response, _, _ := p.ask(t, http.MethodGet, privateHost, link, "",
		nil); response.StatusCode != http.StatusSeeOther {
		t.Errorf("the link: %s", response.Status)
	}
}

// The gateway has an address in each preview's network, and the machine takes a
// packet for any of its addresses at each of them.
func TestHostile_AContainerWantsThePagesOfAnotherPreviewFromTheGateway(t *testing.T) {
	r := restricted{
		networks: []netip.Prefix{netip.MustParsePrefix("172.18.0.0/16")},
		attached: func() []netip.Prefix {
			return []netip.Prefix{
				netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("172.18.0.0/16"),
				netip.MustParsePrefix("172.20.0.0/16"), netip.MustParsePrefix("fd01::/64"),
			}
		},
	}
	for name, c := range map[string]struct {
		local, remote string
		want          bool
	}{
		"a browser on this computer":      {"172.18.0.2:8480", "172.18.0.1:5", true},
		"a browser far away":              {"172.18.0.2:8443", "203.0.113.9:5", true},
		"this container":                  {"127.0.0.1:8480", "127.0.0.1:5", true},
		"at a preview's network":          {"172.20.0.9:8480", "172.20.0.3:5", false},
		"at ours from a preview":          {"172.18.0.2:8480", "172.20.0.3:5", false},
		"at ours from a preview, mapped":  {"172.18.0.2:8480", "[::ffff:172.20.0.3]:5", false},
		"at ours from a preview, by IPv6": {"172.18.0.2:8480", "[fd01::3]:5", false},
	} {
		at := func(text string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(text)) }
		if got := r.allows(at(c.local), at(c.remote)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
	for _, ends := range [][2]net.Addr{
		{&net.UnixAddr{}, &net.UnixAddr{}}, {loopback, &net.UnixAddr{}}, {&net.UnixAddr{}, loopback},
	} {
		if r.allows(ends[0], ends[1]) {
			t.Errorf("%v: what has no address is let in", ends)
		}
	}
}

func TestRoute_LeadsToNoAddressOutsideOfItsNetworks(t *testing.T) {
	own, theirs := netip.MustParseAddr("172.20.0.5"), netip.MustParseAddr("172.21.0.5")
	route := Route{
		Address: "172.20.0.3:80", Container: "0123456789ab",
		Networks: []netip.Prefix{netip.MustParsePrefix("172.20.0.0/16")},
	}
	stopped, inspected, unconnected := route, route, route
	stopped.Address = ":80"
	inspected.Container = ""
	unconnected.Networks = nil
	for name, c := range map[string]struct {
		route Route
		found []netip.Addr
		err   error
		want  string
	}{
		"as it was":            {route, []netip.Addr{netip.MustParseAddr("172.20.0.3")}, nil, "172.20.0.3:80"},
		"moved":                {route, []netip.Addr{own}, nil, "172.20.0.5:80"},
		"mapped":               {route, []netip.Addr{netip.AddrFrom16(own.As16())}, nil, "172.20.0.5:80"},
		"a sibling's alias":    {route, []netip.Addr{theirs}, nil, "172.20.0.3:80"},
		"both":                 {route, []netip.Addr{theirs, own}, nil, "172.20.0.5:80"},
		"no answer":            {route, nil, errors.New("timeout"), "172.20.0.3:80"},
		"stopped":              {route, nil, &net.DNSError{IsNotFound: true}, ""},
		"was stopped":          {stopped, []netip.Addr{own}, nil, "172.20.0.5:80"},
		"was stopped, alias":   {stopped, []netip.Addr{theirs}, nil, ""},
		"only an address":      {inspected, []netip.Addr{own}, nil, "172.20.0.3:80"},
		"of no network":        {unconnected, nil, &net.DNSError{IsNotFound: true}, "172.20.0.3:80"},
		"nothing":              {Route{}, []netip.Addr{theirs}, nil, ""},
		"a name is no address": {Route{Container: "0123456789ab"}, []netip.Addr{theirs}, nil, ""},
	} {
		got, err := c.route.at(t.Context(),
			func(context.Context, string) ([]netip.Addr, error) { return c.found, c.err })
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestPass_OfAPreviewIsNoneOfItsNext(t *testing.T) {
	p := newPrivate(t)
	if holder("a", "") != "a" || holder("a", "b") == holder("a", "c") || strings.Contains(holder("a", ""), "\x00") {
		t.Error("holders")
	}
	before, after := holder("shop-pr-1", "1"), holder("shop-pr-1", "2")
	if p.key.opens(p.key.password(before), after) || !p.key.opens(p.key.password(after), after) {
		t.Error("the password before opens")
	}
	if _, ok := p.key.check(p.key.token(forLink, before, time.Time{}), forLink, after, p.now); ok {
		t.Error("the link before opens")
	}
}
