package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
)

// with is a program with an environment of its own.
func with(env map[string]string) placing {
	a := here()
	a.lookup = func(name string) (string, bool) { value, ok := env[name]; return value, ok }
	return a
}

func TestWay_TheNearestWinsAndItsKeyIsASecret(t *testing.T) {
	hostKey, key := hosttest.NewKey(t).Public, hosttest.NewKey(t).Private
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, ".ssh", "known_hosts"), "flag,env "+hostKey+"\n")
	cfg := &config.Config{Dir: dir, Way: config.Way{Via: "ssh://me@file", HostKey: hostKey, Key: "key"}}
	for _, c := range []struct{ flag, env, want string }{
		{"", "", "bastion me@file:22"},
		{"", "ssh://me@env:2222", "bastion me@env:2222"},
		{"ssh://me@flag", "ssh://me@env", "bastion me@flag:22"},
		{"none", "ssh://me@env", ""},
		{"", "none", ""},
	} {
		way, err := with(map[string]string{"OFFSHOOT_VIA": c.env, "HOME": dir}).way(cfg, c.flag)
		if c.env == "ssh://me@env:2222" { // another port is another server
			if err == nil || !strings.Contains(err.Error(), "its host key is not known") {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if err != nil || way.Direct() != (c.want == "") || !way.Direct() && way.Name != c.want {
			t.Errorf("%+v: %v, %v", c, way, err)
		}
	}
	signing := &config.Config{Way: config.Way{Auth: config.AuthRDS, Region: "eu-west-1"}}
	if way, err := with(nil).way(signing, ""); err != nil || way.Password == nil || !way.Direct() {
		t.Errorf("by rights at AWS: %+v, %v", way, err)
	}
	a := with(map[string]string{"OFFSHOOT_VIA_KEY": key})
	cfg.Way.Key = "gone"
	if _, err := a.way(cfg, ""); err != nil || strings.Contains(a.secrets.Redact(key), "PRIVATE") {
		t.Errorf("the key of the environment: %v, %s", err, a.secrets.Redact(key))
	}
	if _, err := with(nil).way(cfg, ""); !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), "gone") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// Neither the bastion nor the keys of whoever runs the job are a fork's, whatever its
// file or the environment says.
func TestHostile_AForkWantsTheWayToTheSource(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "agent")
	agent, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	hostKey := hosttest.NewKey(t).Public
	base := &config.Config{Source: "postgres://u@db/shop", Way: config.Way{Via: "ssh://me@ours", HostKey: hostKey}}
	own := &config.Config{Source: "postgres://u@db/shop", Way: config.Way{Via: "ssh://me@theirs", HostKey: hostKey}}
	made := base.ForStranger(own)
	if made.Way != (config.Way{}) || made.Source != "" {
		t.Errorf("%+v", made.Way)
	}
	if told := config.Ignored(own, base); len(told) != 1 || told[0] != "source" {
		t.Errorf("told of %q", told)
	}
	a := with(map[string]string{
		"OFFSHOOT_SOURCE": "postgres://u@db/shop", "OFFSHOOT_VIA": "ssh://me@ours", "SSH_AUTH_SOCK": socket,
		"OFFSHOOT_VIA_KEY": hosttest.NewKey(t).Private,
	})
	if _, err := a.spec(made, sourceFlags{}); !errors.Is(err, errNoSource) {
		t.Errorf("%v", err)
	}
	if way, err := a.way(made, "ssh://me@theirs"); !errors.Is(err, errNoSource) || way != nil || len(a.ways) > 0 {
		t.Errorf("%v", err)
	}
}
