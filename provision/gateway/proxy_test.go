package gateway

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// gatewayTo serves one route, pr-1.shop.localhost, to a backend.
func gatewayTo(t *testing.T, backend http.Handler) (address string) {
	t.Helper()
	behind := httptest.NewServer(backend)
	t.Cleanup(behind.Close)
	target, err := url.Parse(behind.URL)
	if err != nil {
		t.Fatal(err)
	}
	return gatewayWith(t, Route{
		Host: "pr-1.shop.localhost", Project: "shop", Preview: "pr-1", Service: "web",
		State: Serving, Address: target.Host,
	})
}

func gatewayWith(t *testing.T, routes ...Route) (address string) {
	t.Helper()
	g := New(make([]byte, keySize))
	g.Use(Table{Routes: routes})
	front := httptest.NewServer(g)
	t.Cleanup(front.Close)
	return strings.TrimPrefix(front.URL, "http://")
}

func request(t *testing.T, method, address, host, path string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	return r
}

func do(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestProxy_PassesHostAndSaysWhoAsked(t *testing.T) {
	seen := make(chan *http.Request, 1)
	address := gatewayTo(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r }))
	r := request(t, http.MethodGet, address, "PR-1.shop.localhost:8480", "/a%2Fb?q=1;2", nil)
	r.Header.Set("X-Forwarded-For", "6.6.6.6")
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("Forwarded", "for=6.6.6.6")
	r.Header.Set("Connection", "X-Secret-Hop")
	r.Header.Set("X-Secret-Hop", "1")
	do(t, r)
	got := <-seen
	for header, want := range map[string]string{
		"X-Forwarded-For":   "127.0.0.1",
		"X-Forwarded-Host":  "PR-1.shop.localhost:8480",
		"X-Forwarded-Proto": "http",
		"X-Forwarded-Port":  "8480",
		"Forwarded":         "",
		"X-Secret-Hop":      "",
	} {
		if got.Header.Get(header) != want {
			t.Errorf("%s is %q, want %q", header, got.Header.Get(header), want)
		}
	}
	if got.Host != "PR-1.shop.localhost:8480" {
		t.Errorf("host %q was not passed on", got.Host)
	}
	if got.RequestURI != "/a%2Fb?q=1;2" {
		t.Errorf("request line %q is not as it was sent", got.RequestURI)
	}
}

// The application compresses as the browser can read, and the gateway does not.
func TestProxy_AsksForNoCompressionOfItsOwn(t *testing.T) {
	seen := make(chan http.Header, 1)
	address := gatewayTo(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header }))
	response, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(
		request(t, http.MethodGet, address, "pr-1.shop.localhost", "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if got := (<-seen).Get("Accept-Encoding"); got != "" {
		t.Errorf("the application is asked for %q", got)
	}
}

// Nobody signs in to an open preview: what a browser asks first is as it sent it.
func TestProxy_PassesThePreflightOfAnOpenPreviewAsItIs(t *testing.T) {
	seen := make(chan http.Header, 1)
	address := gatewayTo(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header }))
	r := request(t, http.MethodOptions, address, "pr-1.shop.localhost", "/", nil)
	r.Header = header("Origin", "http://pr-1.shop.localhost", "Access-Control-Request-Method", "PUT", "Cookie", "a=1")
	do(t, r)
	if got := (<-seen).Get("Cookie"); got != "a=1" {
		t.Errorf("the application sees the cookies %q", got)
	}
}

func TestProxy_StreamsEventsAsTheyHappen(t *testing.T) {
	next := make(chan struct{})
	address := gatewayTo(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			<-next // until the browser has it
		}
	}))
	response, err := http.DefaultTransport.RoundTrip(request(t, http.MethodGet, address, "pr-1.shop.localhost", "/",
		nil))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	for i := range 3 {
		if line, err := lines.ReadString('\n'); err != nil || line != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("event %d: %q, %v", i, line, err)
		}
		_, _ = lines.ReadString('\n')
		next <- struct{}{}
	}
}

// zeros is a long body that is never in memory as a whole.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestProxy_PassesALargeUploadWhileItIsSent(t *testing.T) {
	const size = 100 << 20
	begun := make(chan struct{})
	sums := make(chan [sha256.Size]byte, 1)
	address := gatewayTo(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		first := make([]byte, 1)
		_, _ = io.ReadFull(r.Body, first)
		close(begun) // while the sender still holds the end back
		digest := sha256.New()
		digest.Write(first)
		_, _ = io.Copy(digest, r.Body)
		sums <- [sha256.Size]byte(digest.Sum(nil))
	}))
	head, tail := io.LimitReader(zeros{}, size/2), io.LimitReader(zeros{}, size/2)
	wait := readerFunc(func([]byte) (int, error) { <-begun; return 0, io.EOF })
	r := request(t, http.MethodPost, address, "pr-1.shop.localhost", "/", io.MultiReader(head, wait, tail))
	if response, _ := do(t, r); response.StatusCode != http.StatusOK {
		t.Fatalf("status %s", response.Status)
	}
	want := sha256.New()
	_, _ = io.Copy(want, io.LimitReader(zeros{}, size))
	if got := <-sums; !bytes.Equal(got[:], want.Sum(nil)) {
		t.Error("the upload did not arrive as it was sent")
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestProxy_PassesWebSocketsBothWays(t *testing.T) {
	address := gatewayTo(t, http.HandlerFunc(echoUpgraded))
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /live HTTP/1.1\r\nHost: pr-1.shop.localhost\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusSwitchingProtocols || response.Header.Get("Upgrade") != "websocket" {
		t.Fatalf("answer %s, upgrade %q", response.Status, response.Header.Get("Upgrade"))
	}
	for _, message := range []string{"ping", "\x81\x05hello", "bye"} {
		fmt.Fprintln(conn, message)
		if line, err := reader.ReadString('\n'); err != nil || line != message+"\n" {
			t.Fatalf("echo %q, %v; want %q", line, err, message)
		}
	}
}

// echoUpgraded switches protocols and then sends back what it reads.
func echoUpgraded(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Sec-WebSocket-Key") == "" {
		http.Error(w, "no upgrade asked for", http.StatusBadRequest)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	_, _ = io.Copy(conn, buffered)
}

func TestProxy_NamesTheServiceThatIsDown(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	address := gatewayWith(t, Route{
		Host: "pr-1.shop.localhost", Project: "shop", Preview: "pr-1", Service: "web<b>",
		State: Serving, Address: strings.TrimPrefix(closed.URL, "http://"),
	})
	r := request(t, http.MethodGet, address, "pr-1.shop.localhost", "/", nil)
	r.Header.Set("Accept", "text/html")
	response, body := do(t, r)
	if response.StatusCode != http.StatusBadGateway {
		t.Errorf("status %s", response.Status)
	}
	if !strings.Contains(body, "web&lt;b&gt;") || strings.Contains(body, "web<b>") {
		t.Errorf("the page does not name the service, escaped:\n%s", body)
	}
	if strings.Contains(body, "127.0.0.1") {
		t.Error("the page shows an address")
	}
}

func TestProxy_LetsRequestsThatAreUnderWayFinishOnTheOldRoute(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	old := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-finish
		fmt.Fprint(w, "old")
	}))
	defer old.Close()
	next := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "new") }))
	defer next.Close()
	to := func(server *httptest.Server) Table {
		return Table{Routes: []Route{{
			Host: "pr-1.shop.localhost", State: Serving, Address: strings.TrimPrefix(server.URL, "http://"),
		}}}
	}
	g := New(make([]byte, keySize))
	g.Use(to(old))
	front := httptest.NewServer(g)
	defer front.Close()
	address := strings.TrimPrefix(front.URL, "http://")

	slow := make(chan string)
	go func() {
		_, body := do(t, request(t, http.MethodGet, address, "pr-1.shop.localhost", "/", nil))
		slow <- body
	}()
	<-begun
	g.Use(to(next))
	if _, body := do(t, request(t, http.MethodGet, address, "pr-1.shop.localhost", "/", nil)); body != "new" {
		t.Errorf("a request after the switch got %q", body)
	}
	close(finish)
	if body := <-slow; body != "old" {
		t.Errorf("the request under way got %q", body)
	}
}
