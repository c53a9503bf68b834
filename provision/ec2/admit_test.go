package ec2_test

import (
	"context"
	"fmt"
	"net/netip"
	"os/user"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// from is a provider of the account as a job at that address has it.
func (a *account) from(address string, port int) *ec2.Provider {
	a.Helper()
	me, err := user.Current()
	if err != nil {
		a.Fatal(err)
	}
	ready := a.provider.Ready()
	return a.newProvider(func(o *ec2.Options) {
		o.Caller = func(context.Context) (netip.Addr, error) { return netip.ParseAddr(address) }
		o.SSHPort, o.User, o.Ready = port, me.Username, ready
	})
}

func connect(t *testing.T, p *ec2.Provider, m machine.Machine) {
	t.Helper()
	h, err := p.Connect(t.Context(), m)
	if err != nil {
		t.Error(err)
		return
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

// Every job of a CI service has another address, and laptops too.
func TestConnect_LetsInWhoeverConnects(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	a.ready("ready", "")
	made := a.cloud.Open("2222")
	want := slices.Clone(made)
	var jobs sync.WaitGroup
	for n := range 10 {
		address := fmt.Sprintf("192.0.2.%d", n+1)
		want = append(want, address+"/32")
		jobs.Go(func() { connect(t, a.from(address, port), m) })
	}
	jobs.Wait()
	got := a.cloud.Open("2222")
	slices.Sort(got)
	slices.Sort(want)
	if len(made) != 1 || !slices.Equal(got, want) {
		t.Errorf("SSH is open for %q, want %q", got, want)
	}
	// Once a day's rule of the maker is gone, the maker is let in again.
	a.later(30 * time.Hour)
	connect(t, a.from("203.0.113.77", port), m)
	if got := a.cloud.Open("2222"); !slices.Equal(got, []string{"203.0.113.77/32"}) {
		t.Errorf("a day later SSH is open for %q", got)
	}
	connect(t, a.from("192.0.2.1", port), m)
	if got := a.cloud.Open("2222"); !slices.Contains(got, "192.0.2.1/32") || len(got) != 2 {
		t.Errorf("then SSH is open for %q", got)
	}
}

func TestConnect_MakesRoomInAFullGroupByTheOldestOfOurs(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	a.ready("ready", "")
	for n := range 53 { // with the first one and the gateway's as many as a group takes
		maker := a.from(fmt.Sprintf("192.0.2.%d", n+1), port)
		if _, err := maker.Ensure(t.Context(), spec(fmt.Sprintf("shop-pr-%d", 100+n))); err != nil {
			t.Fatal(err)
		}
		a.later(30 * time.Second)
	}
	if got := a.cloud.Open("2222"); len(got) != 54 {
		t.Fatalf("SSH is open for %d", len(got))
	}
	for n := range 3 {
		connect(t, a.from(fmt.Sprintf("203.0.113.%d", n+1), port), m)
	}
	got := a.cloud.Open("2222")
	if len(got) != 54 || got[0] != "192.0.2.3/32" || got[53] != "203.0.113.3/32" {
		t.Errorf("SSH is open for %d: %q", len(got), got)
	}
	if n := len(a.cloud.Open("443")); n != 2 {
		t.Errorf("%d rules lead to the gateway", n)
	}
}

func TestConnect_ToldThatNobodyIsLetInSaysIt(t *testing.T) {
	a, port, _ := reachable(t)
	m := a.ensure("shop-pr-12")
	before := a.cloud.Open("2222")
	a.cloud.Deny("AuthorizeSecurityGroupIngress")
	_, err := a.from("192.0.2.1", port).Connect(t.Context(), m)
	if err == nil || !strings.Contains(err.Error(), "let this computer in: AuthorizeSecurityGroupIngress") {
		t.Errorf("without the right to: %v", err)
	}
	own := a.cloud.MakeGroup("own", nil)
	provider := a.newProvider(func(o *ec2.Options) { o.SecurityGroup, o.SSHPort = own, port })
	_, err = provider.Connect(t.Context(), m)
	if hints := strings.Join(hint.Of(err), "\n"); !strings.Contains(hints, "security group "+own+" is your own") {
		t.Errorf("with a group of the user's: %v, %q", err, hints)
	}
	if got := a.cloud.Open("2222"); !slices.Equal(got, before) {
		t.Errorf("SSH is open for %q", got)
	}
}

func TestConnect_LeavesTheGroupOfAMachineThatIsInAnotherOneAlone(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1})
	a.ensure("shop-pr-13") // which makes the shared one
	own := a.cloud.MakeGroup("own", nil)
	a.provider = a.newProvider(func(o *ec2.Options) { o.SecurityGroup = own })
	m := a.ensure("shop-pr-12")
	before := len(a.calls("AuthorizeSecurityGroupIngress"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = a.from("192.0.2.1", 1).Connect(ctx, m)
	a.cloud.Deny("nothing")
	_, _ = a.from("192.0.2.1", 1).Connect(t.Context(), m)
	if n := len(a.calls("AuthorizeSecurityGroupIngress")); n != before {
		t.Errorf("%d rules were made", n-before)
	}
}
