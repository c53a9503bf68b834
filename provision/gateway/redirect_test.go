package gateway

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAuthorityOf_NamesAPortOnlyWhereBrowsersNeedIt(t *testing.T) {
	for want, c := range map[string]struct {
		host string
		port int
	}{
		"shop.example.com":      {"shop.example.com", 443},
		"shop.example.com:8443": {"shop.example.com", 8443},
		"[2001:db8::7]":         {"2001:db8::7", 443},
		"[2001:db8::7]:8443":    {"2001:db8::7", 8443},
	} {
		if got := authorityOf(c.host, c.port); got != want {
			t.Errorf("%s, %d: %s", c.host, c.port, got)
		}
	}
}

func TestNavigates_IsAPersonOpeningAPage(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		header http.Header
		want   bool
	}{
		"a page":              {http.MethodGet, header("Sec-Fetch-Mode", "navigate"), true},
		"its head":            {http.MethodHead, header("Sec-Fetch-Mode", "navigate"), true},
		"of an older browser": {http.MethodGet, header(), true},
		"a form":              {http.MethodPost, header("Sec-Fetch-Mode", "navigate"), false},
		"a script":            {http.MethodGet, header("Sec-Fetch-Mode", "cors"), false},
		"an older script":     {http.MethodGet, header("Origin", "https://a.example"), false},
		"an older WebSocket":  {http.MethodGet, header("Upgrade", "websocket"), false},
	} {
		r := httptest.NewRequest(c.method, "/", nil)
		r.Header = c.header
		if got := navigates(r); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLead_KeepsTheWayOneCame(t *testing.T) {
	for name, c := range map[string]struct {
		host, site   string
		encrypted    *tls.ConnectionState
		link, robots string
	}{
		"of this computer": {"web--pr-1.shop.localhost:8480", "", nil, "http://pr-1.shop.localhost:8480/a?b", ""},
		"without a port":   {"web--pr-1.shop.localhost", "", nil, "http://pr-1.shop.localhost/a?b", ""},
		"for the world":    {"web--x", "x", &tls.ConnectionState{}, "https://pr-1.shop.localhost/a?b", noRobots},
		"by another port":  {"web--x:8443", "x", &tls.ConnectionState{}, "https://pr-1.shop.localhost:8443/a?b", noRobots},
	} {
		r := httptest.NewRequest(http.MethodGet, "/a?b", nil)
		r.Host, r.TLS = c.host, c.encrypted
		w := httptest.NewRecorder()
		lead(w, r, Route{Site: c.site, LeadsTo: "pr-1.shop.localhost"})
		if got := w.Header().Get("Location"); got != c.link || w.Header().Get("X-Robots-Tag") != c.robots {
			t.Errorf("%s: %s, robots %q", name, got, w.Header().Get("X-Robots-Tag"))
		}
	}
}
