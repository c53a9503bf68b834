package ec2_test

import (
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
)

// The key that was handed over is forgotten at once, as the machine does after
// a minute.
func TestInstanceConnect_HandsOverAKeyForEachConnection(t *testing.T) {
	server := hosttest.Start(t)
	cable := hosttest.NewCable(t, server.Remote.Address)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	cloud := standin.Options{
		Seed: 1, Booted: func(string, []byte) string { return "127.0.0.1" },
		Admitted: func(_, name, key string) {
			if name != me.Username {
				t.Errorf("a key for %s", name)
			}
			keys = append(keys, key)
			server.Authorize(t, key)
		},
	}
	a := newAccount(t, cloud, func(o *ec2.Options) {
		o.SSHPort, o.User, o.Ready = cable.Port, me.Username, filepath.Join(t.TempDir(), "offshoot")
		o.LoginKey, o.InstanceConnect = nil, true
	})
	m := a.ensure("shop-pr-12")
	m.Labels["dev.offshoot.host-key"] = server.Remote.HostKey
	a.ready("ready", "")
	h, err := a.provider.Connect(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	server.Authorize(t, "")
	cable.Cut()
	if err := h.Run(t.Context(), host.Command{Args: []string{"true"}}); err != nil {
		t.Errorf("after the cut: %v", err)
	}
	if len(keys) != 2 || keys[0] != keys[1] {
		t.Errorf("keys %q", keys)
	}
	other, err := a.provider.Connect(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	other.Close()
	if keys[2] == keys[0] {
		t.Error("two connections have one key")
	}
}

func TestInstanceConnect_NamesTheMissingRight(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1}, func(o *ec2.Options) { o.LoginKey, o.InstanceConnect = nil, true })
	m := a.ensure("shop-pr-12")
	a.cloud.Deny("SendSSHPublicKey")
	_, err := a.provider.Connect(t.Context(), m)
	if err == nil || !strings.Contains(err.Error(), "the right ec2-instance-connect:SendSSHPublicKey is missing") ||
		len(hint.Of(err)) != 1 {
		t.Errorf("%v, %q", err, hint.Of(err))
	}
}

func TestInstanceConnect_IsWhatTheBootstrapSetsUp(t *testing.T) {
	b := sample()
	b.LoginKey = ""
	script, err := b.Script()
	if err != nil || !strings.Contains(string(script), "authorized_keys <<'KEY'\n\nKEY\n") {
		t.Errorf("%v: %s", err, script)
	}
}
