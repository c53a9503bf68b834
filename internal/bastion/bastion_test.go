package bastion_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/offshoot-dev/offshoot/internal/bastion"
	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
)

// optionsFor are those that lead through a server.
func optionsFor(s hosttest.Server) bastion.Options {
	return bastion.Options{
		Via: "ssh://" + s.Remote.User + "@" + s.Remote.Address, HostKey: s.Remote.HostKey, Key: string(s.Remote.Key),
	}
}

func open(t *testing.T, o bastion.Options) *bastion.Bastion {
	t.Helper()
	b, err := bastion.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestParse_TakesUserHostAndPort(t *testing.T) {
	for via, want := range map[string]bastion.Place{
		"ssh://me@bastion":              {User: "me", Address: "bastion:22"},
		"ssh://me@bastion.example:2222": {User: "me", Address: "bastion.example:2222"},
		"ssh://me@[2001:db8::1]/":       {User: "me", Address: "[2001:db8::1]:22"},
	} {
		if got, err := bastion.Parse(via); err != nil || got != want {
			t.Errorf("%s: %v, %v", via, got, err)
		}
	}
	for _, via := range []string{
		"bastion", "me@bastion", "ssh://bastion", "ssh://me@", "http://me@bastion", "ssh://me:hunter2@bastion",
		"ssh://me@bastion/path", "ssh://me@bastion?a=b", "ssh://me@bastion:0", "ssh://me@bastion:99999", "ssh://%zz@b",
		"ssm://i-0123456789abcdef0",
	} {
		if _, err := bastion.Parse(via); !errors.Is(err, hint.ErrUsage) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", via, err)
		}
	}
}

func TestOpen_TrustsOnlyKeysThatAreKnown(t *testing.T) {
	server := hosttest.Start(t)
	file := filepath.Join(t.TempDir(), "known_hosts")
	write := func(lines ...string) {
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := optionsFor(server)
	o.HostKey, o.KnownHosts = "", []string{file, file + "-none"}
	name := knownhosts.Normalize(server.Remote.Address)
	reach := func() error {
		b, err := bastion.Open(o)
		if err != nil {
			return err
		}
		defer b.Close()
		conn, err := b.Dial(t.Context(), "tcp", server.Remote.Address) // itself will do
		if err == nil {
			conn.Close()
		}
		return err
	}
	if err := reach(); err == nil || !strings.Contains(err.Error(), "its host key is not known") ||
		!errors.Is(err, hint.ErrUsage) {
		t.Errorf("nobody knows it: %v", err)
	}
	write("# mine", knownhosts.HashHostname(name)+" "+server.Remote.HostKey)
	if err := reach(); err != nil {
		t.Errorf("known by a hashed name: %v", err)
	}
	write("@revoked * "+server.Remote.HostKey, name+" "+server.Remote.HostKey)
	if err := reach(); err == nil {
		t.Error("a key that was revoked is trusted")
	}
	write(name + " " + hosttest.NewKey(t).Public)
	err := reach()
	var way *conninfo.WayError
	if !errors.As(err, &way) || !strings.Contains(err.Error(), "shows the host key SHA256:") || len(hint.Of(err)) != 1 {
		t.Errorf("another one answers: %v", err)
	}
	write("what is this")
	if err := reach(); err == nil || !strings.Contains(err.Error(), file+":1") {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

func TestOpen_SaysWhichKeyIsMissing(t *testing.T) {
	good := optionsFor(hosttest.Server{})
	good.Via, good.HostKey = "ssh://me@bastion", hosttest.NewKey(t).Public
	for want, mend := range map[string]func(o *bastion.Options){
		"no key to log in with":          func(o *bastion.Options) { o.Key = "" },
		"its host key is none":           func(o *bastion.Options) { o.HostKey = "s3cret" },
		"it is not a private key in PEM": func(o *bastion.Options) { o.Key = "s3cret" },
	} {
		o := good
		mend(&o)
		_, err := bastion.Open(o)
		if !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), "bastion me@bastion:22: ") ||
			!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestDial_BlamesWhoIsAtFault(t *testing.T) {
	server := hosttest.Start(t)
	free := hosttest.Address(hosttest.FreePort(t))
	through := func(change func(o *bastion.Options)) error {
		o := optionsFor(server)
		change(&o)
		_, err := open(t, o).Dial(t.Context(), "tcp", free)
		return err
	}
	err := through(func(*bastion.Options) {})
	var op *net.OpError
	if errors.As(err, new(*conninfo.WayError)) || !errors.As(err, &op) ||
		!strings.Contains(err.Error(), "from bastion ") {
		t.Errorf("the server is not there: %v", err)
	}
	for want, change := range map[string]func(o *bastion.Options){
		"connection refused":          func(o *bastion.Options) { o.Via = "ssh://me@" + free },
		"the machine refuses the key": func(o *bastion.Options) { o.Key = hosttest.NewKey(t).Private },
		"no such host":                func(o *bastion.Options) { o.Via = "ssh://me@bastion.invalid" },
		"shows the host key SHA256:":  func(o *bastion.Options) { o.HostKey = hosttest.NewKey(t).Public },
	} {
		err := through(change)
		if !errors.As(err, new(*conninfo.WayError)) || !strings.Contains(err.Error(), want) || len(hint.Of(err)) != 1 {
			t.Errorf("%s: %v, %q", want, err, hint.Of(err))
		}
	}
	b := open(t, optionsFor(server))
	b.Close()
	if _, err := b.Dial(context.Background(), "tcp", "127.0.0.1:"+strconv.Itoa(server.Port)); err == nil {
		t.Error("a bastion that was left lets through")
	}
}
