package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/soak"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
)

// account is one of EC2 of its own, and a checkout whose previews are there.
type account struct {
	*testing.T
	cloud *standin.Cloud
	dir   string
	env   []string

	endpoint string
}

func newAccount(t *testing.T, key string, options standin.Options) *account {
	t.Helper()
	options.Now, options.Seed = time.Now, 1
	a := &account{T: t, cloud: standin.New(options), dir: t.TempDir()}
	server := httptest.NewServer(a.cloud)
	t.Cleanup(server.Close)
	a.endpoint = server.URL
	write(t, filepath.Join(a.dir, config.Name), "project: shop\nprovider: ec2\nec2: {ssh: 198.51.100.7/32}\n")
	write(t, filepath.Join(a.dir, "compose.yaml"),
		"services:\n  db: {image: postgres:15}\n  web: {image: web, ports: [\"80\"]}\n")
	git(t, a.dir, "init", "-q")
	git(t, a.dir, "remote", "add", "origin", "https://github.com/acme/shop")
	a.env = []string{
		"AWS_ENDPOINT_URL=" + server.URL, "AWS_REGION=" + standin.Region, "AWS_ACCESS_KEY_ID=AKIDTEST",
		"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_PROFILE=", "AWS_SESSION_TOKEN=",
		"GITHUB_TOKEN=", "OFFSHOOT_SOURCE=", loginVariable + "=" + key,
	}
	return a
}

// A trouble is what becomes of one call of a run.
type trouble struct {
	name  string
	fault standin.Fault
	kill  bool
	reads bool // it also meets calls that change nothing
}

// upWith runs an up until it ends, or until it would log in to its machine, and
// lets trouble meet the call of that number. It returns which there were.
func (a *account) upWith(at int, what trouble) []standin.Call {
	a.Helper()
	p := a.troubled(number(at), what, "up", "--pr", "12", "--expires", "1ms")
	if p.says("...  connect") {
		_ = p.cmd.Process.Kill() // with SIGKILL
	}
	if code := p.ends(); code == exitDone || strings.Contains(p.stderr.String(), "panic") {
		a.Errorf("exit %d: %s", code, p.stderr.String())
	}
	calls := a.cloud.Calls()
	a.cloud.Fault(nil)
	return calls
}

// number means the call of that number; below 0: none.
func number(at int) func(int, string) bool { return func(n int, _ string) bool { return n == at } }

// troubled starts a command line, and lets trouble meet the calls that it is to.
func (a *account) troubled(meets func(n int, action string) bool, what trouble, args ...string) *process {
	a.Helper()
	var running atomic.Pointer[process]
	var begun sync.WaitGroup
	begun.Add(1)
	a.cloud.Fault(func(n int, action string) standin.Fault {
		if !meets(n, action) {
			return standin.Fault{}
		}
		if what.kill {
			begun.Wait()
			_ = running.Load().cmd.Process.Kill()
		}
		return what.fault
	})
	p := start(a.T, a.dir, a.env, args...)
	running.Store(p)
	begun.Done()
	return p
}

// assertSwept sweeps, and finds the account empty but for what may stay.
func (a *account) assertSwept(stays ...string) {
	a.Helper()
	p := start(a.T, a.dir, a.env, "sweep")
	if code := p.ends(); code != exitDone {
		a.Errorf("sweep: exit %d: %s", code, p.stderr.String())
	}
	left := slices.DeleteFunc(a.cloud.Left(), func(id string) bool {
		kind, _, _ := strings.Cut(id, "-")
		return slices.Contains(stays, kind)
	})
	if len(left) > 0 {
		a.Errorf("left in the account: %v: %s", left, p.stderr.String())
	}
}

// The program is killed after every single call of EC2's; every call that
// changes something fails once for good, and its answer is lost once: a sweep
// finds all that there is then. Package ec2 tests the same of all calls of a
// life within its own process.
func TestFar_SweepRemovesWhatAnyTroubleWithACallLeaves(t *testing.T) {
	t.Parallel()
	key, err := host.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	whole := newAccount(t, key.Private, standin.Options{})
	calls := whole.upWith(-1, trouble{})
	if len(whole.cloud.Left()) != 4 { // instance, volume, interface, group
		t.Errorf("made: %v", whole.cloud.Left())
	}
	whole.assertSwept()
	if len(calls) < 12 {
		t.Errorf("only %d calls", len(calls))
	}
	for _, what := range []trouble{
		{name: "killed", kill: true, reads: true, fault: standin.Fault{Lost: true}},
		{name: "denied", fault: standin.Fault{Code: "UnauthorizedOperation"}},
		{name: "lost", fault: standin.Fault{Lost: true}},
	} {
		var meets []int
		for at, call := range calls {
			if what.reads || !strings.HasPrefix(call.Action, "Describe") {
				meets = append(meets, at)
			}
		}
		for _, chosen := range soak.Steps(t, len(meets), 3) {
			at, call := meets[chosen], calls[meets[chosen]]
			t.Run(fmt.Sprintf("%s at %d, %s", what.name, at, call.Action), func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, key.Private, standin.Options{})
				a.upWith(at, what)
				a.assertSwept()
			})
		}
	}
}

// A down that is killed after any of its calls leaves what a sweep removes.
func TestFar_SweepRemovesWhatADownLeavesThatIsKilled(t *testing.T) {
	t.Parallel()
	key, err := host.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	killed := trouble{kill: true, fault: standin.Fault{Lost: true}}
	whole := newAccount(t, key.Private, standin.Options{})
	whole.upWith(-1, trouble{})
	if code := whole.troubled(number(-1), trouble{}, "down", "--pr", "12").ends(); code != exitDone {
		t.Fatalf("exit %d", code)
	}
	calls := len(whole.cloud.Calls())
	whole.assertSwept()
	for _, at := range soak.Steps(t, calls, 3) {
		a := newAccount(t, key.Private, standin.Options{})
		a.upWith(-1, trouble{})
		if code := a.troubled(number(at), killed, "down", "--pr", "12").ends(); code != -1 ||
			len(a.cloud.Calls()) != at+1 {
			t.Errorf("%d of %d: exit %d after %d calls", at, calls, code, len(a.cloud.Calls()))
		}
		a.cloud.Fault(nil)
		a.assertSwept()
	}
}
