package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/soak"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
)

// makesSubsets lets the account's checkout have its subsets made by machines, whose time is
// over at once.
func (a *account) makesSubsets() {
	write(a.T, filepath.Join(a.dir, config.Name), "project: shop\nprovider: ec2\n"+
		"ec2: {ssh: 198.51.100.7/32, binary: /usr/bin/true}\n"+
		"subset: {on: ec2, machine: {source: \"ssm:/prod/shop\", profile: offshoot-subset, limit: 1ms}}\n")
}

// subsetWith runs a subset until it would log in to its machine, where it is interrupted, and
// lets trouble meet the calls that it is to. It returns which there were.
func (a *account) subsetWith(meets func(int, string) bool, what trouble) []standin.Call {
	a.Helper()
	p := a.troubled(meets, what, "subset", "--to", "s3://archives/nightly/")
	if p.says("...  connect") {
		_ = p.cmd.Process.Signal(os.Interrupt)
	}
	if code := p.ends(); code == exitDone || strings.Contains(p.stderr.String(), "panic") {
		a.Errorf("exit %d: %s", code, p.stderr.String())
	}
	calls := a.cloud.Calls()
	a.cloud.Fault(nil)
	return calls
}

// machines are what is left in the account, but for the group that machines share.
func (a *account) machines() []string {
	return slices.DeleteFunc(a.cloud.Left(), func(id string) bool { return strings.HasPrefix(id, "sg-") })
}

// Every call of EC2's fails once, or loses its answer once, and the run is interrupted: the
// machine is gone when it ends, unless what failed is the removal. And the program is killed
// at every call: a sweep finds what there is then.
func TestFar_NoMachineStaysOfASubsetThatFails(t *testing.T) {
	t.Parallel()
	key, err := host.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	account := func(t *testing.T) *account {
		a := newAccount(t, key.Private, standin.Options{})
		a.makesSubsets()
		return a
	}
	whole := account(t)
	calls := whole.subsetWith(number(-1), trouble{})
	if left := whole.machines(); len(left) > 0 || len(calls) < 12 {
		t.Fatalf("left after an interruption: %v, of %d calls", left, len(calls))
	}
	made := slices.IndexFunc(calls, func(c standin.Call) bool { return c.Action == "RunInstances" })
	for _, what := range []trouble{
		{name: "killed", kill: true, fault: standin.Fault{Lost: true}},
		{name: "denied", fault: standin.Fault{Code: "UnauthorizedOperation"}},
		{name: "lost", fault: standin.Fault{Lost: true}},
	} {
		for _, at := range soak.Steps(t, len(calls), 2) {
			t.Run(fmt.Sprintf("%s at %d, %s", what.name, at, calls[at].Action), func(t *testing.T) {
				t.Parallel()
				a := account(t)
				a.subsetWith(number(at), what)
				// How often the machine is looked at before it runs differs: two calls later may be its removal.
				if left := a.machines(); len(left) > 0 && !what.kill && at < made+2 {
					t.Errorf("left: %v", left)
				}
				a.assertSwept()
			})
		}
	}
}

// The program is killed right after every single command that it runs on the machine.
func TestFar_SweepRemovesTheMachineOfASubsetThatIsKilled(t *testing.T) {
	folder := os.Getenv(internet)
	if folder == "" {
		t.Parallel()
		apart(t, t.TempDir(), "/usr/sbin/sshd", "/usr/sbin/ip")
		return
	}
	key := oneComputer(t)
	subset := func(t *testing.T, at int) (*station, int) {
		s := newStation(t, key, folder, at)
		s.makesSubsets()
		return s, s.call("subset", "--to", "s3://archives/nightly/")
	}
	whole, code := subset(t, -1)
	if left := whole.machines(); code != exitDone || len(left) > 0 {
		t.Fatalf("exit %d, left %v: %s", code, left, whole.said())
	}
	steps := whole.passed()
	if all := strings.Join(steps, " "); !strings.Contains(all, "start") || !strings.Contains(all, "follow") {
		t.Errorf("%d steps: %s", len(steps), all)
	}
	for _, at := range soak.Steps(t, len(steps), 2) {
		t.Run(fmt.Sprintf("%d, %s", at, steps[at]), func(t *testing.T) {
			t.Parallel()
			s, code := subset(t, at)
			if code != -1 || len(s.machines()) == 0 {
				t.Errorf("exit %d, left %v: %s", code, s.cloud.Left(), s.said())
			}
			s.assertSwept()
		})
	}
}
