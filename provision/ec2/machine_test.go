package ec2_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/ec2"
)

// TestMachineSocket is no test: it is the engine of the machine that the test
// below makes, a socket and nothing behind it.
func TestMachineSocket(t *testing.T) {
	if filepath.Base(os.Args[0]) != "socket" {
		return
	}
	l, err := net.Listen("unix", "/var/run/docker.sock")
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := l.Accept(); err != nil {
			return
		}
	}
}

// The user data is run for real, in a machine made of namespaces.
func TestBootstrap_MakesAMachineThatLetsUsInAndEndsInTime(t *testing.T) {
	for _, program := range []string{"/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/unshare"} {
		if _, err := os.Stat(program); err != nil {
			t.Skipf("no namespaces here: %v", err)
		}
	}
	if err := exec.Command("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child",
		"true").Run(); err != nil || os.Getuid() != 0 {
		t.Skip("only root may make namespaces")
	}
	hostKey, err := host.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	login := loginKey(t)
	public, err := host.PublicKey(login)
	if err != nil {
		t.Fatal(err)
	}
	script, err := ec2.Bootstrap{
		HostKey: hostKey.Private, LoginKey: public, Expires: time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC),
		Port: ec2.SSHPort,
	}.Script()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, text := range map[string]string{
		"user-data": string(script), "login": string(login), "known_hosts": "[127.0.0.1]:2222 " + hostKey.Public + "\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "socket"), program, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh",
		"testdata/machine.sh", folder)
	out, err := cmd.CombinedOutput()
	for _, line := range []string{
		"offshoot: bootstrap: done\n", "\nready\n", "\noffshoot\n", " docker\n", "\n7226582400\n", "\n7226582401\n",
		"\niptables -w -I DOCKER-USER -d 169.254.169.254/32 -j REJECT\n", "\n-rw-------\n",
		"not yet:\nexpired:\noffshoot: expired, shutting down\nshutdown -h now\nnever:\nagain:\n", "\nin\n",
	} {
		if !strings.Contains(string(out), line) {
			t.Errorf("no %q in it", line)
		}
	}
	if err != nil || t.Failed() || strings.Contains(string(out), "for everybody") {
		t.Errorf("%v: %s", err, out)
	}
}
