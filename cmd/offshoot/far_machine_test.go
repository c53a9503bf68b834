package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
)

// internet is the variable that says that this process is in a network of its
// own, which has the program to test and the folder to work in.
const internet = "OFFSHOOT_TEST_INTERNET"

// The addresses of that network.
const (
	routerAddress   = "203.0.113.1"
	machineAddress  = "203.0.113.7"
	metadataAddress = "169.254.169.254"
)

// The whole way for real: RunInstances boots a machine with an SSH server and
// an engine of its own, in which the user data is run, and in the end there is
// nothing left of it. The test runs itself again in namespaces of its own.
func TestFar_WholeLifeOnAMachineThatIsReallyBooted(t *testing.T) {
	if folder := os.Getenv(internet); folder != "" {
		(&outside{T: t, folder: folder}).life()
		return
	}
	t.Parallel()
	needEngine(t)
	folder := t.TempDir()
	if out, err := exec.Command("docker", "save", "-o", filepath.Join(folder, "images.tar"),
		postgresImage).CombinedOutput(); err != nil {
		t.Fatalf("docker save: %s", out)
	}
	apart(t, folder, "/usr/sbin/sshd", "/usr/sbin/ip", "/usr/bin/nsenter", "/usr/bin/busybox")
}

// apart runs the test again in namespaces of its own (network, mounts,
// processes) with that folder, where these programs are.
func apart(t *testing.T, folder string, needed ...string) {
	t.Helper()
	for _, name := range append(needed, "/usr/bin/unshare") {
		if _, err := os.Stat(name); err != nil {
			missing(t, "no namespaces here: %v", err)
		}
	}
	if err := exec.Command("unshare", "--net", "--mount", "true").Run(); err != nil || os.Getuid() != 0 {
		t.Skip("only root may make namespaces")
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	inner := exec.CommandContext(t.Context(), "unshare", "--net", "--mount", "--pid", "--mount-proc", "--fork",
		"--kill-child", own, "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=12m")
	inner.Env = append(os.Environ(), internet+"="+folder, builtProgram+"="+programPath(t))
	if out, err := inner.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	} else if testing.Verbose() {
		t.Logf("%s", out)
	}
}

// outside is the internet, with one computer that calls offshoot.
type outside struct {
	*testing.T
	folder   string
	checkout string
	env      []string
	cloud    *standin.Cloud

	result provision.Result // of the last up

	mutex   sync.Mutex // guards what follows
	machine *exec.Cmd
	console bytes.Buffer
}

func (o *outside) life() {
	o.must("ip", "link", "set", "lo", "up")
	o.cloud = standin.New(standin.Options{
		Now: time.Now, Seed: 1, Pending: time.Second, Booted: o.boot, Ended: o.end,
		Stopped: o.end,
	})
	o.serve("127.0.0.1:0")
	o.makeCheckout()
	o.Cleanup(func() { o.end("") })
	image := o.bake()

	link, entry := o.up()
	if !slices.ContainsFunc(o.cloud.Calls(), func(c standin.Call) bool {
		return c.Action == "CreateTags" && strings.Contains(c.Form.Encode(), url.QueryEscape(provision.LabelServes))
	}) {
		o.Error("no tag of the machine says what serves")
	}
	if want := "https://" + machineAddress + "/"; link != want {
		o.Errorf("the link is %s, want %s", link, want)
	}
	if got := o.page(link); strings.Contains(got, "tiny shop") {
		o.Errorf("without a sign-in %s shows %q", link, got)
	}
	if got := o.page(entry); got != "hello from a tiny shop\n" {
		o.Errorf("%s answers %q", link, got)
	}
	list := o.offshoot(0, "list")
	for _, want := range []string{"pr-12", "running", "in 3d", "t3.large", link} {
		if !strings.Contains(list, want) {
			o.Errorf("list does not say %q: %s", want, list)
		}
	}
	if got := o.offshoot(0, "psql", "--pr", "12", "--", "-Atc",
		"SELECT count(*), count(paid) FROM orders"); got != "7|0\n" {
		o.Errorf("psql prints %q", got)
	}
	if got := o.offshoot(0, "exec", "--pr", "12", "web", "--", "/bin/busybox", "echo", "a b",
		"$HOME"); got != "a b $HOME\n" {
		o.Errorf("exec prints %q", got)
	}
	o.offshoot(7, "exec", "--pr", "12", "web", "--", "/bin/busybox", "sh", "-c", "exit 7")
	usesAShell(o.T, o.checkout, o.env, "exec", "--pr", "12", "web", "--")
	if got := o.offshoot(0, "logs", "--pr", "12", "--tail", "2", "db"); strings.Count(got, "\n") != 2 ||
		!strings.HasPrefix(got, "db") {
		o.Errorf("logs print %q", got)
	}
	o.metadata()
	o.assertQuick(image)

	write(o.T, filepath.Join(o.checkout, "www/index.html"), "hello again\n")
	again, entry := o.up()
	if got := o.page(entry); again != link || got != "hello again\n" {
		o.Errorf("after the update %s answers %q", again, got)
	}
	o.offshoot(0, "down", "--pr", "12")
	for _, left := range o.cloud.Left() {
		if !strings.HasPrefix(left, "sg-") && left != image && !strings.HasPrefix(left, "snap-") {
			o.Errorf("left in the account: %s", left)
		}
	}
}

// serve puts the cloud on the loopback interface, and points offshoot there.
func (o *outside) serve(address string) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		o.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: o.cloud}}
	server.Start()
	o.Cleanup(server.Close)
	key, err := host.NewKey()
	if err != nil {
		o.Fatal(err)
	}
	o.env = append(os.Environ(), "AWS_ENDPOINT_URL="+server.URL, "AWS_REGION="+standin.Region,
		"AWS_ACCESS_KEY_ID=AKIDTEST", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_PROFILE=", "AWS_SESSION_TOKEN=",
		"DOCKER_HOST=unix:///nowhere", loginVariable+"="+key.Private, "HOME="+o.folder)
}

func (o *outside) makeCheckout() {
	o.checkout = filepath.Join(o.folder, "shop")
	program, err := os.ReadFile("/usr/bin/busybox")
	if err != nil {
		o.Fatal(err)
	}
	for name, content := range map[string]string{
		"compose.yaml": tinyCompose + "    env_file: secret.env\n", "Dockerfile": tinyDockerfile,
		"archive.sql":    tinyArchive,
		"www/index.html": "hello from a tiny shop\n", "busybox": string(program),
		".gitignore": "secret.env\narchive.sql\n", "secret.env": "TOKEN=hunter3hunter3\n",
		config.Name: machineConfig(""),
	} {
		path := filepath.Join(o.checkout, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			o.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			o.Fatal(err)
		}
	}
	git(o.T, o.checkout, "init", "-q", "-b", "feature")
	git(o.T, o.checkout, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "--allow-empty", "-m",
		"first")
}

func machineConfig(more string) string {
	return "project: shop\nprovider: ec2\nec2: {ssh: " + routerAddress + "/32" + more +
		"}\npreview:\n  migrate: {service: tool}\n  rehearse: false\n"
}

// boot is what RunInstances leads to.
func (o *outside) boot(_ string, userData []byte) string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	write(o.T, filepath.Join(o.folder, "user-data"), string(userData))
	o.machine = exec.Command("unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child",
		"../../testdata/machine/host", o.folder, machineAddress, routerAddress)
	o.machine.Stdout, o.machine.Stderr = &o.console, &o.console
	if err := o.machine.Start(); err != nil {
		o.Error(err)
		return machineAddress
	}
	pid := strconv.Itoa(o.machine.Process.Pid)
	o.until("network of the machine", func() bool { // it has left ours
		mine, _ := os.Readlink("/proc/self/ns/net")
		its, err := os.Readlink("/proc/" + pid + "/ns/net")
		return err == nil && mine != its
	})
	o.must("ip", "link", "add", "cable", "type", "veth", "peer", "name", "eth0", "netns", pid)
	for _, address := range []string{routerAddress + "/24", metadataAddress + "/32"} {
		o.must("ip", "addr", "add", address, "dev", "cable")
	}
	o.must("ip", "link", "set", "cable", "up")
	return machineAddress
}

// end is what TerminateInstances leads to: all processes of the machine go.
func (o *outside) end(string) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.machine == nil || o.machine.Process == nil {
		return
	}
	_ = o.machine.Process.Kill()
	_ = o.machine.Wait()
	o.machine = nil
	if o.Failed() {
		o.Logf("console: %s", o.console.String())
	}
}

func (o *outside) until(what string, condition func() bool) {
	o.Helper()
	deadline := time.After(patience)
	for !condition() {
		select {
		case <-deadline:
			o.Fatalf("no %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (o *outside) must(args ...string) string {
	o.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		o.Errorf("%v: %v: %s", args, err, out)
	}
	return string(out)
}

func (o *outside) offshoot(code int, args ...string) string {
	o.Helper()
	cmd := exec.Command(os.Getenv(builtProgram), args...)
	cmd.Dir, cmd.Env = o.checkout, o.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != code {
		o.Fatalf("offshoot %v: exit %d, want %d\n%s%s", args, got, code, out.String(), errs.String())
	}
	if text := out.String() + errs.String(); strings.Contains(text, "hunter") || strings.Contains(text, "PRIVATE KEY") {
		o.Errorf("a secret in %s", text)
	}
	o.Logf("offshoot %v\n%s%s", args, errs.String(), out.String())
	return out.String()
}

// up returns the link, and the one that signs in.
func (o *outside) up() (link, entry string) {
	o.Helper()
	var doc struct{ Result provision.Result }
	if err := json.Unmarshal([]byte(o.offshoot(0, "up", "--pr", "12", "--archive", "archive.sql", "--json")),
		&doc); err != nil {
		o.Fatal(err)
	}
	o.result = doc.Result
	if doc.Result.Access == nil {
		o.Fatalf("no sign-in: %+v", doc.Result)
	}
	return doc.Result.Links[0].URL, doc.Result.Access.Links[0].URL
}

// onMachine runs a program in the network of the machine.
func (o *outside) onMachine(args ...string) (string, error) {
	o.mutex.Lock()
	pid := strconv.Itoa(o.machine.Process.Pid)
	o.mutex.Unlock()
	out, err := exec.Command("nsenter", append([]string{"--net=/proc/" + pid + "/ns/net"}, args...)...).CombinedOutput()
	return string(out), err
}

// page asks for a link as a browser does whose name server knows the machine.
func (o *outside) page(link string) string {
	o.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		o.Fatal(err)
	}
	browser := http.Client{Jar: jar, Timeout: patience, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // no authority can be reached here
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(machineAddress, port))
		},
	}}
	response, err := browser.Get(link)
	if err != nil {
		o.Errorf("%v", err)
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		o.Error(err)
	}
	return string(body)
}

// metadata is a service at the address that knows the machine's credentials.
func (o *outside) metadata() {
	o.Helper()
	l, err := net.Listen("tcp", metadataAddress+":80")
	if err != nil {
		o.Fatal(err)
	}
	defer l.Close()
	var asked atomic.Int32
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			conn.Close()
		}
	}()
	// Any program that connects will do to see whether anybody answers.
	ask := []string{
		"exec", "--pr", "12", "db", "--", "psql", "-h", metadataAddress, "-p", "80", "-U", "x", "-d", "x",
		"-c", "",
	}
	o.offshoot(2, ask...)
	if n := asked.Load(); n != 0 {
		o.Errorf("a container has reached the service")
	}
	if out, err := o.onMachine("iptables", "-D", "DOCKER-USER", "-d", metadataAddress+"/32", "-j",
		"REJECT"); err != nil {
		o.Fatalf("%v: %s", err, out)
	}
	o.offshoot(2, ask...)
	if n := asked.Load(); n == 0 {
		o.Errorf("without the rule it does not reach the service either")
	}
}
