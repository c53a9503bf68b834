package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var shopLink = &url.URL{Scheme: "http", Host: "pr-1.shop.localhost:8480"}

// serveRaw answers connections with f until the test ends.
func serveRaw(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				f(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// says greets like that, and reads what comes.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, text)
		_, _ = io.Copy(io.Discard, conn)
	}
}

func TestProbe_TellsWhatAPortSpeaks(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	for name, c := range map[string]struct {
		address string
		want    Answer
	}{
		"nobody":      {closed.Addr().String(), Answer{Spoke: Nothing}},
		"nobody says": {serveRaw(t, says("")), Answer{Spoke: Silence}},
		"hangs up": {
			serveRaw(t, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 4096)) }),
			Answer{Spoke: Hangup},
		},
		"gRPC":              {serveRaw(t, says("\x00\x00\x12\x04\x00\x00\x00\x00\x00")), Answer{Spoke: Foreign}},
		"SMTP":              {serveRaw(t, says("220 mail.example.com ESMTP\r\n")), Answer{Spoke: Foreign}},
		"a Python debugger": {serveRaw(t, says("Content-Length: 119\r\n\r\n{}")), Answer{Spoke: Foreign}},
		"a Node debugger": {
			serveRaw(t,
				says("HTTP/1.0 400 Bad Request\r\nContent-Type: text/html\r\n\r\n"+
					"WebSockets request was expected\r\n")), Answer{Spoke: Foreign},
		},
		"almost HTTP": {serveRaw(t, says("HTTP/1.1 yes\r\n\r\n")), Answer{Spoke: Foreign}},
		"a TLS alert": {serveRaw(t, says("\x15\x03\x01\x00\x02\x02\x46.....")), Answer{Spoke: TLS}},
		"HTTPS": {
			secure.Listener.Addr().String(),
			Answer{Spoke: HTTP, Status: 400, Local: 400, Refusal: PlainTLS},
		},
		"hints come first": {
			serveRaw(t, says("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")),
			Answer{Spoke: HTTP, Status: 204},
		},
		"a body without an end": {
			serveRaw(t, says("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx")),
			Answer{Spoke: HTTP, Status: 200},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patience := time.Minute
			if c.want.Spoke == Silence {
				patience = 300 * time.Millisecond
			}
			if diff := cmp.Diff(c.want, probe(t.Context(), c.address, shopLink, patience)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProbe_WaitsForNoMoreThanItNeeds(t *testing.T) {
	for text, want := range map[string]Spoken{
		"\x01\x02\x03\n": Foreign, "+OK\r\n": Foreign, "HTTPS": Foreign,
		"\x15\x03": TLS, "\x16\x03": TLS, "\x16.": Foreign, "\x01": Foreign,
	} {
		began := time.Now()
		if got := probe(t.Context(), serveRaw(t, says(text)), shopLink, time.Minute); got.Spoke != want ||
			time.Since(began) > 30*time.Second {
			t.Errorf("%q: %+v after %v", text, got, time.Since(began))
		}
	}
}

func TestProbe_RecognizesWhoRefusesAHost(t *testing.T) {
	onlyLocal := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Host != "localhost:8480" {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			}
		}
	}
	never := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    Answer
	}{
		"Django in development": {
			onlyLocal(400, "<title>DisallowedHost at /</title>"),
			Answer{Spoke: HTTP, Status: 400, Local: 200, Refusal: Django},
		},
		"Django in production": {
			never(400, "<body>\n  <h1>Bad Request (400)</h1><p></p>\n</body>"),
			Answer{Spoke: HTTP, Status: 400, Local: 400, Refusal: Django},
		},
		"Rails": {
			onlyLocal(403, "<h1>Blocked hosts: pr-1.shop.localhost</h1>"),
			Answer{Spoke: HTTP, Status: 403, Local: 200, Refusal: Rails},
		},
		"vite": {
			never(403, `Blocked request. This host ("x") is not allowed.`),
			Answer{Spoke: HTTP, Status: 403, Local: 403, Refusal: Vite},
		},
		"webpack": {
			never(200, "Invalid Host header"),
			Answer{Spoke: HTTP, Status: 200, Refusal: Webpack},
		},
		"Symfony": {
			never(400, `Untrusted Host "x".`),
			Answer{Spoke: HTTP, Status: 400, Local: 400, Refusal: Symfony},
		},
		"Starlette": {
			never(400, "Invalid host header"),
			Answer{Spoke: HTTP, Status: 400, Local: 400, Refusal: Starlette},
		},
		"a proxy by names":      {onlyLocal(404, "404 page not found"), Answer{Spoke: HTTP, Status: 404, Local: 200}},
		"an API without a page": {never(404, ""), Answer{Spoke: HTTP, Status: 404, Local: 404}},
		"a page about Django":   {never(200, "DisallowedHost: Blocked hosts"), Answer{Spoke: HTTP, Status: 200}},
		"an error":              {never(500, ""), Answer{Spoke: HTTP, Status: 500}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.handler)
			defer server.Close()
			if diff := cmp.Diff(c.want,
				probe(t.Context(), server.Listener.Addr().String(), shopLink, 5*time.Second)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProbe_TellsWhereItIsLed(t *testing.T) {
	secure := &url.URL{Scheme: "https", Host: "shop-pr-1.previews.example.com"}
	for _, c := range []struct {
		link *url.URL
		to   string
		want Answer
	}{
		{shopLink, "/login", Answer{}},
		{shopLink, "http://pr-1.shop.localhost:8480/de/", Answer{}},
		{shopLink, "https://PR-1.shop.localhost/", Answer{ToHTTPS: true}},
		{shopLink, "https://pr-1.shop.localhost:8480/login", Answer{ToHTTPS: true}},
		{shopLink, "http://localhost:3000/", Answer{Away: "localhost:3000"}},
		{shopLink, "//Shop.example.com/x", Answer{Away: "shop.example.com"}},
		{shopLink, "http://<b>/", Answer{Away: "?"}},
		{shopLink, "http://" + strings.Repeat("a", 200) + "/", Answer{Away: "?"}},
		{shopLink, "", Answer{}},
		{shopLink, "mailto:shop@example.com", Answer{}},
		{shopLink, "http://[::1", Answer{}},
		{shopLink, "HTTPS://pr-1.shop.localhost", Answer{ToHTTPS: true}},
		{secure, "http://shop-pr-1.previews.example.com/", Answer{}},
		{secure, "https://shop-pr-1.previews.example.com/", Answer{ToHTTPS: true}}, // to itself
		{secure, "https://shop-pr-1.previews.example.com/login", Answer{}},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Location"] = []string{c.to}
			w.WriteHeader(http.StatusMovedPermanently)
		}))
		c.want.Spoke, c.want.Status = HTTP, http.StatusMovedPermanently
		if diff := cmp.Diff(c.want,
			probe(t.Context(), server.Listener.Addr().String(), c.link, 5*time.Second)); diff != "" {
			t.Errorf("%s to %s: %s", c.link, c.to, diff)
		}
		server.Close()
	}
}

func TestCommand_ProbeAsksAsTheGatewayWillAndPrintsNothingOfTheBody(t *testing.T) {
	asked := make(chan *http.Request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		_, _ = io.WriteString(w, "secret")
	}))
	defer server.Close()
	host, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Command(t.Context(), []string{"probe", host, port, "https://shop.example.com:8443"}, nil,
		&out); err != nil {
		t.Fatal(err)
	}
	var got Answer
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got != (Answer{Spoke: HTTP, Status: 200}) ||
		strings.Contains(out.String(), "secret") {
		t.Errorf("printed %q, %v", out.String(), err)
	}
	r := <-asked
	headers := []string{
		r.Host, r.Header.Get("X-Forwarded-Proto"), r.Header.Get("X-Forwarded-Host"),
		r.Header.Get("X-Forwarded-Port"), r.URL.Path,
	}
	if diff := cmp.Diff([]string{"shop.example.com:8443", "https", "shop.example.com:8443", "8443", "/"},
		headers); diff != "" {
		t.Error(diff)
	}
	if !r.Close {
		t.Error("the connection is to be kept for another question")
	}
}

func TestGateway_LeadsPagesToTheOneNameOfAService(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
		_ *http.Request,
	) {
		_, _ = io.WriteString(w, "shop")
	}))
	defer backend.Close()
	g := New(make([]byte, 32))
	g.Use(Table{Routes: []Route{
		{Host: "pr-1.shop.localhost", State: Serving, Address: backend.Listener.Addr().String()},
		{
			Host: "web--pr-1.shop.localhost", State: Serving, Address: backend.Listener.Addr().String(),
			LeadsTo: "pr-1.shop.localhost",
		},
	}})
	for name, c := range map[string]struct {
		method string
		header http.Header
		want   int
	}{
		"a page": {
			http.MethodGet,
			http.Header{"Sec-Fetch-Mode": {"navigate"}},
			http.StatusTemporaryRedirect,
		},
		"another program": {http.MethodGet, nil, http.StatusTemporaryRedirect},
		"a script's":      {http.MethodGet, http.Header{"Sec-Fetch-Mode": {"cors"}}, http.StatusOK},
		"an older script's": {
			http.MethodGet,
			http.Header{"Origin": {"http://api--pr-1.shop.localhost"}},
			http.StatusOK,
		},
		"a form": {http.MethodPost, http.Header{"Sec-Fetch-Mode": {"navigate"}}, http.StatusOK},
	} {
		r := httptest.NewRequest(c.method, "http://web--pr-1.shop.localhost:8480/a%2Fb?q=1;2", nil)
		for key, values := range c.header {
			r.Header[key] = values
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
		if to := w.Header().Get("Location"); w.Code != http.StatusOK &&
			to != "http://pr-1.shop.localhost:8480/a%2Fb?q=1;2" {
			t.Errorf("%s: leads to %q", name, to)
		}
	}
}
