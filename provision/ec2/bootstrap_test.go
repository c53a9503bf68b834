package ec2_test

import (
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
)

func withImage(id string) func(*ec2.Options) { return func(o *ec2.Options) { o.Image = id } }

func sample() ec2.Bootstrap {
	return ec2.Bootstrap{
		HostKey:  "-----BEGIN OPENSSH PRIVATE KEY-----\nhost\n-----END OPENSSH PRIVATE KEY-----\n",
		LoginKey: "ssh-ed25519 AAAAlogin", Expires: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), Port: 2222,
	}
}

func TestBootstrap_IsThisScript(t *testing.T) {
	script, err := sample().Script()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "bootstrap.sh", string(script))
	again, err := sample().Script()
	if err != nil || string(again) != string(script) {
		t.Errorf("another time it is another script (%v)", err)
	}
}

func TestBootstrap_IsAValidShellScriptOfAFewKB(t *testing.T) {
	b := sample()
	key, err := host.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	b.HostKey, b.LoginKey = key.Private, key.Public
	script, err := b.Script()
	if err != nil || len(script) > 8<<10 ||
		strings.Contains(string(script), "@") && strings.Contains(string(script), "_KEY@") {
		t.Fatalf("%d bytes, %v", len(script), err)
	}
	path := filepath.Join(t.TempDir(), "user-data")
	if err := os.WriteFile(path, script, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("/bin/sh", "-n", path).CombinedOutput(); err != nil {
		t.Errorf("sh: %s", out)
	}
	if _, err := exec.LookPath("shellcheck"); err != nil {
		t.Skip("no shellcheck here: apt-get install shellcheck")
	}
	if out, err := exec.Command("shellcheck", path).CombinedOutput(); err != nil {
		t.Errorf("shellcheck: %s", out)
	}
}

// A machine that makes a subset has no engine, and who logs in may install packages; one
// for previews is as it always was.
func TestBootstrap_OfABareMachineHasNoEngine(t *testing.T) {
	b := sample()
	b.Bare = true
	script, err := b.Script()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(script), "\nkind=bare\n") {
		t.Error("it is of another kind")
	}
	preview, err := sample().Script()
	if err != nil || !strings.Contains(string(preview), "\nkind=preview\n") {
		t.Errorf("%v: a preview's machine is of another kind", err)
	}
	path := filepath.Join(t.TempDir(), "user-data")
	if err := os.WriteFile(path, script, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("/bin/sh", "-n", path).CombinedOutput(); err != nil {
		t.Errorf("sh: %s", out)
	}
}

// An unattended upgrade has the lock of the lists while a machine is young, and
// apt-get's own timeout is for another one.
func TestBootstrap_WaitsForTheLockOfThePackageLists(t *testing.T) {
	script, err := sample().Script()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(script), "\nupdate() {\n")
	body, _, found := strings.Cut(rest, "\n}\n")
	if !found {
		t.Fatal("there is no such function")
	}
	for name, c := range map[string]struct {
		says string // the first two times
		want bool
		runs int
	}{
		"held by another": {"E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7", true, 3},
		"no network":      {"E: Failed to fetch http://deb.example.com", false, 1},
		"free":            {"", true, 1},
	} {
		folder := t.TempDir()
		apt := "#!/bin/sh\necho >>" + folder + "/runs\n[ -z '" + c.says + "' ] || [ $(wc -l <" + folder +
			"/runs) -gt 2 ] || { echo '" + c.says + "' >&2; exit 100; }\n"
		if err := os.WriteFile(filepath.Join(folder, "apt-get"), []byte(apt), 0o755); err != nil {
			t.Fatal(err)
		}
		own := strings.ReplaceAll("set -eu\nupdate() {\n"+body+"\n}\nupdate\n", "/etc/offshoot/", folder+"/")
		command := exec.Command("/bin/sh", "-c", own)
		command.Env = []string{"PATH=" + folder + ":/usr/bin:/bin", "PAUSE=0"}
		out, err := command.CombinedOutput()
		runs, _ := os.ReadFile(filepath.Join(folder, "runs"))
		if (err == nil) != c.want || len(runs) != c.runs || c.says != "" && !strings.Contains(string(out), c.says) {
			t.Errorf("%s: %v after %d runs: %s", name, err, len(runs), out)
		}
	}
}

func TestBootstrap_NeverEndsWhatNeverExpires(t *testing.T) {
	b := sample()
	b.Expires = time.Time{}
	if script, err := b.Script(); err != nil || !strings.Contains(string(script), "echo 0 >/etc/offshoot/expires\n") {
		t.Errorf("%v: %s", err, script)
	}
}

func TestBootstrap_RefusesWhatIsTooLargeOrNoKey(t *testing.T) {
	large := sample()
	large.LoginKey = "ssh-rsa " + strings.Repeat("A", 17<<10)
	if _, err := large.Script(); !errors.Is(err, hint.ErrUsage) || len(hint.Of(err)) != 1 {
		t.Errorf("large: %v", err)
	}
	for name, change := range map[string]func(*ec2.Bootstrap){
		"two lines":  func(b *ec2.Bootstrap) { b.LoginKey += "\nKEY\nreboot" },
		"no host":    func(b *ec2.Bootstrap) { b.HostKey = "" },
		"not in PEM": func(b *ec2.Bootstrap) { b.HostKey = "s3cret" },
	} {
		b := sample()
		change(&b)
		if _, err := b.Script(); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBootstrap_IsWhatAMachineIsToldAndItsLabelNamesTheHostKey(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1})
	m := a.ensure("shop-pr-12")
	script, err := base64.StdEncoding.DecodeString(a.calls("RunInstances")[0].Form.Get("UserData"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := host.PublicKey(hostKeyIn(t, script))
	if err != nil || m.Labels["dev.offshoot.host-key"] != public {
		t.Errorf("label %q, key %q, %v", m.Labels["dev.offshoot.host-key"], public, err)
	}
	other := a.ensure("shop-pr-13")
	if other.Labels["dev.offshoot.host-key"] == public {
		t.Error("two machines have one key")
	}
}

// hostKeyIn reads the private host key in user data.
func hostKeyIn(t *testing.T, script []byte) []byte {
	t.Helper()
	_, rest, _ := strings.Cut(string(script), "-----BEGIN")
	key, _, found := strings.Cut(rest, "\nKEY\n")
	if !found {
		t.Fatal("no host key in the user data")
	}
	return []byte("-----BEGIN" + key + "\n")
}
