package ec2_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// internet is the variable that says that this process is in a network of its
// own, and has the folder to work in; guest that it is a run at another address.
const (
	internet = "OFFSHOOT_TEST_INTERNET"
	guest    = "OFFSHOOT_TEST_GUEST"
)

// Runs of a CI service: each has another address, and the machine's network lets
// in by the rules of its security group and by nothing else.
func TestConnect_FromTenAddressesInARowIsAsQuickAsFromTheFirst(t *testing.T) {
	if folder := os.Getenv(internet); folder != "" {
		(&world{T: t, folder: folder}).tenInARow()
		return
	}
	for _, program := range []string{
		"/usr/sbin/sshd", "/usr/sbin/iptables-restore", "/usr/bin/nsenter",
		"/usr/bin/unshare",
	} {
		if _, err := os.Stat(program); err != nil {
			t.Skipf("no namespaces here: %v", err)
		}
	}
	if err := exec.Command("unshare", "--net", "--mount", "true").Run(); err != nil || os.Getuid() != 0 {
		t.Skip("only root may make namespaces")
	}
	inner := exec.CommandContext(t.Context(), "unshare", "--net", "--mount", "--pid", "--mount-proc", "--fork",
		"--kill-child",
		ownProgram(t), "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=5m")
	inner.Env = append(os.Environ(), internet+"="+t.TempDir())
	if out, err := inner.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	} else if testing.Verbose() {
		t.Logf("%s", out)
	}
}

func ownProgram(t *testing.T) string {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return own
}

func (w *world) tenInARow() {
	w.login = loginKey(w.T)
	w.must("ip", "link", "set", "lo", "up")
	w.must("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
	w.cloud = standin.New(standin.Options{
		Now: time.Now, Seed: 1, Pending: 300 * time.Millisecond, Booted: w.boot,
		Ruled: w.enforce,
	})
	w.serve()
	w.Cleanup(w.end)
	provider, err := ec2.New(w.Context(), w.options("127.0.0.1"))
	if err != nil {
		w.Fatal(err)
	}
	if _, err := provider.Ensure(w.Context(), spec("shop-pr-12")); err != nil {
		w.Fatal(err)
	}
	long := w.guest()
	w.Logf("the first one waited %v, for the bootstrap too", long.connect())
	var first time.Duration
	for n := range 10 {
		g := w.guest()
		took := g.connect()
		w.Logf("run %d at %s: %v", n+1, g.address, took)
		if n == 0 {
			first = took
		}
		if took > first+5*time.Second { // a dial that nobody answers takes ten
			w.Errorf("run %d took %v, and the first one %v", n+1, took, first)
		}
		w.assertOpenFor(long, g)
		g.say("run", "ran")
		g.say("leave", "left")
		w.assertOpenFor(long)
	}
	long.say("run", "ran")
	w.twoAtOneAddress()
	long.say("leave", "left")
	w.assertOpenFor()
}

// twoAtOneAddress lets one of them go first, and the other one connect anew.
func (w *world) twoAtOneAddress() {
	before := w.cloud.Open("2222")
	one := w.guest()
	other := w.start(one.address, "nsenter", "--net=/proc/"+strconv.Itoa(one.cmd.Process.Pid)+"/ns/net")
	one.connect()
	other.connect()
	one.say("leave", "left")
	if got := w.cloud.Open("2222"); !slices.Equal(got, before) {
		w.Errorf("SSH is open for %q", got)
	}
	other.say("run", "ran") // what is connected stays so
	other.say("cut", "cut")
	other.say("run", "ran")
	if got := w.cloud.Open("2222"); !slices.Contains(got, one.address+"/32") {
		w.Errorf("SSH is open for %q", got)
	}
	other.say("leave", "left")
}

func (w *world) assertOpenFor(guests ...*visitor) {
	w.Helper()
	var want []string
	for _, g := range guests {
		want = append(want, g.address+"/32")
	}
	if got := w.cloud.Open("2222"); !slices.Equal(got, want) {
		w.Errorf("SSH is open for %q, want %q", got, want)
	}
}

// A visitor is a run of its own process at an address of its own.
type visitor struct {
	world   *world
	address string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

// guest starts one at another address than all before.
func (w *world) guest() *visitor {
	w.Helper()
	w.guests++
	router, address := fmt.Sprintf("198.51.100.%d", 4*w.guests+1), fmt.Sprintf("198.51.100.%d", 4*w.guests+2)
	v := w.start(address, "unshare", "--net")
	pid := strconv.Itoa(v.cmd.Process.Pid)
	w.plug("guest"+strconv.Itoa(w.guests), router+"/30", v.cmd.Process.Pid)
	w.must("nsenter", "--net=/proc/"+pid+"/ns/net", "sh", "-ec",
		`ip link set lo up; ip addr add "$1/30" dev eth0; ip link set eth0 up; ip route add default via "$2"`, "sh",
		address, router)
	return v
}

func (w *world) start(address string, wrapper ...string) *visitor {
	w.Helper()
	given, err := json.Marshal(map[string]string{
		"endpoint": "http://" + net.JoinHostPort(routerAddress, w.port),
		"login":    string(w.login),
	})
	if err != nil {
		w.Fatal(err)
	}
	v := &visitor{world: w, address: address}
	v.cmd = exec.Command(wrapper[0],
		append(wrapper[1:], ownProgram(w.T), "-test.run=^TestGuest$", "-test.timeout=4m")...)
	v.cmd.Env = append(os.Environ(), guest+"="+string(given))
	out, err := v.cmd.StdoutPipe()
	if err == nil {
		v.in, err = v.cmd.StdinPipe()
	}
	if err == nil {
		v.cmd.Stderr = &testLog{w.T}
		err = v.cmd.Start()
	}
	if err != nil {
		w.Fatal(err)
	}
	v.out = bufio.NewScanner(out)
	w.Cleanup(func() {
		v.in.Close()
		_ = v.cmd.Process.Kill()
		_ = v.cmd.Wait()
	})
	return v
}

type testLog struct{ t *testing.T }

func (l *testLog) Write(p []byte) (int, error) {
	l.t.Logf("%s", p)
	return len(p), nil
}

// say gives an order and waits for the answer.
func (v *visitor) say(order, answer string) string {
	v.world.Helper()
	_, _ = io.WriteString(v.in, order+"\n")
	for v.out.Scan() {
		if line := v.out.Text(); strings.HasPrefix(line, answer) {
			return line
		} else if line != "" {
			v.world.Fatalf("%s at %s: %s", order, v.address, line)
		}
	}
	v.world.Fatalf("%s at %s: it has ended", order, v.address)
	return ""
}

func (v *visitor) connect() time.Duration {
	v.world.Helper()
	took, err := time.ParseDuration(strings.TrimPrefix(v.say("connect", "in "), "in "))
	if err != nil {
		v.world.Fatal(err)
	}
	return took
}

// TestGuest is no test: it is a visitor that does what it is told.
func TestGuest(t *testing.T) {
	text := os.Getenv(guest)
	if text == "" {
		return
	}
	var given struct{ Endpoint, Login string }
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		t.Fatal(err)
	}
	var h host.Host
	orders := map[string]func() (string, error){
		"connect": func() (answer string, err error) {
			begun := time.Now()
			h, err = visitMachine(t, given.Endpoint, given.Login)
			return "in " + time.Since(begun).String(), err
		},
		"run":   func() (string, error) { return "ran", h.Run(t.Context(), host.Command{Args: []string{"true"}}) },
		"leave": func() (string, error) { return "left", h.Close() },
		"cut": func() (string, error) { // the connection, at its other end
			_ = h.Run(t.Context(),
				host.Command{Args: []string{"/usr/bin/pkill", "-KILL", "-u", "offshoot", "-x", "sshd"}})
			return "cut", nil
		},
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		answer, err := orders[in.Text()]()
		if err != nil {
			answer = strings.ReplaceAll(err.Error(), "\n", "; ")
		}
		fmt.Println(answer)
	}
}

func visitMachine(t *testing.T, endpoint, login string) (host.Host, error) {
	provider, err := ec2.New(t.Context(), guestOptions(endpoint, []byte(login)))
	if err != nil {
		return nil, err
	}
	found, err := provider.List(t.Context(), machine.Filter{Preview: "shop-pr-12"})
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("list: %v, %w", found, err)
	}
	return provider.Connect(t.Context(), found[0])
}
