package ec2_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
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

const (
	routerAddress  = "203.0.113.1"
	machineAddress = "203.0.113.7"
)

// Runs of a CI service: each has another address, and the machine's network lets
// in by the rules of its security group and by nothing else.
func TestConnect_FromTenAddressesInARowIsAsQuickAsFromTheFirst(t *testing.T) {
	if folder := os.Getenv(internet); folder != "" {
		(&world{T: t, folder: folder}).tenInARow()
		return
	}
	for _, program := range []string{"/usr/sbin/sshd", "/usr/sbin/iptables-restore", "/usr/bin/nsenter", "/usr/bin/unshare"} {
		if _, err := os.Stat(program); err != nil {
			t.Skipf("no namespaces here: %v", err)
		}
	}
	if err := exec.Command("unshare", "--net", "--mount", "true").Run(); err != nil || os.Getuid() != 0 {
		t.Skip("only root may make namespaces")
	}
	inner := exec.CommandContext(t.Context(), "unshare", "--net", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child",
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

// A world is an internet with one machine and those who connect to it.
type world struct {
	*testing.T
	folder string
	cloud  *standin.Cloud
	port   string // of the API, at every address of the router
	login  []byte
	guests int

	mutex   sync.Mutex // guards what follows
	rules   []standin.Rule
	machine *exec.Cmd
	console bytes.Buffer
}

func (w *world) tenInARow() {
	w.login = loginKey(w.T)
	w.must("ip", "link", "set", "lo", "up")
	w.must("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
	w.cloud = standin.New(standin.Options{Now: time.Now, Seed: 1, Pending: 300 * time.Millisecond, Booted: w.boot, Ruled: w.enforce})
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

// serve puts the API on the router, and a page that says who asks.
func (w *world) serve() {
	l, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		w.Fatal(err)
	}
	_, w.port, _ = net.SplitHostPort(l.Addr().String())
	mux := http.NewServeMux()
	mux.Handle("/", w.cloud)
	mux.HandleFunc("/address", func(rw http.ResponseWriter, r *http.Request) {
		address, _, _ := net.SplitHostPort(r.RemoteAddr)
		_, _ = io.WriteString(rw, address)
	})
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: mux}}
	server.Start()
	w.Cleanup(server.Close)
}

func (w *world) options(router string) ec2.Options {
	return guestOptions("http://"+net.JoinHostPort(router, w.port), w.login)
}

func guestOptions(endpoint string, login []byte) ec2.Options {
	return ec2.Options{
		Region: standin.Region, Endpoint: endpoint, LoginKey: login, Types: []string{"t3.large"}, Patience: time.Minute,
		Caller: ec2.CallerAddress(http.DefaultClient, endpoint+"/address"),
	}
}

// boot is what RunInstances leads to.
func (w *world) boot(_ string, userData []byte) string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	program, err := os.ReadFile(ownProgram(w.T))
	if err != nil {
		w.Error(err)
	}
	for name, content := range map[string][]byte{"user-data": userData, "socket": program} {
		if err := os.WriteFile(filepath.Join(w.folder, name), content, 0o700); err != nil {
			w.Error(err)
		}
	}
	w.machine = exec.Command("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "testdata/standing.sh", w.folder, machineAddress, routerAddress)
	w.machine.Stdout, w.machine.Stderr = &w.console, &w.console
	if err := w.machine.Start(); err != nil {
		w.Error(err)
		return machineAddress
	}
	w.apply()
	w.plug("cable", routerAddress+"/24", w.machine.Process.Pid)
	return machineAddress
}

// plug lays a cable between the router and the network of a process.
func (w *world) plug(name, address string, pid int) {
	w.until("network of its own", func() bool {
		mine, _ := os.Readlink("/proc/self/ns/net")
		its, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
		return err == nil && mine != its
	})
	w.must("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(pid))
	w.must("ip", "addr", "add", address, "dev", name)
	w.must("ip", "link", "set", name, "up")
}

// enforce is told of the rules of the group.
func (w *world) enforce(_ string, rules []standin.Rule) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.rules = rules
	if w.machine != nil {
		w.apply()
	}
}

// apply has the machine's network let in by the rules, as a security group does:
// what is connected already stays so.
func (w *world) apply() {
	lines := []string{"*filter", ":INPUT DROP", "-A INPUT -i lo -j ACCEPT", "-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT"}
	for _, r := range w.rules {
		if !strings.Contains(r.From, ":") {
			lines = append(lines, "-A INPUT -p tcp --dport "+r.Port+" -s "+r.From+" -j ACCEPT")
		}
	}
	pid := w.machine.Process.Pid
	w.until("network of the machine", func() bool {
		mine, _ := os.Readlink("/proc/self/ns/net")
		its, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
		return err == nil && mine != its
	})
	cmd := exec.Command("nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", pid), "iptables-restore", "-w")
	cmd.Stdin = strings.NewReader(strings.Join(append(lines, "COMMIT", ""), "\n"))
	if out, err := cmd.CombinedOutput(); err != nil {
		w.Errorf("iptables-restore: %v: %s", err, out)
	}
}

func (w *world) end() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.machine == nil {
		return
	}
	_ = w.machine.Process.Kill()
	_ = w.machine.Wait()
	if w.Failed() {
		w.Logf("console: %s", w.console.String())
	}
}

func (w *world) until(what string, condition func() bool) {
	w.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Errorf("no %s", what)
			return
		}
	}
}

func (w *world) must(args ...string) {
	w.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		w.Errorf("%v: %v: %s", args, err, out)
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
		`ip link set lo up; ip addr add "$1/30" dev eth0; ip link set eth0 up; ip route add default via "$2"`, "sh", address, router)
	return v
}

func (w *world) start(address string, wrapper ...string) *visitor {
	w.Helper()
	given, err := json.Marshal(map[string]string{"endpoint": "http://" + net.JoinHostPort(routerAddress, w.port), "login": string(w.login)})
	if err != nil {
		w.Fatal(err)
	}
	v := &visitor{world: w, address: address}
	v.cmd = exec.Command(wrapper[0], append(wrapper[1:], ownProgram(w.T), "-test.run=^TestGuest$", "-test.timeout=4m")...)
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
			_ = h.Run(t.Context(), host.Command{Args: []string{"/usr/bin/pkill", "-KILL", "-u", "offshoot", "-x", "sshd"}})
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
