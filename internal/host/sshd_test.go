package host_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/host"
)

// server is a real OpenSSH server on the loopback interface.
type server struct {
	remote host.Remote
	port   int
}

// startServer starts sshd for the user that runs the tests. It ends with the
// test, and so do its connections.
func startServer(t *testing.T) server {
	t.Helper()
	program := "/usr/sbin/sshd"
	if _, err := os.Stat(program); err != nil {
		t.Skip("no sshd here: apt-get install openssh-server")
	}
	folder := t.TempDir()
	hostKey, login := newKey(t), newKey(t)
	write(t, filepath.Join(folder, "host_key"), hostKey.Private)
	write(t, filepath.Join(folder, "authorized_keys"), login.Public+"\n")
	s := server{port: freePort(t)}
	config := []string{
		"Port " + strconv.Itoa(s.port), "ListenAddress 127.0.0.1", "HostKey " + filepath.Join(folder, "host_key"),
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
	s.remote = host.Remote{Address: address(s.port), User: me.Username, Key: []byte(login.Private), HostKey: hostKey.Public}
	s.await(t)
	return s
}

// await waits until the server answers.
func (s server) await(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		conn, err := net.Dial("tcp", s.remote.Address)
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

func (s server) dial(t *testing.T) *host.SSH {
	t.Helper()
	h, err := host.Dial(t.Context(), s.remote)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func newKey(t *testing.T) host.Key {
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

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// cable lies between us and a server, and can be cut or go silent.
type cable struct {
	port   int
	mutex  sync.Mutex
	lines  []net.Conn
	silent bool
	dials  int
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{port: l.Addr().(*net.TCPAddr).Port}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		c.cut()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			far, err := (&net.Dialer{}).DialContext(context.WithoutCancel(t.Context()), "tcp", to)
			if err != nil {
				from.Close()
				continue
			}
			c.mutex.Lock()
			c.lines, c.dials = append(c.lines, from, far), c.dials+1
			c.mutex.Unlock()
			wg.Go(func() { c.carry(far, from) })
			wg.Go(func() { c.carry(from, far) })
		}
	})
	return c
}

func (c *cable) carry(to, from net.Conn) {
	defer to.Close()
	_, _ = io.Copy(writer(func(p []byte) (int, error) {
		c.mutex.Lock()
		silent := c.silent
		c.mutex.Unlock()
		if silent {
			return len(p), nil
		}
		return to.Write(p)
	}), from)
}

type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// cut breaks all connections.
func (c *cable) cut() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, line := range c.lines {
		line.Close()
	}
	c.lines = nil
}

// hush swallows everything without a word, as a network does that went away.
func (c *cable) hush(silent bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.silent = silent
}

func (c *cable) made() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.dials
}
