package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLookup_MatchesWholeNamesOnly(t *testing.T) {
	table := Table{Routes: []Route{
		{Host: "api--pr-1.shop.localhost"},
		{Host: "pr-1.shop.localhost"},
		{Host: "pr-10.shop.localhost"},
		{Host: "pr-2.shop.localhost"},
	}}
	for host, want := range map[string]string{
		"pr-1.shop.localhost":          "pr-1.shop.localhost",
		"pr-10.shop.localhost":         "pr-10.shop.localhost",
		"API--PR-1.shop.localhost:80":  "api--pr-1.shop.localhost",
		"pr-2.shop.localhost.:8480":    "pr-2.shop.localhost",
		"pr-1.shop.localhost..":        "",
		"pr-1.shop.localhos":           "",
		"pr-1.shop.localhostx":         "",
		"x.pr-1.shop.localhost":        "",
		"pr-1.shop.localhost:80:80":    "",
		"pr-1.shop.localhost/":         "",
		"pr-1%2eshop.localhost":        "",
		"user@pr-1.shop.localhost":     "",
		"pr-1.shop.localhost\x00":      "",
		"pr-1.shop.localhost,pr-2":     "",
		"-1.shop.localhost":            "",
		"":                             "",
		".":                            "",
		":80":                          "",
		strings.Repeat("x.", 5000):     "",
		"zzz.last.of.all":              "",
		" pr-1.shop.localhost":         "",
		"[pr-1.shop.localhost]:8480":   "pr-1.shop.localhost",
		"pr-1.shop.localhost:notaport": "pr-1.shop.localhost",
	} {
		got, found := table.lookup(host)
		if got.Host != want || found != (want != "") {
			t.Errorf("%.60q leads to %q, %v; want %q", host, got.Host, found, want)
		}
	}
}

func TestIsThisMachine_KnowsLoopbackAndNothingThatLooksLikeIt(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST:8480": true, "localhost.": true, "127.0.0.1": true, "127.1.2.3:80": true,
		"[::1]:80": true, "[::1]": true,
		"::1": true, "[::ffff:127.0.0.1]:80": true,
		"localhost.example": false, "xlocalhost": false, "x.localhost": false, "127.0.0.1.example": false,
		"0.0.0.0":   false,
		"128.0.0.1": false, "[::2]": false, "2130706433": false, "0x7f.1": false, "": false, "10.0.0.1": false,
	} {
		if got := isThisMachine(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

func TestPortSuffix_IsTheOneThatWasAskedOrNone(t *testing.T) {
	for host, want := range map[string]string{
		"localhost:8480": ":8480", "localhost": "", "[::1]:1": ":1", "[::1]": "", "": "", "a:b:c": "",
	} {
		if got := portSuffix(host); got != want {
			t.Errorf("%q: %q", host, got)
		}
	}
}

// hostile is a route whose every word is one that a branch's author chose.
func hostile(state State) Route {
	const word = `"><img src=x onerror=alert(1)>&'`
	return Route{
		Host: "pr-1.shop.localhost", Project: word, Preview: word, Service: word, Branch: word, Commit: word,
		State:   state,
		Address: "127.0.0.1:1", Since: time.Unix(1, 0), Expires: time.Unix(2, 0),
	}
}

func TestPages_EscapeEveryWordOfARoute(t *testing.T) {
	for name, c := range map[string]struct {
		state State
		host  string
	}{
		"waiting": {Starting, "pr-1.shop.localhost"}, "updating": {Updating, "pr-1.shop.localhost"},
		"down": {Serving, "pr-1.shop.localhost"}, "index": {Starting, "localhost"},
	} {
		response, body := browse(t, gatewayWith(t, hostile(c.state)), c.host, "/")
		if strings.Contains(body, "<img") || !strings.Contains(body, "&lt;img") {
			t.Errorf("%s: a word is not escaped:\n%s", name, body)
		}
		if got := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") {
			t.Errorf("%s: policy %q", name, got)
		}
		if got := response.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
			t.Errorf("%s: type %q", name, got)
		}
	}
}

func TestPages_PlainOnesAreNeverTakenForHTML(t *testing.T) {
	for _, accept := range []string{"", "*/*", "application/json", "text/plain"} {
		for _, state := range []State{Starting, Updating, Serving} {
			r := request(t, http.MethodGet, gatewayWith(t, hostile(state)), "pr-1.shop.localhost", "/", nil)
			r.Header.Set("Accept", accept)
			response, body := do(t, r)
			if response.Header.Get("Content-Type") != "text/plain; charset=utf-8" ||
				response.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s for %q: %v", state, accept, response.Header)
			}
			if strings.Count(body, "\n") != 1 || strings.Contains(body, "127.0.0.1") {
				t.Errorf("%s for %q: %q", state, accept, body)
			}
		}
	}
}

func TestPages_AnswerHeadWithoutABodyAndPostsLikeGets(t *testing.T) {
	address := gatewayWith(t, secretRoute())
	for host, want := range map[string]int{"pr-7.bank.localhost": 503, "localhost": 200, "nobody.bank.localhost": 404} {
		for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodPost, http.MethodDelete} {
			response, body := do(t, request(t, method, address, host, "/", nil))
			if response.StatusCode != want || (body == "") != (method == http.MethodHead) {
				t.Errorf("%s %s: %s, %q", method, host, response.Status, body)
			}
		}
	}
}

func TestPages_IndexShowsAShortCommitAndAnyLength(t *testing.T) {
	for commit, want := range map[string]string{
		"0123456789abcdef": "commit 0123456789,", "0123456789": "commit 0123456789,", "012": "commit 012,", "": "",
	} {
		route := secretRoute()
		route.Commit, route.Expires = commit, time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("east", 3600))
		_, body := browse(t, gatewayWith(t, route), "localhost", "/")
		if !strings.Contains(body, want) || (want == "") != !strings.Contains(body, "commit") ||
			!strings.Contains(body, "expires 4 March 2026, 04:06 UTC") {
			t.Errorf("%q:\n%s", commit, body)
		}
	}
}

func TestProxy_BelievesNoPortButThatOfTheHost(t *testing.T) {
	seen := make(chan http.Header, 1)
	address := gatewayTo(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header }))
	for host, want := range map[string]string{"pr-1.shop.localhost": "", "pr-1.shop.localhost:8480": "8480"} {
		r := request(t, http.MethodGet, address, host, "/", nil)
		r.Header.Set("X-Forwarded-Port", "6666")
		r.Header.Set("X-Forwarded-Proto", "gopher")
		do(t, r)
		got := <-seen
		if got.Get("X-Forwarded-Port") != want || got.Get("X-Forwarded-Proto") != "http" {
			t.Errorf("%s: port %q, protocol %q", host, got.Get("X-Forwarded-Port"), got.Get("X-Forwarded-Proto"))
		}
	}
}

func TestProxy_PassesTheAnswerAsItIs(t *testing.T) {
	address := gatewayTo(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=1; Domain=shop.localhost")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Set("Location", "http://"+r.Host+"/next")
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, r.Method, " ", r.RequestURI)
	}))
	for _, path := range []string{"/", "/a//b/../c", "/%2e%2e/x?", "/?a=1&a=2;b", "/%00"} {
		r := request(t, http.MethodPatch, address, "pr-1.shop.localhost", path, nil)
		r.Header.Set("Accept-Encoding", "gzip") // else the client of this test would unpack it
		response, body := do(t, r)
		if response.StatusCode != http.StatusTeapot || len(response.Header.Values("Set-Cookie")) != 2 ||
			response.Header.Get("Location") != "http://pr-1.shop.localhost/next" ||
			response.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: %s %v", path, response.Status, response.Header)
		}
		if strings.TrimSuffix(body, "?") != strings.TrimSuffix("PATCH "+path, "?") {
			t.Errorf("%s: the application was asked %q", path, body)
		}
	}
}

func TestAdmin_TakesAWholeTableOrLeavesTheOldOne(t *testing.T) {
	g, file := New(make([]byte, keySize)), filepath.Join(t.TempDir(), File)
	admin := g.adminHandler(file)
	put := func(method, path, body string) (int, string) {
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	if code, body := put(http.MethodPut, "/routes",
		`{"routes":[{"host":"a","state":"starting"}]}`); code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	want := Table{Routes: []Route{{Host: "a", State: Starting}}}
	for body, code := range map[string]int{
		"":                     http.StatusBadRequest,
		"null and void":        http.StatusBadRequest,
		`{"routes":[{}]}`:      http.StatusBadRequest,
		`{"routes":"a"}`:       http.StatusBadRequest,
		`[]`:                   http.StatusBadRequest,
		`{"routes":[],"x":{}}`: http.StatusBadRequest,
		`{"routes":[` +
			strings.Repeat(`{"host":"`+strings.Repeat("x", 1<<20)+`","state":"starting"},`, 17): http.StatusBadRequest,
	} {
		if got, said := put(http.MethodPut, "/routes", body); got != code || len(said) > 1000 {
			t.Errorf("%.40q: %d %.200s", body, got, said)
		}
		if diff := cmp.Diff(want, *g.table.Load()); diff != "" {
			t.Fatalf("%.40q changed the table: %s", body, diff)
		}
	}
	for request, code := range map[string]int{
		"GET /routes": 405, "POST /routes": 405, "PUT /": 404,
		"PUT /routes/x": 404,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got, _ := put(method, path, "{}"); got != code {
			t.Errorf("%s: %d", request, got)
		}
	}
	again := New(make([]byte, keySize))
	if err := again.restore(file); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, *again.table.Load()); diff != "" {
		t.Errorf("after a restart: %s", diff)
	}
}

func TestAdmin_TakesACertificateOnlyWhereItIsShown(t *testing.T) {
	made, _ := wildcard(t, ownTime)
	content, _ := json.Marshal(made)
	for _, body := range []string{string(content), "{}"} {
		g, w := New(make([]byte, keySize)), httptest.NewRecorder()
		g.adminHandler("none").ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/given", strings.NewReader(body)))
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "no use for a certificate") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}

func TestAdmin_ServesNoTableThatCouldNotBeKept(t *testing.T) {
	g := New(make([]byte, keySize))
	w := httptest.NewRecorder()
	body := strings.NewReader(`{"routes":[{"host":"a","state":"starting"}]}`)
	g.adminHandler(filepath.Join(t.TempDir(), "missing", File)).ServeHTTP(w,
		httptest.NewRequest(http.MethodPut, "/routes", body))
	if w.Code != http.StatusInternalServerError || len(g.table.Load().Routes) != 0 {
		t.Errorf("%d, table %+v", w.Code, g.table.Load())
	}
}

func TestRestore_OfADamagedFileIsAnErrorAndNoTable(t *testing.T) {
	for _, content := range []string{"", "{", "\x00\x00\x00", `{"routes":[{"host":"A"}]}`} {
		path := filepath.Join(t.TempDir(), File)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		g := New(make([]byte, keySize))
		if err := g.restore(path); err == nil || !strings.HasPrefix(err.Error(), "gateway: read routes: ") ||
			len(g.table.Load().Routes) != 0 {
			t.Errorf("%q: %v", content, err)
		}
	}
	g := New(make([]byte, keySize))
	if err := g.restore(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("of no file: %v", err)
	}
}

func TestLoad_SaysWhatTheGatewayDoesNotTake(t *testing.T) {
	folder := t.TempDir()
	socket := filepath.Join(folder, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{
		Listener: listener,
		Config:   &http.Server{Handler: New(make([]byte, keySize)).adminHandler(filepath.Join(folder, File))},
	}
	server.Start()
	defer server.Close()
	if err := load(t.Context(), socket, strings.NewReader(`{"routes":[]}`)); err != nil {
		t.Error(err)
	}
	err = load(t.Context(), socket, bytes.NewReader([]byte(`{"routes":[{"host":"A"}]}`)))
	if err == nil || !strings.Contains(err.Error(), "gateway load: 400 Bad Request: read routes: ") ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
}
