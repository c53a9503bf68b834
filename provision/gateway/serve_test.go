package gateway

import (
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// started runs the gateway command until the test ends.
type started struct {
	address, socket, file string
	stop                  func() error
}

func start(t *testing.T, folder string, more ...string) started {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := started{
		address: free.Addr().String(),
		socket:  filepath.Join(folder, "g.sock"), file: filepath.Join(folder, "routes.json"),
	}
	_ = free.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	argv := append([]string{"serve", "-listen", s.address, "-socket", s.socket, "-file", s.file, "-kept", folder},
		more...)
	go func() { ended <- Command(ctx, argv, nil, io.Discard) }()
	s.stop = func() error { cancel(); return <-ended }
	return s
}

func (s started) load(t *testing.T, table string) error {
	t.Helper()
	return Command(t.Context(), []string{"load", "-socket", s.socket}, strings.NewReader(table), io.Discard)
}

const oneRoute = `{"routes":[{"host":"pr-1.shop.localhost","project":"shop","preview":"pr-1","service":"web","state":"starting"}]}`

func TestServe_TakesATableAndKeepsItOverARestart(t *testing.T) {
	folder := t.TempDir()
	first := start(t, folder)
	if err := first.load(t, oneRoute); err != nil { // waits for the gateway to come up
		t.Fatal(err)
	}
	if _, body := do(t,
		request(t, http.MethodGet, first.address, "pr-1.shop.localhost", "/", nil)); !strings.Contains(body,
		"starting") {
		t.Errorf("after load: %q", body)
	}
	if err := first.load(t, `{"routes":[{"host":"X"}]}`); err == nil || !strings.Contains(err.Error(), `host "X"`) {
		t.Errorf("a bad table: %v", err)
	}
	if err := first.stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	second := start(t, folder)
	if body := eventually(t, second.address, "pr-1.shop.localhost"); !strings.Contains(body, "starting") {
		t.Errorf("after a restart: %q", body)
	}
	if err := second.stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
}

// eventually asks until something listens.
func eventually(t *testing.T, address, host string) string {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		response, err := http.DefaultTransport.RoundTrip(request(t, http.MethodGet, address, host, "/", nil))
		if err == nil {
			defer response.Body.Close()
			body, _ := io.ReadAll(response.Body)
			return string(body)
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing answers at %s: %v", address, err)
		}
	}
}

func TestServe_SaysWhenItsPortIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	err = Serve(t.Context(),
		Options{
			Listen: taken.Addr().String(), Socket: filepath.Join(t.TempDir(), "s"), File: "none",
			Kept: t.TempDir(),
		})
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %v", err)
	}
}

func TestRestrict_AnswersOnlyInItsOwnNetworks(t *testing.T) {
	r := restricted{networks: []netip.Prefix{
		netip.MustParsePrefix("172.20.0.0/16"),
		netip.MustParsePrefix("fd00::/8"),
	}, attached: attached}
	for address, want := range map[string]bool{
		"172.20.0.2:80": true, "[::ffff:172.20.0.2]:80": true, "127.0.0.1:80": true, "[fd00::2]:80": true,
		"172.21.0.2:80": false, "[fe80::1]:80": false,
	} {
		tcp, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.allows(tcp, tcp); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
	if r.allows(&net.UnixAddr{Name: "x"}, &net.UnixAddr{Name: "x"}) {
		t.Error("an address without a network is allowed")
	}
}

func TestRestrict_LeavesAListenerOfAllNetworksAsItIs(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if got := restrict(listener, nil); got != listener {
		t.Errorf("restricted without networks: %+v", got)
	}
	if _, ok := restrict(listener, []netip.Prefix{netip.MustParsePrefix("172.20.0.0/16")}).(restricted); !ok {
		t.Error("not restricted to a network")
	}
}

func TestRestrict_TakesConnectionsUntilItIsClosed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	own := restrict(listener, []netip.Prefix{netip.MustParsePrefix("172.20.0.0/16")})
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := own.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if conn, err := own.Accept(); err == nil {
		t.Errorf("a connection of a closed listener: %v", conn.RemoteAddr())
	}
}

func TestCommand_RefusesWhatItDoesNotKnow(t *testing.T) {
	err := Command(t.Context(), []string{"fly"}, nil, nil)
	if err == nil || err.Error() != `gateway: unknown command "fly"` {
		t.Errorf("fly: %v", err)
	}
	for _, argv := range [][]string{
		{"probe"},
		{"probe", "a"},
		{"probe", "a", "1"},
		{"probe", "a", "1", "no link"},
		{"serve", "-network", "x"},
		{"load", "-x"},
	} {
		if err := Command(t.Context(), argv, strings.NewReader(""), io.Discard); err == nil {
			t.Errorf("%v: no error", argv)
		}
	}
}

func assertMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != want {
		t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
	}
}
