package main

import (
	"bufio"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// private is a network of its own with a database, and a bastion as its only door.
type private struct {
	*testing.T
	pid     int    // of a process in that network
	sshd    string // folder of the bastion
	key     host.Key
	hostKey host.Key
	source  string // the URL of the database there
	door    net.Listener

	passed atomic.Int64 // bytes, through the bastion
	limit  atomic.Int64 // at which the bastion is cut off; 0: never
}

const privateAddress = "10.99.0.5"

func newPrivate(t *testing.T, database string) *private {
	t.Helper()
	for _, name := range []string{"/usr/sbin/sshd", "/usr/sbin/ip", "/usr/bin/nsenter", "/usr/bin/unshare"} {
		if _, err := os.Stat(name); err != nil {
			missing(t, "no namespaces here: %v", err)
		}
	}
	if err := exec.Command("unshare", "--net", "true").Run(); err != nil || os.Getuid() != 0 {
		t.Skip("only root may make namespaces")
	}
	p := &private{T: t, sshd: t.TempDir(), key: hosttest.NewKey(t), hostKey: hosttest.NewKey(t)}
	p.makeNetwork()
	p.makeDatabase(database)
	p.makeBastion()
	return p
}

// makeNetwork makes one that nothing leads to: it lasts as long as its process.
func (p *private) makeNetwork() {
	p.Helper()
	cmd := exec.Command("unshare", "--net", "sh", "-c",
		"ip link set lo up && ip addr add "+privateAddress+"/32 dev lo && echo up && exec cat")
	stdin, err := cmd.StdinPipe() // at the end of which cat ends, also when the test is killed
	if err != nil {
		p.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		p.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "up\n" {
		p.Fatalf("no network: %q, %v", line, err)
	}
	p.pid = cmd.Process.Pid
}

// makeDatabase has a database of the cluster answer in that network.
func (p *private) makeDatabase(database string) {
	p.Helper()
	u, err := url.Parse(database)
	if err != nil {
		p.Fatal(err)
	}
	l := p.listenInside(net.JoinHostPort(privateAddress, "5432"))
	p.Cleanup(func() { l.Close() })
	to := u.Host
	go serve(l, func(near net.Conn) {
		if far, err := net.Dial("tcp", to); err == nil {
			join(near, far, func(int) {})
		}
	})
	u.Host = privateAddress + ":5432"
	p.source = u.String()
}

// listenInside listens in that network. A thread that was in another one is thrown
// away.
func (p *private) listenInside(address string) (l net.Listener) {
	p.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		fd, err := unix.Open("/proc/"+strconv.Itoa(p.pid)+"/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			unix.Close(fd)
		}
		if err == nil {
			l, err = net.Listen("tcp", address)
		}
		done <- err
	}()
	if err := <-done; err != nil {
		p.Fatal(err)
	}
	return l
}

// makeBastion opens the door: an SSH server in that network for each connection to a
// port out here.
func (p *private) makeBastion() {
	p.Helper()
	write(p.T, filepath.Join(p.sshd, "authorized_keys"), p.key.Public+"\n")
	settings := []string{
		"HostKey " + p.sshd + "/host_key", "AuthorizedKeysFile " + p.sshd + "/authorized_keys", "StrictModes no",
		"PermitRootLogin yes", "UsePAM no", "PidFile none", "",
	}
	for name, text := range map[string]string{
		"host_key": p.hostKey.Private, "key": p.key.Private, "config": strings.Join(settings, "\n"),
	} {
		if err := os.WriteFile(filepath.Join(p.sshd, name), []byte(text), 0o600); err != nil {
			p.Fatal(err)
		}
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		p.Fatal(err)
	}
	var err error
	if p.door, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { p.door.Close() })
	go serve(p.door, p.login)
}

// login is one connection to the bastion, which ends when enough has passed.
func (p *private) login(near net.Conn) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		p.Error(err)
		return
	}
	outer, inner := os.NewFile(uintptr(pair[0]), "near"), os.NewFile(uintptr(pair[1]), "far")
	cmd := exec.Command("nsenter", "--net=/proc/"+strconv.Itoa(p.pid)+"/ns/net",
		"/usr/sbin/sshd", "-i", "-e", "-f", filepath.Join(p.sshd, "config"))
	cmd.Stdin, cmd.Stdout = inner, inner
	far, err := net.FileConn(outer)
	outer.Close()
	if err == nil {
		err = cmd.Start()
	}
	inner.Close()
	if err != nil {
		p.Error(err)
		return
	}
	join(near, far, func(n int) {
		if limit := p.limit.Load(); p.passed.Add(int64(n)) > limit && limit > 0 {
			near.Close()
		}
	})
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

func serve(l net.Listener, each func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			each(conn)
		}()
	}
}

// join carries bytes both ways until one end closes.
func join(a, b net.Conn, passed func(n int)) {
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			_, _ = io.Copy(pair[0], io.TeeReader(pair[1], counter(passed)))
			a.Close()
			b.Close()
		})
	}
	both.Wait()
}

type counter func(n int)

func (c counter) Write(b []byte) (int, error) {
	c(len(b))
	return len(b), nil
}

// configure writes a configuration that goes through the bastion.
func (p *private) configure(dir string) {
	p.Helper()
	write(p.T, filepath.Join(dir, config.Name), "source:\n  url: "+p.source+"\n  via: "+p.via()+
		"\n  host_key: "+p.hostKey.Public+"\n  key: "+p.sshd+"/key\n")
}

func (p *private) via() string { return "ssh://root@" + p.door.Addr().String() }

// The database answers in a network of its own, to which a bastion is the only door.
func TestVia_ReadsADatabaseThatOnlyABastionReaches(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	pgtest.Exec(t, source, `CREATE TABLE a (id int PRIMARY KEY, email text);
		INSERT INTO a SELECT n, 'user' || n || '@example.org' FROM generate_series(1, 20000) n;
		CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
		INSERT INTO b SELECT n, 1 + n % 2000 FROM generate_series(1, 5000) n; ANALYZE`)
	p, dir := newPrivate(t, source), t.TempDir()
	p.configure(dir)
	programPath(t)
	run := func(code int, env []string, args ...string) *process {
		t.Helper()
		o := start(t, dir, env, args...)
		if got := o.ends(); got != code {
			t.Errorf("offshoot %q: exit code %d, want %d: %s%s", args, got, code, o.stdout.String(), o.stderr.String())
		}
		return o
	}
	subset := []string{"subset", "--to", "out.sql", "--replace", "--privacy", "off", "--seed", "7"}

	direct := run(1, nil, append(subset, "--via", "none")...)
	if said := direct.stderr.String(); !strings.Contains(said, "connect to "+privateAddress) {
		t.Errorf("it is reached without the bastion, or why not is not said: %s", said)
	}
	run(0, nil, subset...)
	whole, total := p.read(dir, "out.sql"), p.passed.Load()
	if n := strings.Count(whole, "@example.org"); n < 50 {
		t.Errorf("%d rows of a", n)
	}
	run(0, nil, "subset", "--plan", "--privacy", "off")
	run(0, nil, "mask", "scan")
	doctor := start(t, dir, nil, "doctor")
	doctor.ends() // other things may be missing here
	said := doctor.stdout.String()
	if !strings.Contains(said, " at "+privateAddress+", through bastion root@127.0.0.1:") {
		t.Errorf("doctor: %s", said)
	}

	write(t, filepath.Join(dir, config.Name), "")
	env := []string{
		"OFFSHOOT_SOURCE=" + p.source, "OFFSHOOT_VIA=" + p.via(), "SSH_AUTH_SOCK=",
		"OFFSHOOT_VIA_KEY=" + strings.TrimSpace(p.key.Private),
	}
	unknown := run(12, env, subset...)
	if said := unknown.stderr.String(); !strings.Contains(said, "its host key is not known") ||
		strings.Contains(said, "PRIVATE KEY") {
		t.Errorf("a bastion that nobody knows: %s", said)
	}
	if err := os.Mkdir(filepath.Join(dir, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(p.door.Addr().(*net.TCPAddr).Port)
	write(t, filepath.Join(dir, ".ssh", "known_hosts"), "[127.0.0.1]:"+port+" "+p.hostKey.Public+"\n")
	run(0, env, subset...)
	if again := p.read(dir, "out.sql"); again != whole {
		t.Error("the same seed and data make another file")
	}
	p.cutTenTimes(whole, total, env, subset)
}

// cutTenTimes cuts the bastion off in each tenth of what passes through it.
func (p *private) cutTenTimes(whole string, total int64, env, args []string) {
	failed := 0
	for i := range int64(10) {
		dir := p.TempDir()
		if err := os.Mkdir(filepath.Join(dir, ".ssh"), 0o700); err != nil {
			p.Fatal(err)
		}
		port := strconv.Itoa(p.door.Addr().(*net.TCPAddr).Port)
		write(p.T, filepath.Join(dir, ".ssh", "known_hosts"), "[127.0.0.1]:"+port+" "+p.hostKey.Public+"\n")
		p.passed.Store(0)
		p.limit.Store(total*(2*i+1)/20 + 1)
		o := start(p.T, dir, env, args...)
		switch said := &o.stderr; o.ends() {
		case 0:
			if p.read(dir, "out.sql") != whole {
				p.Errorf("cut %d: half of an archive", i)
			}
		case 1:
			failed++
			wantFiles(p.T, dir, ".ssh")
			if text := said.String(); !strings.Contains(text, "bastion root@127.0.0.1:"+port) {
				p.Errorf("cut %d does not name the bastion: %s", i, text)
			}
		default:
			p.Errorf("cut %d: exit code %d: %s", i, o.ends(), said.String())
		}
	}
	if failed < 8 {
		p.Errorf("%d of 10 cuts were noticed", failed)
	}
}

func (p *private) read(dir, name string) string {
	p.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		p.Fatal(err)
	}
	return string(text)
}
