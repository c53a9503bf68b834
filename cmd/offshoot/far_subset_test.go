package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
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

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
)

// What the machine alone may know, and the network that it alone is in.
const (
	sourcePassword = "correct-horse-battery"
	sourceAddress  = "10.9.0.5"
	besideAddress  = "10.9.0.7"
	maskKeyGiven   = "a mask key of this test"
	subsetConfig   = "project: shop\nprovider: ec2\nsource: ${PRODUCTION_DATABASE_URL}\n" +
		"ec2: {ssh: " + routerAddress + "/32}\nmask: {public.people.email: email}\nprivacy: \"off\"\n" +
		"subset: {on: ec2, tables: {public.notes: none}, machine: {source: \"secretsmanager:prod/shop\", " +
		"profile: offshoot-subset}}\npreview: {environment: {KEY: \"${UNSET_HERE}\"}}\n"
)

// From an empty account to an archive in a bucket, and back to an empty account: the source
// is in a network that only the machine is in, and what leads to it is kept where only the
// machine's profile may read it.
func TestFar_SubsetIsMadeByAMachineBesideTheSource(t *testing.T) {
	folder := os.Getenv(internet)
	if folder == "" {
		t.Parallel()
		apart(t, t.TempDir(), "/usr/sbin/sshd", "/usr/sbin/ip", "/usr/bin/nsenter")
		return
	}
	p := &production{outside: &outside{T: t, folder: folder}}
	p.begin()
	stop := p.watchArguments()
	said := p.run(0, "subset", "--to", "s3://archives/nightly/", "--keep", "2", "--check", "--score")
	stop()
	for _, want := range []string{
		"ok   machine of its own", "ok   read the source", "ok   choose rows", "ok   check the archive",
		"ok   measure both databases", "ok   upload", "the machine is gone", "public.people",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %s", want, said)
		}
	}
	p.assertArchive()
	p.assertEmpty()
	p.assertNoSecret(said)
	if conn, err := net.DialTimeout("tcp", sourceAddress+":5432", 200*time.Millisecond); err == nil {
		conn.Close()
		t.Error("the runner reaches the source too")
	}

	p.denied.Store("denied", true)
	if said := p.run(1, "subset", "--to", "s3://archives/nightly/"); !strings.Contains(said,
		"hint: allow secretsmanager:GetSecretValue") {
		t.Errorf("without the right: %s", said)
	}
	p.assertEmpty()
	if n := p.archives(); n != 1 {
		t.Errorf("%d archives after a run that failed", n)
	}
}

// production is the internet, and a source beside the machine.
type production struct {
	*outside
	objects sync.Map
	denied  sync.Map
	printed bytes.Buffer
	server  *exec.Cmd
	seen    sync.Map // arguments of processes that have a secret
	data    string
}

func (p *production) begin() {
	p.must("ip", "link", "set", "lo", "up")
	// The disk of the machine outlives it, to look for secrets on. It has had an engine.
	disk := filepath.Join(p.folder, "machine")
	p.must("mkdir", "-p", disk)
	p.must("mount", "-t", "tmpfs", "disk", disk)
	p.must("mkdir", "-p", filepath.Join(disk, "docker", "image"))
	p.startSource()
	p.cloud = standin.New(standin.Options{
		Now: time.Now, Seed: 1, Pending: time.Second, Ended: p.end, Stopped: p.end, Booted: p.bootBeside,
	})
	p.serve("127.0.0.1:0")
	p.env = append(p.env, "OFFSHOOT_MASK_KEY="+maskKeyGiven, "OFFSHOOT_SOURCE=", "PRODUCTION_DATABASE_URL=")
	p.Cleanup(func() { p.end("") })
	l, err := net.Listen("tcp", "0.0.0.0:80")
	if err != nil {
		p.Fatal(err)
	}
	services := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(p.services)}}
	services.Start()
	p.Cleanup(services.Close)
	p.checkout = filepath.Join(p.folder, "shop")
	p.must("mkdir", "-p", p.checkout)
	write(p.T, filepath.Join(p.checkout, config.Name), subsetConfig)
	git(p.T, p.checkout, "init", "-q", "-b", "main")
}

const sourceSchema = `CREATE TABLE people (id int PRIMARY KEY, email text);
CREATE TABLE orders (id int PRIMARY KEY, person int NOT NULL REFERENCES people);
CREATE TABLE notes (id int PRIMARY KEY);
INSERT INTO people SELECT i, 'someone' || i || '@example.com' FROM generate_series(1, 200) i;
INSERT INTO orders SELECT i, 1 + i % 200 FROM generate_series(1, 600) i;
INSERT INTO notes SELECT generate_series(1, 50);
ALTER ROLE postgres PASSWORD '` + sourcePassword + `';
ANALYZE`

// startSource starts a server in a network of its own.
func (p *production) startSource() {
	user, err := host.Unprivileged()
	if err != nil {
		p.Fatal(err)
	}
	tools, err := pgtool.Find(p.Context(), 0)
	if err != nil {
		p.Fatal(err)
	}
	p.data, err = os.MkdirTemp("/tmp", "offshoot-source-")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = os.RemoveAll(p.data) })
	p.must("chown", fmt.Sprintf("%d:%d", user.Uid, user.Gid), p.data)
	as := []string{"setpriv", "--reuid", fmt.Sprint(user.Uid), "--regid", fmt.Sprint(user.Gid), "--clear-groups"}
	cluster := filepath.Join(p.data, "cluster")
	p.must(append(as, tools.Path("initdb"), "--no-sync", "--auth-local=trust", "--auth-host=scram-sha-256",
		"-U", "postgres", "-D", cluster)...)
	hba, err := os.OpenFile(filepath.Join(cluster, "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = hba.WriteString("host all all " + besideAddress + "/32 scram-sha-256\n")
		err = errors.Join(err, hba.Close())
	}
	if err != nil {
		p.Fatal(err)
	}
	args := append([]string{"--net"}, append(as, tools.Path("postgres"), "-D", cluster, "-k", p.data,
		"-c", "listen_addresses=*", "-c", "fsync=off")...)
	p.server = exec.Command("unshare", args...)
	p.server.Stderr = &p.printed
	if err := p.server.Start(); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = p.server.Process.Kill(); _ = p.server.Wait() })
	psql := []string{tools.Path("psql"), "-h", p.data, "-U", "postgres", "-q", "-v", "ON_ERROR_STOP=1"}
	p.until("source: "+p.printed.String(), func() bool {
		return exec.Command(psql[0], append(psql[1:], "-c", "SELECT 1")...).Run() == nil
	})
	p.must(append(psql, "-c", sourceSchema)...)
}

// bootBeside boots the machine with a second cable, to the source, and tells it where AWS is.
func (p *production) bootBeside(id string, userData []byte) string {
	const at = "say \"ssh\"\n"
	if !bytes.Contains(userData, []byte(at)) {
		p.Error("the user data has no place for the test's own")
	}
	own := "install -d -m 700 -o offshoot -g offshoot /home/offshoot/offshoot /home/offshoot/offshoot/.aws\n" +
		"printf '[default]\\nendpoint_url = http://" + routerAddress + "\\n' >/home/offshoot/offshoot/.aws/config\n" +
		"chown offshoot /home/offshoot/offshoot/.aws/config\n"
	address := p.boot(id, bytes.Replace(userData, []byte(at), []byte(own+at), 1))
	p.mutex.Lock()
	defer p.mutex.Unlock()
	machine, source := strconv.Itoa(p.machine.Process.Pid), strconv.Itoa(p.server.Process.Pid)
	p.must("ip", "link", "add", "beside", "netns", machine, "type", "veth", "peer", "name", "eth0", "netns", source)
	inside := func(pid, device, address string) {
		in := []string{"nsenter", "--net=/proc/" + pid + "/ns/net", "ip"}
		p.must(append(in, "addr", "add", address+"/24", "dev", device)...)
		p.must(append(in, "link", "set", device, "up")...)
	}
	inside(machine, "beside", besideAddress)
	inside(source, "eth0", sourceAddress)
	return address
}

// services are the metadata service, Secrets Manager and a bucket, as the machine sees them.
func (p *production) services(w http.ResponseWriter, r *http.Request) {
	role := "/latest/meta-data/iam/security-credentials/"
	_, denied := p.denied.Load("denied")
	switch {
	case r.URL.Path == "/latest/api/token" && r.Method == http.MethodPut:
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
		_, _ = io.WriteString(w, "token")
	case r.URL.Path == role:
		_, _ = io.WriteString(w, "offshoot-subset")
	case strings.HasPrefix(r.URL.Path, role):
		fmt.Fprintf(w, `{"Code": "Success", "LastUpdated": "2026-01-01T00:00:00Z", "Type": "AWS-HMAC", `+
			`"AccessKeyId": "ASIAMACHINE", "SecretAccessKey": "of-the-machine", "Token": "t", "Expiration": %q}`,
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	case !strings.Contains(r.Header.Get("Authorization"), "ASIAMACHINE"):
		w.WriteHeader(http.StatusForbidden) // only the machine's profile has rights here
	case r.Header.Get("X-Amz-Target") == "secretsmanager.GetSecretValue" && denied:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type": "AccessDeniedException", "message": "not for you"}`)
	case r.Header.Get("X-Amz-Target") == "secretsmanager.GetSecretValue":
		fmt.Fprintf(w, `{"SecretString": "postgres://postgres:%s@%s/postgres"}`, sourcePassword, sourceAddress)
	default:
		bucketOf(&p.objects).ServeHTTP(w, r)
	}
}

// run runs offshoot on the runner, and returns all that it prints.
func (p *production) run(code int, args ...string) string {
	p.Helper()
	cmd := exec.Command(os.Getenv(builtProgram), args...)
	cmd.Dir, cmd.Env = p.checkout, p.env
	said, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		p.Fatalf("offshoot %v: exit %d, want %d\n%s\nconsole: %s", args, got, code, said, p.console.String())
	}
	p.Logf("offshoot %v\n%s", args, said)
	return string(said)
}

func (p *production) archives() (n int) {
	p.objects.Range(func(any, any) bool { n++; return true })
	return n
}

// assertArchive looks at the one object, which the machine has loaded into a server already.
func (p *production) assertArchive() {
	p.Helper()
	p.objects.Range(func(path, object any) bool {
		at, content := path.(string), object.([]string)
		if !strings.HasPrefix(at, "/archives/nightly/20") || !strings.HasSuffix(at, ".sql.zst") ||
			len(content[0]) < 500 || len(content[1]) != 64 {
			p.Errorf("%s: %d bytes, digest %q", at, len(content[0]), content[1])
		}
		file := filepath.Join(p.folder, "made.sql.zst")
		write(p.T, file, content[0])
		script := p.must("zstd", "-dc", file)
		if strings.Contains(script, "someone1@") || !strings.Contains(script, "orders\" (") {
			p.Errorf("the archive has what was to be masked, or no orders: %.2000s", script)
		}
		return true
	})
	if n := p.archives(); n != 1 {
		p.Errorf("%d archives", n)
	}
}

// assertEmpty finds nothing of the account's left but the group that machines share.
func (p *production) assertEmpty() {
	p.Helper()
	for _, left := range p.cloud.Left() {
		if !strings.HasPrefix(left, "sg-") {
			p.Errorf("left in the account: %s", left)
		}
	}
}

// watchArguments looks at the command lines of all processes, those of the machine too.
func (p *production) watchArguments() (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, line := range lines {
				text, _ := os.ReadFile(line)
				for _, secret := range []string{sourcePassword, maskKeyGiven} {
					if bytes.Contains(text, []byte(secret)) && !bytes.Contains(text, []byte("ALTER ROLE")) {
						p.seen.Store(strings.ReplaceAll(string(text), "\x00", " "), true)
					}
				}
			}
			select {
			case <-ended:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() { close(ended); <-done }
}

// assertNoSecret looks for what leads to the source, and for the key of masks, wherever
// somebody could find them later.
func (p *production) assertNoSecret(said string) {
	p.Helper()
	userData, err := os.ReadFile(filepath.Join(p.folder, "user-data"))
	if err != nil {
		p.Error(err)
	}
	places := map[string]string{"the output": said, "the user data": string(userData), "the console": p.console.String()}
	for i, call := range p.cloud.Calls() {
		places[fmt.Sprintf("call %d, %s", i, call.Action)] = call.Form.Encode() + call.Body
	}
	looked := 0
	disk := filepath.Join(p.folder, "machine", "upper")
	err = filepath.WalkDir(disk, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		looked++
		places["the machine's disk: "+path] = string(content)
		return err
	})
	if err != nil || looked < 5 {
		p.Errorf("looked at %d files: %v", looked, err)
	}
	for place, text := range places {
		for _, secret := range []string{sourcePassword, maskKeyGiven, "of-the-machine"} {
			if strings.Contains(text, secret) {
				p.Errorf("%q is in %s", secret, place)
			}
		}
	}
	p.seen.Range(func(line, _ any) bool {
		p.Errorf("a secret in the arguments of %s", line)
		return true
	})
}
