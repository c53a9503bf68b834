// Package hosttest has machines for tests: a real SSH server on the loopback
// interface, and a cable to it that can be cut.
//
//	test ─► Remote ─► Cable ─► Server (sshd) ─► this computer
package hosttest

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/host"
)

// Server is a real OpenSSH server on the loopback interface, which lets the
// user in who runs the tests.
type Server struct {
	Remote host.Remote
	Port   int

	authorized string // the file of the keys that are let in
}

// Start starts sshd for the user that runs the tests. It ends with the
// test, and so do its connections.
func Start(t *testing.T) Server {
	t.Helper()
	program := "/usr/sbin/sshd"
	if _, err := os.Stat(program); err != nil {
		t.Skip("no sshd here: apt-get install openssh-server")
	}
	folder := t.TempDir()
	hostKey, login := NewKey(t), NewKey(t)
	write(t, filepath.Join(folder, "host_key"), hostKey.Private)
	write(t, filepath.Join(folder, "authorized_keys"), login.Public+"\n")
	s := Server{Port: FreePort(t), authorized: filepath.Join(folder, "authorized_keys")}
	config := []string{
		"Port " + strconv.Itoa(s.Port), "ListenAddress 127.0.0.1", "HostKey " + filepath.Join(folder, "host_key"),
		"AuthorizedKeysFile " + filepath.Join(folder, "authorized_keys"), "AuthenticationMethods publickey",
		"PidFile none", "StrictModes no", "PermitRootLogin yes", "UsePAM no",
		"SetEnv SHLVL=2", // keeps a bash from reading the user's own files, which may take their time
	}
	write(t, filepath.Join(folder, "config"), strings.Join(config, "\n")+"\n")
	if os.Getuid() == 0 { // where sshd leaves its privileges
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	log := &bytes.Buffer{}
	cmd := exec.Command(program, "-D", "-e", "-f", filepath.Join(folder, "config"))
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("sshd: %s", log)
		}
	})
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s.Remote = host.Remote{
		Address: Address(s.Port), User: me.Username, Key: []byte(login.Private),
		HostKey: hostKey.Public,
	}
	s.await(t)
	return s
}

// Authorize lets one key in from now on, and no other; none when it is empty.
func (s Server) Authorize(t *testing.T, public string) {
	t.Helper()
	write(t, s.authorized, public+"\n")
}

// await waits until the server answers.
func (s Server) await(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		conn, err := net.Dial("tcp", s.Remote.Address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("sshd does not answer: %v", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Dial connects to the server until the test ends.
func (s Server) Dial(t *testing.T) *host.SSH {
	t.Helper()
	h, err := host.Dial(t.Context(), s.Remote)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// NewKey makes a key.
func NewKey(t *testing.T) host.Key {
	t.Helper()
	key, err := host.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// FreePort is a port that nobody listens on.
func FreePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Address is a port of this computer.
func Address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
