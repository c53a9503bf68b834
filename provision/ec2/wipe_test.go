package ec2_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/provision/ec2"
)

// files are those of a machine, and what is to become of each.
var files = map[string]string{
	"etc/offshoot/ssh_host_key": "gone", "etc/offshoot/sshd_config": "gone", "etc/offshoot/ready": "gone",
	"etc/offshoot/guard": "kept", "etc/offshoot/expire": "kept", "etc/offshoot/expires": "kept",
	"etc/systemd/system/offshoot-sshd.service":                         "gone",
	"etc/systemd/system/multi-user.target.wants/offshoot-sshd.service": "gone",
	"etc/systemd/system/offshoot-expire.timer":                         "kept",
	"etc/systemd/system/docker.service.d/offshoot.conf":                "kept",
	"etc/ssh/ssh_host_ed25519_key":                                     "gone", "etc/ssh/ssh_host_rsa_key.pub": "gone",
	"etc/ssh/sshd_config":                "kept",
	"home/offshoot/.ssh/authorized_keys": "gone", "home/ubuntu/.ssh/authorized_keys": "gone",
	"root/.ssh/authorized_keys": "gone",
	"home/ubuntu/.bash_history": "gone", "home/ubuntu/.bashrc": "kept", "home/offshoot/.docker/config.json": "gone",
	"home/offshoot/offshoot/bin/0a/offshoot": "kept", "home/offshoot/offshoot/runs/1/order": "gone",
	"home/offshoot/offshoot/runs/1/journal": "gone",
	"home/offshoot/offshoot/objects/0b":     "gone", "home/offshoot/offshoot/objects/0a": "kept",
	"etc/machine-id": "empty", "var/lib/dbus/machine-id": "empty",
	"var/lib/cloud/instances/i-1/user-data.txt": "gone", "var/lib/cloud/sem/x": "gone", "var/lib/cloud/seed/x": "kept",
	"var/lib/docker/engine-id": "gone", "var/lib/docker/volumes/x": "kept", "var/lib/systemd/random-seed": "gone",
	"var/log/syslog": "empty", "var/log/syslog.2.gz": "gone", "var/log/syslog.1": "gone",
	"var/log/cloud-init-output.log":     "empty",
	"var/log/journal/0c/system.journal": "gone", "tmp/.X/x": "gone", "tmp/y": "gone", "usr/bin/dockerd": "kept",
}

func TestWipe_LeavesNothingThatLetsInOrTellsOfTheMachine(t *testing.T) {
	root := t.TempDir()
	want := map[string]string{}
	for name, fate := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("secret"), 0o640); err != nil {
			t.Fatal(err)
		}
		if fate != "gone" {
			want[name] = map[string]string{"kept": "secret", "empty": ""}[fate]
		}
	}
	run := filepath.Join(root, "home/offshoot/offshoot/runs/1/archive")
	if err := os.Mkdir(run, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(root, "home/offshoot/offshoot/objects/0a"),
		filepath.Join(run, "a.sql")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := ec2.Wipe(root, "0a"); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, contents(t, root)); diff != "" {
		t.Error(diff)
	}
}

func TestWipe_FollowsNoLinkOutOfTheMachine(t *testing.T) {
	outside, root := t.TempDir(), t.TempDir()
	for _, name := range []string{"machine-id", "log", "authorized_keys"} {
		if err := os.WriteFile(filepath.Join(outside, name), []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"etc", "var/log", "home/a"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{
		"etc/machine-id": "machine-id", "var/log/syslog": "log",
		"home/a/.ssh": ".",
	} {
		if err := os.Symlink(filepath.Join(outside, target), filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := ec2.Wipe(root, "0a"); err != nil {
		t.Error(err)
	}
	want := map[string]string{"machine-id": "secret", "log": "secret", "authorized_keys": "secret"}
	if diff := cmp.Diff(want, contents(t, outside)); diff != "" {
		t.Error(diff)
	}
}

func contents(t *testing.T, root string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		found[filepath.ToSlash(name)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
