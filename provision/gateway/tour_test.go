package gateway

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tourists is a gateway with two previews whose services are all one label below
// the domain.
func tourists() (*Gateway, time.Time) {
	g, now := New(testKey), time.Unix(1_800_000_000, 0)
	g.guard.now = func() time.Time { return now }
	route := func(host, name string) Route {
		return Route{
			Host: host + ".previews.example.com", Project: "shop", Preview: name, ID: "shop-" + name,
			Site: "shop-" + name + ".previews.example.com", Service: "web",
			State: Starting, SignIn: true, Several: true, Expires: now.Add(72 * time.Hour),
		}
	}
	alias := route("web--shop-pr-1", "pr-1")
	alias.LeadsTo = "shop-pr-1.previews.example.com"
	table := Table{Routes: []Route{
		route("api--shop-pr-1", "pr-1"), route("api--shop-pr-2", "pr-2"), route("mail--shop-pr-1", "pr-1"),
		route("shop-pr-1", "pr-1"), route("shop-pr-2", "pr-2"), alias,
	}}
	g.Use(table)
	return g, now
}

// follow asks as a browser does, through all redirects, and returns where it
// ends and which hosts it has a cookie of.
func follow(t *testing.T, g *Gateway, r *http.Request) (end string, cookies map[string]*http.Cookie) {
	t.Helper()
	cookies = map[string]*http.Cookie{}
	for range 10 {
		r.TLS = &tls.ConnectionState{}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		for _, cookie := range w.Result().Cookies() {
			cookies[r.Host] = cookie
		}
		to := w.Header().Get("Location")
		if to == "" {
			return "https://" + r.Host + r.URL.RequestURI(), cookies
		}
		target, err := r.URL.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		if target.Host == "" {
			target.Host = r.Host
		}
		host := r.Host
		r = httptest.NewRequest(http.MethodGet, target.RequestURI(), nil)
		r.Host = target.Host
		if cookie := cookies[host]; cookie != nil && host == r.Host {
			r.AddCookie(cookie)
		}
	}
	t.Fatal("the tour has no end")
	return "", nil
}

func visiting(host, path string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = host
	return r
}

func TestTour_SignsInToAllHostsOfThePreviewAndNoOther(t *testing.T) {
	g, now := tourists()
	token := g.guard.key.token(forLink, "shop-pr-1", now.Add(time.Hour))
	form := httptest.NewRequest(http.MethodPost, signInPath,
		strings.NewReader(url.Values{"password": {g.guard.key.password("shop-pr-1")}, "to": {"/orders"}}.Encode()))
	form.Host = "mail--shop-pr-1.previews.example.com"
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for want, r := range map[string]*http.Request{
		"https://shop-pr-1.previews.example.com/orders?a=1": visiting("shop-pr-1.previews.example.com",
			signInPath+"?token="+token+"&to=%2Forders%3Fa%3D1"),
		"https://mail--shop-pr-1.previews.example.com/orders": form,
		"https://api--shop-pr-1.previews.example.com:8443/a/b": visiting("api--shop-pr-1.previews.example.com:8443",
			signInPath+"?token="+token+"&to=/a/b"),
	} {
		end, cookies := follow(t, g, r)
		if end != want || len(cookies) != 3 {
			t.Errorf("it ends at %s with cookies of %d hosts, want %s", end, len(cookies), want)
		}
		for host, cookie := range cookies {
			if cookie.Domain != "" && cookie.Domain != hostName(host) || !cookie.Secure ||
				strings.Contains(host, "pr-2") {
				t.Errorf("%s sets %+v", host, cookie)
			}
		}
	}
	w := httptest.NewRecorder()
	page := visiting("shop-pr-1.previews.example.com", "/")
	page.Header.Set("Accept", "text/html")
	g.ServeHTTP(w, page)
	if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got,
		"form-action 'self' https://*.previews.example.com:*;") {
		t.Errorf("browsers end the tour of the form: %s", got)
	}
}

func TestHostile_ALinkWantsTheTokenSentToAnotherHost(t *testing.T) {
	g, now := tourists()
	token := g.guard.key.token(forLink, "shop-pr-1", now.Add(time.Hour))
	for _, from := range []string{
		"evil.example", "shop-pr-2.previews.example.com",
		"api--shop-pr-2.previews.example.com", "shop-pr-1.previews.example.com@evil.example", "//evil.example",
	} {
		r := visiting("shop-pr-1.previews.example.com",
			signInPath+"?token="+token+"&to=/&"+fromParameter+"="+url.QueryEscape(from))
		for range 4 {
			r.TLS = &tls.ConnectionState{}
			w := httptest.NewRecorder()
			g.ServeHTTP(w, r)
			to := w.Header().Get("Location")
			if to == "" {
				break
			}
			target, err := url.Parse(to)
			if err != nil || !strings.HasSuffix("--"+target.Host, "--shop-pr-1.previews.example.com") {
				t.Fatalf("from %q: it leads to %s", from, to)
			}
			r = visiting(target.Host, target.RequestURI())
		}
	}
}

func TestTour_IsOnlyWhereNoCookieIsForAllHosts(t *testing.T) {
	const site = "shop-pr-1.previews.example.com"
	route := func(host string) Route { return Route{Host: host, ID: "shop-pr-1", Site: site} }
	api, other, alias, local := route("api--"+site), route(site), route("web--"+site), route("x--"+site)
	other.ID, alias.LeadsTo, local.Site = "shop-pr-2", site, ""
	for name, c := range map[string]struct {
		routes []Route
		want   []string
	}{
		"one host":                   {[]Route{route(site)}, nil},
		"one host apart":             {[]Route{api}, nil},
		"one by two ports":           {[]Route{api, api}, nil},
		"one below the other":        {[]Route{route(site), route("api." + site)}, nil},
		"apart":                      {[]Route{route(site), api}, []string{"api--" + site, site}},
		"of another preview":         {[]Route{other, api}, nil},
		"of one service by its port": {[]Route{route(site), alias}, nil},
		"of this computer":           {[]Route{route(site), local}, nil},
	} {
		if diff := cmp.Diff(c.want, (Table{Routes: c.routes}).tour(c.routes[0])); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestTour_LeadsNowhereWithoutTLSOrWithOneHost(t *testing.T) {
	g, _ := tourists()
	table := g.table.Load()
	alone := Table{Routes: []Route{table.Routes[0]}}
	for name, c := range map[string]struct {
		table *Table
		tls   *tls.ConnectionState
	}{
		"not encrypted":           {table, nil},
		"one host":                {&alone, &tls.ConnectionState{}},
		"one host, no TLS either": {&alone, nil},
	} {
		r := visiting(table.Routes[0].Host, signInPath)
		r.TLS = c.tls
		if got := g.guard.next(r, c.table, table.Routes[0], "token", "/orders"); got != "/orders" {
			t.Errorf("%s: it leads to %s", name, got)
		}
	}
}
