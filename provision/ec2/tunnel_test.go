package ec2_test

import (
	"bytes"
	"errors"
	"net"
	"net/http/httptest"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// tunnelled is an account whose machines have no public address, and a real SSH
// server behind an endpoint that speaks WebSocket.
type tunnelled struct {
	*account
	m        machine.Machine
	endpoint string // the host of the endpoint
	cable    *hosttest.Cable
}

func newTunnelled(t *testing.T, keepsAddress bool) tunnelled {
	t.Helper()
	server := hosttest.Start(t)
	cable := hosttest.NewCable(t, server.Remote.Address)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	a := newAccount(t, standin.Options{
		Seed: 1, Key: "AKIDTEST", Secret: "secret", Land: standin.Land{Private: allSubnets},
		Tunnelled: func(_, port string) string {
			if port != "3389" {
				t.Errorf("a tunnel to port %s", port)
			}
			return net.JoinHostPort("127.0.0.1", strconv.Itoa(cable.Port))
		},
		Booted: func(string, []byte) string { return "" },
	})
	secure := httptest.NewTLSServer(a.cloud)
	t.Cleanup(secure.Close)
	name := secure.Listener.Addr().String()
	a.cloud.MakeEndpoint(name, "subnet-02", keepsAddress)
	a.provider = a.newProvider(func(o *ec2.Options) {
		o.Subnets, o.Connect, o.Tunnels = allSubnets, ec2.ConnectEndpoint, secure.Client()
		o.User, o.Ready, o.LoginKey = me.Username, filepath.Join(t.TempDir(), "offshoot"), server.Remote.Key
	})
	m := a.ensure("shop-pr-12")
	m.Labels["dev.offshoot.host-key"] = server.Remote.HostKey
	a.ready("ready", "")
	return tunnelled{a, m, name, cable}
}

func TestConnect_ThroughAnEndpointReachesAMachineThatHasNoPublicAddress(t *testing.T) {
	a := newTunnelled(t, false)
	if !strings.HasPrefix(a.m.Address, "10.0.") {
		t.Errorf("its address is %s", a.m.Address)
	}
	h, err := a.provider.Connect(t.Context(), a.m)
	if err != nil {
		t.Fatal(err)
	}
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // a megabyte, there and back
	var out bytes.Buffer
	if err := h.Run(t.Context(),
		host.Command{Args: []string{"cat"}, Stdin: bytes.NewReader(big), Stdout: &out}); err != nil ||
		!bytes.Equal(out.Bytes(), big) {
		t.Errorf("%d of %d bytes, %v", out.Len(), len(big), err)
	}
	a.cable.Cut() // a tunnel lasts an hour
	if err := h.Run(t.Context(), host.Command{Args: []string{"true"}}); err != nil {
		t.Errorf("through the next tunnel: %v", err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	policy, err := ec2.Options{Connect: ec2.ConnectEndpoint}.Policy()
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range a.cloud.Calls() {
		if !strings.Contains(policy, ":"+call.Action+`"`) {
			t.Errorf("%s is not in the policy", call.Action)
		}
	}
	if n := len(a.calls("OpenTunnel")); n != 2 {
		t.Errorf("%d tunnels", n)
	}
	if got := a.cloud.Open("2222"); len(got) != 0 {
		t.Errorf("SSH is open for %q", got)
	}
	if got := a.cloud.Open("3389"); len(got) != 1 || !strings.HasPrefix(got[0], "sg-") {
		t.Errorf("the port of the endpoint is open for %q", got)
	}
}

func TestConnect_ThroughAnEndpointThatKeepsTheAddressLetsThatIn(t *testing.T) {
	a := newTunnelled(t, true)
	h, err := a.provider.Connect(t.Context(), a.m)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.cloud.Open("3389"); !slices.Contains(got, "198.51.100.7/32") {
		t.Errorf("the port is open for %q", got)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if got := a.cloud.Open("3389"); slices.Contains(got, "198.51.100.7/32") {
		t.Errorf("then the port is open for %q", got)
	}
}

func TestConnect_ThroughAnEndpointSaysWhyNot(t *testing.T) {
	a := newTunnelled(t, false)
	a.cloud.Deny("OpenTunnel")
	_, err := a.provider.Connect(t.Context(), a.m)
	if err == nil || !strings.Contains(err.Error(), "the right ec2-instance-connect:OpenTunnel is missing") ||
		strings.Contains(err.Error(), "X-Amz") {
		t.Errorf("%v", err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	b := newTunnelled(t, false)
	if _, err := b.provider.Connect(t.Context(), b.m); err == nil || !strings.Contains(err.Error(), "OpenTunnel") ||
		strings.Contains(err.Error(), "X-Amz") {
		t.Errorf("%v", err)
	}
}

func TestEnsure_WithoutAnEndpointSaysHowToMakeOne(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1}, func(o *ec2.Options) { o.Connect = ec2.ConnectEndpoint })
	_, err := a.provider.Ensure(t.Context(), spec("shop-pr-12"))
	if err == nil || !errors.Is(err, hint.ErrUsage) ||
		!strings.Contains(strings.Join(hint.Of(err), " "), "aws ec2 create-instance-connect-endpoint") {
		t.Errorf("%v, %q", err, hint.Of(err))
	}
	if n := len(a.calls("RunInstances")); n != 0 {
		t.Errorf("%d machines were made", n)
	}
	if err := a.provider.Check(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "has no EC2 Instance Connect Endpoint") {
		t.Errorf("doctor: %v", err)
	}
}

func TestRights_TryTheTunnelToAMachine(t *testing.T) {
	a := newTunnelled(t, false)
	find := func() (found ec2.Right) {
		rights, err := a.provider.Rights(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rights {
			if strings.HasSuffix(r.Action, ":OpenTunnel") {
				found = r
			}
		}
		return found
	}
	if r := find(); !errors.Is(r.Err, ec2.ErrUntold) { // nobody has connected yet, and doctor changes nothing
		t.Errorf("before: %v", r)
	}
	h, err := a.provider.Connect(t.Context(), a.m)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if r := find(); r.Err != nil || !strings.Contains(r.Note, "a machine answers through eice-") {
		t.Errorf("%v", r)
	}
	a.cloud.Deny("OpenTunnel")
	if r := find(); r.Err == nil {
		t.Errorf("%v", r)
	}
}
