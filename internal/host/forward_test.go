package host_test

import (
	"bufio"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
)

// talker answers each line with itself, and ends at an empty one.
func talker(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for r := bufio.NewReader(conn); ; {
					line, err := r.ReadString('\n')
					if err != nil || line == "\n" {
						return
					}
					_, _ = conn.Write([]byte(line))
				}
			}()
		}
	}()
	return l
}

func said(t *testing.T, conn net.Conn, line string) string {
	t.Helper()
	if _, err := conn.Write([]byte(line)); err != nil {
		t.Fatal(err)
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestForward_LeadsToServersAndSocketsAndTellsWhoIsGone(t *testing.T) {
	server := hosttest.Start(t)
	cable := hosttest.NewCable(t, server.Remote.Address)
	remote := server.Remote
	remote.Address = hosttest.Address(cable.Port)
	h, err := host.Dial(t.Context(), remote)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	tcp := talker(t, "tcp", "127.0.0.1:0")
	unix := talker(t, "unix", filepath.Join(t.TempDir(), "socket"))
	for _, l := range []net.Listener{tcp, unix} {
		conn, err := h.Forward(t.Context(), l.Addr().Network(), l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if got := said(t, conn, "here\n"); got != "here\n" || conn.RemoteAddr().String() != l.Addr().String() {
			t.Errorf("%q from %s", got, conn.RemoteAddr())
		}
		if _, err := conn.Write([]byte("\n")); err != nil { // the server ends it
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, host.ErrLost) {
			t.Errorf("a server that ends a connection: %v", err)
		}
		conn.Close()
	}

	free := hosttest.Address(hosttest.FreePort(t))
	_, err = h.Forward(t.Context(), "tcp", free)
	var unreachable *host.UnreachableError
	if !errors.As(err, &unreachable) || unreachable.Address != free {
		t.Errorf("nobody listens there: %v", err)
	}

	conn, err := h.Forward(t.Context(), "tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("past the deadline: %v", err)
	}

	if conn, err = h.Forward(t.Context(), "tcp", tcp.Addr().String()); err != nil {
		t.Fatal(err)
	}
	cable.Cut()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, host.ErrLost) {
		t.Errorf("the machine is gone: %v", err)
	}
	if conn, err = h.Forward(t.Context(), "tcp", tcp.Addr().String()); err != nil { // is made anew
		t.Fatal(err)
	}
	if got := said(t, conn, "again\n"); got != "again\n" {
		t.Errorf("%q", got)
	}
}

func TestDial_LogsInByAnAgent(t *testing.T) {
	server := hosttest.Start(t)
	key, err := ssh.ParseRawPrivateKey(server.Remote.Key)
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ring := agent.NewKeyring()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn) }()
		}
	}()
	remote := server.Remote
	remote.Key, remote.Agent = nil, socket
	if _, err := host.Dial(t.Context(), remote); err == nil || !strings.Contains(err.Error(), "holds no key") {
		t.Errorf("an empty agent: %v", err)
	}
	if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	h, err := host.Dial(t.Context(), remote)
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	remote.Agent = socket + "-none"
	if _, err := host.Dial(t.Context(), remote); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("no agent: %v", err)
	}
}

func TestDial_TakesOneOfSeveralHostKeys(t *testing.T) {
	server := hosttest.Start(t)
	remote, other := server.Remote, hosttest.NewKey(t)
	remote.HostKey = other.Public + "\n" + remote.HostKey
	h, err := host.Dial(t.Context(), remote)
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	remote.HostKey = other.Public + "\n" + hosttest.NewKey(t).Public
	var stranger *host.HostKeyError
	_, err = host.Dial(t.Context(), remote)
	if !errors.As(err, &stranger) || !strings.Contains(stranger.Want, " or ") {
		t.Errorf("%v", err)
	}
}
