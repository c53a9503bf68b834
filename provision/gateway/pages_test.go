package gateway

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func browse(t *testing.T, address, host, path string) (*http.Response, string) {
	t.Helper()
	r := request(t, http.MethodGet, address, host, path, nil)
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	return do(t, r)
}

func secretRoute() Route {
	return Route{Host: "pr-7.bank.localhost", Project: "bank", Preview: "pr-7", Service: "web", State: Starting}
}

func TestPages_UnknownHostListsNothing(t *testing.T) {
	address := gatewayWith(t, secretRoute())
	for _, host := range []string{
		"pr-8.bank.localhost", "localhost.evil.example", "pr-7.bank.localhost.evil.example",
		"[", "pr-7.bank.localhost:1:2", "169.254.1.1", "bank.localhost",
	} {
		response, body := browse(t, address, host, "/")
		if response.StatusCode != http.StatusNotFound && response.StatusCode != http.StatusBadRequest {
			t.Errorf("host %q: status %s", host, response.Status)
		}
		if strings.Contains(body, "bank") || strings.Contains(body, "pr-7") {
			t.Errorf("host %q is told of a preview:\n%s", host, body)
		}
	}
}

func TestPages_WaitingPageLoadsItselfAgain(t *testing.T) {
	route := secretRoute()
	route.Since = time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC)
	route.Commit = "0123456789abcdef"
	for _, state := range []State{Starting, Updating, Asleep} {
		route.State = state
		response, body := browse(t, gatewayWith(t, route), "pr-7.bank.localhost.:8480", "/deep/link")
		again := map[State]string{Starting: "2", Updating: "2", Asleep: "15"}[state] // nobody is at work on it
		if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") != again {
			t.Errorf("status %s, Retry-After %q", response.Status, response.Header.Get("Retry-After"))
		}
		for _, want := range []string{
			`http-equiv="refresh"`, "pr-7 of bank is " + string(state),
			"4 March 2026, 05:06 UTC", "<code>0123456789</code>",
		} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the page does not contain %q:\n%s", state, want, body)
			}
		}
	}
}

func TestPages_OfASleepingPreviewSayHowToWakeIt(t *testing.T) {
	for _, c := range []struct{ preview, branch, want, shown string }{
		{"pr-7", "feature", "offshoot start --pr 7", "offshoot start --pr 7"},
		{"feature-x", "feature/x", "offshoot start --branch feature/x", "offshoot start --branch feature/x"},
		{
			"evil-01234567", "a;id'b", `offshoot start --branch 'a;id'\''b'`,
			`offshoot start --branch &#39;a;id&#39;\&#39;&#39;b&#39;`,
		},
		{"dash-01234567", "-x", "offshoot start --branch '-x'", "offshoot start --branch &#39;-x&#39;"},
		{"pr-7-01234567", "", "offshoot start", "<code>offshoot start</code>"},
	} {
		route := secretRoute()
		route.State, route.Preview, route.Branch = Asleep, c.preview, c.branch
		address := gatewayWith(t, route)
		if _, body := browse(t, address, route.Host, "/"); !strings.Contains(body, c.shown) {
			t.Errorf("%s: the page does not say %q:\n%s", c.preview, c.shown, body)
		}
		_, body := do(t, request(t, http.MethodGet, address, route.Host, "/", nil))
		if want := "preview " + c.preview + " of bank is asleep: " + c.want + " starts it\n"; body != want {
			t.Errorf("a program is told %q, want %q", body, want)
		}
	}
}

func TestPages_IndexLinksThePreviewsByThePortThatWasAsked(t *testing.T) {
	route := secretRoute()
	route.Branch = `<script>alert(1)</script>`
	address := gatewayWith(t, route)
	for _, host := range []string{"localhost:9999", "127.0.0.1:9999", "[::1]:9999"} {
		response, body := browse(t, address, host, "/")
		if response.StatusCode != http.StatusOK || !strings.Contains(body, `href="http://pr-7.bank.localhost:9999/"`) {
			t.Errorf("%s: %s without the link:\n%s", host, response.Status, body)
		}
		if strings.Contains(body, "<script>") {
			t.Error("a branch name is not escaped")
		}
	}
	if response, _ := browse(t, address, "localhost", "/favicon.ico"); response.StatusCode != http.StatusNotFound {
		t.Errorf("favicon: %s", response.Status)
	}
	if _, body := browse(t, gatewayWith(t), "localhost", "/"); !strings.Contains(body, "offshoot up") {
		t.Error("an empty list does not say how to make a preview")
	}
}

func TestPages_ArePlainForProgramsAndNeverStored(t *testing.T) {
	response, body := do(t,
		request(t, http.MethodGet, gatewayWith(t, secretRoute()), "pr-7.bank.localhost", "/api", nil))
	if body != "preview pr-7 of bank is starting\n" {
		t.Errorf("body %q", body)
	}
	for header, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": "text/plain; charset=utf-8",
	} {
		if got := response.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
}

func TestFormTargets_AreTheHostsOfATour(t *testing.T) {
	for want, routes := range map[string][]Route{
		"'self' https://*.previews.example.com:*": {{Site: "shop-pr-1.previews.example.com", Several: true}},
		"'self'": {
			{},
			{Site: "shop-pr-1.previews.example.com"},
			{Site: "192.0.2.7", Several: true},
			{Site: "2001:db8::7", Several: true},
			{Site: "previews", Several: true},
		},
	} {
		for _, route := range routes {
			if got := formTargets(route); got != want {
				t.Errorf("%+v: %s", route, got)
			}
		}
	}
}
