package ec2_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
)

// sshd starts a real server on a free port, with the keys that are in the user
// data of a machine.
func sshd(t *testing.T, script []byte, port int) {
	t.Helper()
	folder := t.TempDir()
	_, rest, _ := strings.Cut(string(script), "/authorized_keys <<'KEY'\n")
	login, _, _ := strings.Cut(rest, "\n")
	for name, text := range map[string]string{
		"host_key": string(hostKeyIn(t, script)), "authorized_keys": login + "\n",
		"config": strings.Join([]string{
			"Port " + strconv.Itoa(port), "ListenAddress 127.0.0.1", "HostKey " + folder + "/host_key",
			"AuthorizedKeysFile " + folder + "/authorized_keys",
			"PidFile none", "StrictModes no", "PermitRootLogin yes", "UsePAM no", "SetEnv SHLVL=2", "",
		}, "\n"),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	server := exec.Command("/usr/sbin/sshd", "-D", "-e", "-f", folder+"/config")
	var log bytes.Buffer
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		if t.Failed() {
			t.Logf("sshd: %s", &log)
		}
	})
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			conn.Close()
			return
		}
	}
	t.Fatal("sshd does not answer")
}

// reachable is an account whose machines are a server on this computer.
func reachable(t *testing.T) (a *account, port int, userData func() []byte) {
	t.Helper()
	if _, err := os.Stat("/usr/sbin/sshd"); err != nil {
		t.Skip("no sshd here: apt-get install openssh-server")
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var script []byte
	cloud := standin.Options{Seed: 1, Booted: func(_ string, userData []byte) string {
		script = userData
		return "127.0.0.1"
	}}
	a = newAccount(t, cloud, func(o *ec2.Options) {
		o.SSHPort, o.User, o.Ready = port, me.Username, filepath.Join(t.TempDir(), "offshoot")
	})
	return a, port, func() []byte { return script }
}

func TestConnect_ReachesTheMachineThatWasMade(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	a.ready("ready", "")
	h, err := a.provider.Connect(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	var out bytes.Buffer
	if err := h.Run(t.Context(), host.Command{Args: []string{"echo", "here"}, Stdout: &out}); err != nil ||
		out.String() != "here\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// The clock of the account stands still in another time than the machine's.
func TestConnect_SetsTheTimerByTheMachinesOwnClock(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	a.ready("ready", "")
	for expires, want := range map[time.Time]int64{a.clock.Now().Add(3 * time.Hour): 3 * 3600, {}: 0} {
		m.Expires = expires
		before := time.Now().Unix()
		h, err := a.provider.Connect(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		h.Close()
		content, err := os.ReadFile(filepath.Join(a.provider.Ready(), "expires"))
		got, parsed := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
		if want > 0 {
			got -= before
		}
		if err != nil || parsed != nil || got < want-60 || got > want+60 {
			t.Errorf("%v: %q, %v", expires, content, err)
		}
	}
}

// ready leaves the mark of a bootstrap that has ended.
func (a *account) ready(mark, text string) {
	a.Helper()
	folder := a.provider.Ready()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		a.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, mark), []byte(text), 0o644); err != nil {
		a.Fatal(err)
	}
}

func TestConnect_SaysWhereTheBootstrapFailed(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	a.ready("failed", "packages (exit 100)\n")
	h, err := a.provider.Connect(t.Context(), m)
	var boot *ec2.BootError
	if h != nil || !errors.As(err, &boot) ||
		!strings.Contains(err.Error(), "its bootstrap failed at: packages (exit 100)") {
		t.Errorf("%v, %v", h, err)
	}
}

func TestConnect_StopsAtAStranger(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	other, err := host.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	m.Labels["dev.offshoot.host-key"] = other.Public
	h, err := a.provider.Connect(t.Context(), m)
	if h != nil || !errors.As(err, new(*host.HostKeyError)) || len(hint.Of(err)) != 1 {
		t.Errorf("%v, %v, %q", h, err, hint.Of(err))
	}
}

func TestConnect_SaysThatTheKeyIsAnother(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	provider := a.newProvider(func(o *ec2.Options) { o.SSHPort, o.User = port, "nobody-of-that-name" })
	if h, err := provider.Connect(t.Context(), m); h != nil || !errors.Is(err, host.ErrLogin) {
		t.Errorf("%v, %v", h, err)
	}
}

func TestConnect_ShowsTheConsoleOfAMachineThatNeverAnswers(t *testing.T) {
	a, _, _ := reachable(t)
	m := a.ensure("shop-pr-12")
	a.cloud.Say("one\ntwo\n")
	_, err := a.provider.Connect(t.Context(), m)
	var boot *ec2.BootError
	if !errors.As(err, &boot) || !strings.Contains(err.Error(), "wait for SSH: not after 5m0s: ") ||
		!strings.Contains(err.Error(), "refused") {
		t.Fatalf("error %v", err)
	}
	if diff := cmp.Diff([]string{"one", "two"}, boot.Console); diff != "" {
		t.Error(diff)
	}
}

func TestConnect_RefusesAMachineItCannotKnow(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1})
	m := a.ensure("shop-pr-12")
	stopped, nameless := m, m
	stopped.State, nameless.Labels = "stopped", nil
	keyless := a.newProvider(func(o *ec2.Options) { o.LoginKey = nil })
	if _, err := a.provider.Connect(t.Context(), stopped); err == nil ||
		!strings.Contains(err.Error(), "it is stopped") {
		t.Errorf("stopped: %v", err)
	}
	if _, err := a.provider.Connect(t.Context(), nameless); err == nil ||
		!strings.Contains(err.Error(), "no host key") {
		t.Errorf("nameless: %v", err)
	}
	if _, err := keyless.Connect(t.Context(), m); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("keyless: %v", err)
	}
}
