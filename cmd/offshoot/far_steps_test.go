package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/soak"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// The program is killed right after every single command that it runs on the
// machine: a sweep finds all that there is then. The machine has a real SSH
// server and the real agent, but no engine, so what a run there does is a play;
// package remote kills that.
func TestFar_SweepRemovesWhatAKillAtAnyRemoteStepLeaves(t *testing.T) {
	folder := os.Getenv(internet)
	if folder == "" {
		t.Parallel()
		apart(t, t.TempDir(), "/usr/sbin/sshd", "/usr/sbin/ip")
		return
	}
	key := oneComputer(t)
	whole := newStation(t, key, folder, -1)
	if code := whole.up(); code != exitDone || len(whole.cloud.Left()) != 4 { // instance, volume, interface, group
		t.Fatalf("exit %d, made %v: %s", code, whole.cloud.Left(), whole.said())
	}
	whole.assertSwept()
	steps := whole.passed()
	if all := strings.Join(steps, " "); len(steps) < 9 || !strings.Contains(all, "receive") ||
		!strings.Contains(all, "follow") {
		t.Errorf("%d steps: %s", len(steps), all)
	}
	for _, at := range soak.Steps(t, len(steps), 2) {
		step := steps[at]
		t.Run(fmt.Sprintf("%d, %s", at, step), func(t *testing.T) {
			t.Parallel()
			s := newStation(t, key, folder, at)
			if code := s.up(); code != -1 || len(s.passed()) != at+1 || len(s.cloud.Left()) != 4 {
				t.Errorf("exit %d after %v, left %v: %s", code, s.passed(), s.cloud.Left(), s.said())
			}
			s.assertSwept()
		})
	}
}

// oneComputer is where all ends of the network are this computer. It returns
// the key that logs in.
func oneComputer(t *testing.T) host.Key {
	t.Helper()
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("ip: %s", out)
	}
	key, err := host.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// station is an account whose machine is reached by SSH.
type station struct {
	*account
	key     host.Key
	folder  string
	address string
	at      int // the program is killed after this command; below 0: after none
	caller  *process
	server  atomic.Pointer[exec.Cmd]
}

func newStation(t *testing.T, key host.Key, folder string, at int) *station {
	t.Helper()
	n := 1
	// which the agent may use until all ends
	own := func() string { return filepath.Join(folder, fmt.Sprintf("station-%d", n)) }
	for ; errors.Is(os.Mkdir(own(), 0o755), fs.ErrExist); n++ {
	}
	s := &station{key: key, folder: own(), address: fmt.Sprintf("127.0.1.%d", n), at: at}
	s.account = newAccount(t, key.Private, standin.Options{Booted: s.boot})
	t.Cleanup(func() {
		if server := s.server.Load(); server != nil {
			_ = server.Process.Kill()
			_ = server.Wait()
		}
	})
	return s
}

// machineScript lets sshd be alone with files of its own at the places where
// a machine has offshoot's, and without this computer's engine.
const machineScript = `set -e
mount --make-rprivate /
mount -t tmpfs disk "$1/disk"
mkdir "$1/disk/upper" "$1/disk/work"
mount -t overlay etc -o "lowerdir=/etc,upperdir=$1/disk/upper,workdir=$1/disk/work" /etc
mount -t tmpfs run /run
mount -t tmpfs home /home
mkdir -p /run/sshd /home/offshoot /etc/offshoot
echo "offshoot:*:0:0::/home/offshoot:/bin/sh" >>/etc/passwd
touch /etc/offshoot/ready
exec /usr/sbin/sshd -D -e -f "$1/config"`

// loginScript is what a login leads to: the command, with this computer's
// offshoot for the one that was sent, and then perhaps the end of the caller.
const loginScript = `#!/bin/sh
cd @FOLDER@
n=0
until mkdir "passed/$n" 2>/dev/null; do n=$((n + 1)); done
echo "$SSH_ORIGINAL_COMMAND" >"passed/$n/command"
case $SSH_ORIGINAL_COMMAND in
*"'agent' 'follow'"*) cat outcome ;;
*"'agent' 'wipe'"*) ;;
*) /bin/sh -c "$(echo "$SSH_ORIGINAL_COMMAND" | sed "s|@SENT@|@PROGRAM@|g")" ;;
esac
code=$?
if [ "$n" = @AT@ ]; then
	until kill -9 "$(cat caller)" 2>/dev/null; do sleep 0.01; done
fi
exit $code
`

// boot is what RunInstances leads to.
func (s *station) boot(_ string, userData []byte) string {
	_, rest, _ := strings.Cut(string(userData), "ssh_host_key <<'KEY'\n")
	hostKey, _, _ := strings.Cut(rest, "KEY\n")
	fields := strings.NewReplacer("@FOLDER@", host.Quote(s.folder), "@SENT@",
		remote.DefaultFolder+"/bin/current/offshoot", "@PROGRAM@", programPath(s.T), "@AT@", strconv.Itoa(s.at))
	links := []provision.Link{{Service: "web", URL: "https://" + s.address + "/"}}
	outcome, err := json.Marshal(remote.Record{Outcome: &remote.Outcome{Result: &provision.Result{Links: links}}})
	if err != nil {
		s.Error(err)
	}
	for name, text := range map[string]string{
		"host_key": hostKey, "authorized_keys": s.key.Public + "\n", "login": fields.Replace(loginScript),
		"outcome": string(outcome) + "\n",
		"config": strings.Join([]string{
			"Port 2222", "ListenAddress " + s.address, "HostKey " + s.path("host_key"),
			"AuthorizedKeysFile " + s.path("authorized_keys"),
			"AuthenticationMethods publickey", "PidFile none", "StrictModes no", "PermitRootLogin yes", "UsePAM no",
			"ForceCommand /bin/sh " + s.path("login"),
		}, "\n") + "\n",
	} {
		write(s.T, s.path(name), text)
		if err := os.Chmod(s.path(name), 0o600); err != nil { // as sshd wants it
			s.Error(err)
		}
	}
	for _, name := range []string{"passed", "disk"} {
		if err := os.Mkdir(s.path(name), 0o755); err != nil {
			s.Error(err)
		}
	}
	server := exec.Command("unshare", "--mount", "/bin/sh", "-c", machineScript, "sh", s.folder)
	server.Stderr = &watched{}
	if err := server.Start(); err != nil {
		s.Error(err)
		return s.address
	}
	s.server.Store(server)
	s.await()
	return s.address
}

func (s *station) path(name string) string { return filepath.Join(s.folder, name) }

func (s *station) await() {
	for deadline := time.After(patience); ; {
		conn, err := net.Dial("tcp", net.JoinHostPort(s.address, "2222"))
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-deadline:
			s.Errorf("sshd does not answer: %v: %s", err, s.server.Load().Stderr)
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// up runs an up until it ends, and returns its exit code. What it sends as the
// program is a small one.
func (s *station) up() int {
	return s.call("up", "--pr", "12", "--expires", "1ms", "--binary", "/usr/bin/true")
}

func (s *station) call(args ...string) int {
	s.Helper()
	s.caller = start(s.T, s.dir, s.env, args...)
	write(s.T, s.path("caller"), strconv.Itoa(s.caller.cmd.Process.Pid))
	return s.caller.ends()
}

func (s *station) said() string {
	server := ""
	if cmd := s.server.Load(); cmd != nil {
		server = cmd.Stderr.(*watched).String()
	}
	return s.caller.stderr.String() + server
}

// passed names the commands that came by, by what they do.
func (s *station) passed() (steps []string) {
	s.Helper()
	for n := 0; ; n++ {
		command, err := os.ReadFile(filepath.Join(s.path("passed"), strconv.Itoa(n), "command"))
		if err != nil {
			return steps
		}
		_, own, isAgent := strings.Cut(string(command), "'agent' '")
		name := "shell"
		if isAgent {
			name, _, _ = strings.Cut(own, "'")
		}
		steps = append(steps, name)
	}
}
