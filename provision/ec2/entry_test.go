package ec2_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
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

// within is one whose configuration names networks.
func (a *account) within(port int, networks ...string) *ec2.Provider {
	a.Helper()
	me, err := user.Current()
	if err != nil {
		a.Fatal(err)
	}
	ready := a.provider.Ready()
	return a.newProvider(func(o *ec2.Options) {
		for _, network := range networks {
			o.SSH = append(o.SSH, netip.MustParsePrefix(network))
		}
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

func visit(t *testing.T, p *ec2.Provider, m machine.Machine) host.Host {
	t.Helper()
	h, err := p.Connect(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (a *account) assertOpenFor(want ...string) {
	a.Helper()
	got, want := a.cloud.Open("2222"), slices.Clone(want)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		a.Errorf("SSH is open for %q, want %q", got, want)
	}
}

// Every job of a CI service has another address, and laptops too.
func TestConnect_LetsInWhoeverConnectsForAsLongAsItTakes(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	a.ready("ready", "")
	a.assertOpenFor()
	var jobs sync.WaitGroup
	hosts, want := make([]host.Host, 10), make([]string, 10)
	for n := range hosts {
		address := fmt.Sprintf("192.0.2.%d", n+1)
		want[n] = address + "/32"
		provider := a.from(address, port)
		jobs.Go(func() {
			var err error
			if hosts[n], err = provider.Connect(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	jobs.Wait()
	a.assertOpenFor(want...)
	if t.Failed() {
		return
	}
	for n, h := range hosts {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		a.assertOpenFor(want[n+1:]...)
	}
}

// A run that was killed gives nothing back.
func TestConnect_RemovesTheRulesOfThoseWhoDidNotComeBack(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	a.ready("ready", "")
	cable := hosttest.NewCable(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	for n := range 3 {
		visit(t, a.from(fmt.Sprintf("192.0.2.%d", n+1), cable.Port), m) // and no Close
	}
	a.later(30 * time.Hour)
	h := visit(t, a.from("203.0.113.77", port), m)
	a.assertOpenFor("203.0.113.77/32")
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	a.assertOpenFor()
}

func TestConnect_IsNotHeldUpByARuleOfAnotherThatCannotBeRemoved(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	a.ready("ready", "")
	cable := hosttest.NewCable(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	visit(t, a.from("192.0.2.1", cable.Port), m) // and no Close
	a.later(30 * time.Hour)
	a.cloud.Deny("RevokeSecurityGroupIngress")
	connect(t, a.from("203.0.113.77", port), m)
	a.assertOpenFor("192.0.2.1/32", "203.0.113.77/32")
}

// Behind one address of an office there are two: the first gives its rule back,
// and the other one has to come in again.
func TestConnect_LetsInAgainWhoseRuleAnotherRunGaveBack(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	a.ready("ready", "")
	cable := hosttest.NewCable(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	first, second := visit(t, a.from("192.0.2.1", port), m), visit(t, a.from("192.0.2.1", cable.Port), m)
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	a.assertOpenFor()
	run := func() {
		t.Helper()
		if err := second.Run(t.Context(), host.Command{Args: []string{"true"}}); err != nil {
			t.Error(err)
		}
	}
	run() // over the connection that it has
	a.assertOpenFor()
	cable.Cut()
	run()
	a.assertOpenFor("192.0.2.1/32")
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	a.assertOpenFor()
}

func TestConnect_ThatFailsGivesItsRuleBack(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	a.ready("failed", "packages (exit 100)\n")
	if _, err := a.from("192.0.2.1", port).Connect(t.Context(), m); err == nil {
		t.Error("the bootstrap has failed")
	}
	if _, err := a.from("192.0.2.1", 1).Connect(t.Context(), m); err == nil {
		t.Error("nobody answers there")
	}
	if n := len(a.rules()); n != 8 { // six for links, and twice one for SSH
		t.Errorf("%d rules were made", n)
	}
	a.assertOpenFor()
}

// What the configuration names is for all who connect, and stays.
func TestConnect_KeepsAndRenewsTheNetworksOfTheConfiguration(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	a.ready("ready", "")
	provider := a.within(port, "192.0.2.0/24")
	for range 10 {
		connect(t, provider, m)
		a.assertOpenFor("192.0.2.0/24")
		a.later(7 * time.Hour)
	}
	if made := len(a.rules()) - 6; made < 4 || made > 6 {
		t.Errorf("the rule was made %d times in 70 hours", made)
	}
}

func TestConnect_MakesRoomInAFullGroupByTheOldestOfOurs(t *testing.T) {
	a, port, userData := reachable(t)
	m := a.ensure("shop-pr-12")
	sshd(t, userData(), port)
	a.ready("ready", "")
	for from := 0; from < 54; from += 18 { // with the gateway's as many as a group takes
		var networks []string
		for n := range 18 {
			networks = append(networks, fmt.Sprintf("192.0.2.%d/32", from+n+1))
		}
		connect(t, a.within(port, networks...), m)
		a.later(30 * time.Second)
	}
	if got := a.cloud.Open("2222"); len(got) != 54 {
		t.Fatalf("SSH is open for %d", len(got))
	}
	for n := range 3 {
		connect(t, a.within(port, fmt.Sprintf("203.0.113.%d/32", n+1)), m)
	}
	got := a.cloud.Open("2222")
	if len(got) != 54 || got[0] != "192.0.2.4/32" || got[53] != "203.0.113.3/32" {
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
	a.assertOpenFor(before...)
}

// silent is a port at which nobody answers, as behind a group that has no rule.
func silent(t *testing.T) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}),
		syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := bound.(*syscall.SockaddrInet4).Port
	for range 3 { // what nobody accepts fills the queue, and whoever comes then is not answered
		conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), 200*time.Millisecond)
		if err == nil {
			t.Cleanup(func() { conn.Close() })
		}
	}
	return port
}

func TestConnect_SaysInSecondsWhichRuleAGroupOfTheUsersLacks(t *testing.T) {
	a, _, _ := reachable(t)
	own := a.cloud.MakeGroup("own", nil, standin.Rule{Port: "2222", From: "198.51.100.0/24"})
	port := silent(t)
	a.provider = a.newProvider(func(o *ec2.Options) { o.SecurityGroup, o.SSHPort = own, port })
	m := a.ensure("shop-pr-12")
	calls, begun := len(a.rules()), a.clock.Now()
	stranger := a.newProvider(func(o *ec2.Options) {
		o.SecurityGroup, o.SSHPort, o.Answer = own, port, 50*time.Millisecond
		o.Caller = func(context.Context) (netip.Addr, error) { return netip.MustParseAddr("192.0.2.1"), nil }
	})
	_, err := stranger.Connect(t.Context(), m)
	if err == nil ||
		!strings.Contains(err.Error(), "security group "+own+" has no rule that lets 192.0.2.1 reach port 2222") {
		t.Errorf("%v", err)
	}
	if hints := strings.Join(hint.Of(err), "\n"); !strings.Contains(hints,
		"--group-id "+own+" --protocol tcp --port 2222 --cidr 192.0.2.1/32") {
		t.Errorf("%q", hints)
	}
	if waited := a.clock.Now().Sub(begun); waited > time.Minute {
		t.Errorf("it waited %v", waited)
	}
	if n := len(a.rules()); n != calls {
		t.Errorf("%d rules were made in it", n-calls)
	}
}

func TestEnsure_RefusesAGroupOfTheUsersByWhichNobodyCanConnect(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1})
	own := a.cloud.MakeGroup("own", nil, standin.Rule{Port: "443", From: "0.0.0.0/0"})
	_, err := a.newProvider(func(o *ec2.Options) { o.SecurityGroup = own }).Ensure(t.Context(), spec("shop-pr-12"))
	if err == nil || !strings.Contains(err.Error(), "security group "+own+" lets nobody reach port 2222") ||
		!errors.Is(err, hint.ErrUsage) {
		t.Errorf("%v", err)
	}
	if n := len(a.calls("RunInstances")); n != 0 {
		t.Errorf("%d machines were made", n)
	}
}

func TestConnect_LeavesTheGroupOfAMachineThatIsInAnotherOneAlone(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1})
	a.ensure("shop-pr-13") // which makes the shared one
	own := a.cloud.MakeGroup("own", nil, standin.Rule{Port: "2222", From: "0.0.0.0/0"})
	a.provider = a.newProvider(func(o *ec2.Options) { o.SecurityGroup = own })
	m := a.ensure("shop-pr-12")
	before := len(a.calls("AuthorizeSecurityGroupIngress"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = a.from("192.0.2.1", 1).Connect(ctx, m)
	if n := len(a.calls("AuthorizeSecurityGroupIngress")); n != before {
		t.Errorf("%d rules were made", n-before)
	}
}
