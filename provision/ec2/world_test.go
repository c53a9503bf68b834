package ec2_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
)

const (
	routerAddress  = "203.0.113.1"
	machineAddress = "203.0.113.7"
)

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
	w.machine = exec.Command("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh",
		"testdata/standing.sh", w.folder, machineAddress, routerAddress)
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
	lines := []string{
		"*filter", ":INPUT DROP", "-A INPUT -i lo -j ACCEPT",
		"-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
	}
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
