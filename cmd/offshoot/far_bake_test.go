package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
)

// bake makes an image of a machine whose disk is that of the next one, and
// lets the configuration name it.
func (o *outside) bake() (image string) {
	o.Helper()
	disk := filepath.Join(o.folder, "machine")
	if err := os.MkdirAll(disk, 0o755); err != nil {
		o.Fatal(err)
	}
	o.must("mount", "-t", "tmpfs", "disk", disk)
	image = strings.TrimSpace(o.offshoot(0, "bake", "--archive", "archive.sql"))
	if left := o.cloud.Left(); !strings.HasPrefix(image, "ami-") || !slices.Contains(left, image) ||
		slices.ContainsFunc(left, func(id string) bool { return strings.HasPrefix(id, "i-") }) {
		o.Errorf("image %q, left in the account: %v", image, left)
	}
	o.assertNoSecrets(disk)
	write(o.T, filepath.Join(o.checkout, config.Name), machineConfig(", image: "+image))
	return image
}

// assertNoSecrets looks into every file of the image for what the machine was
// told: its host key, who may log in, and the secrets of the checkout.
func (o *outside) assertNoSecrets(disk string) {
	o.Helper()
	data, err := os.ReadFile(filepath.Join(o.folder, "user-data"))
	if err != nil {
		o.Fatal(err)
	}
	secrets := []string{"hunter3hunter3"}
	lines := strings.Split(string(data), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "-----BEGIN ") {
			secrets = append(secrets, lines[i+2]) // the first is the same in every key
		}
		if strings.HasPrefix(line, "ssh-ed25519 ") {
			secrets = append(secrets, line)
		}
	}
	if len(secrets) != 3 {
		o.Fatalf("%d secrets in the user data", len(secrets))
	}
	search := []string{"-rlF"}
	for _, secret := range secrets {
		search = append(search, "-e", secret)
	}
	search = append(search, filepath.Join(disk, "upper"), filepath.Join(disk, "docker"))
	if out, err := exec.Command("grep", search...).Output(); len(out) > 0 || err == nil {
		o.Errorf("a secret is in the image: %s", out)
	}
}

// assertQuick tells the first up of an image from one that had to load, and a
// machine of its own from the one that was baked.
func (o *outside) assertQuick(image string) {
	o.Helper()
	if l := o.result.Loaded; l == nil || l.Cloned == "" {
		o.Errorf("the machine of an image has loaded the archive: %+v", l)
	}
	var keys []string
	for _, call := range o.cloud.Calls() {
		if call.Action != "RunInstances" || call.Status != 200 {
			continue
		}
		for name, values := range call.Form {
			if strings.HasPrefix(name, "TagSpecification.1.") && strings.HasSuffix(name, ".Value") &&
				strings.HasPrefix(values[0], "ssh-ed25519 ") {
				keys = append(keys, values[0])
			}
		}
		if got := call.Form.Get("ImageId"); len(keys) == 2 && got != image {
			o.Errorf("the second machine was made of %s", got)
		}
	}
	if len(keys) != 2 || keys[0] == keys[1] {
		o.Errorf("host keys %q", keys)
	}
}

func TestBake_IsForMachinesOnEC2(t *testing.T) {
	onEC2(t, standin.Options{Seed: 1})
	ec2Checkout(t)
	if _, errs, code := captured(t, "bake", "--provider", "docker"); code != exitUsage ||
		!strings.Contains(errs, "--provider ec2") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if _, errs, code := captured(t, "bake", "--archive", "nowhere.sql"); code != exitUsage ||
		!strings.Contains(errs, "offshoot: bake: archive: stat nowhere.sql") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// A bake that fails leaves nothing but the shared group.
func TestBake_RemovesItsMachineWhenItFails(t *testing.T) {
	cloud := onEC2(t, standin.Options{Seed: 1, Pending: 500 * time.Millisecond})
	ec2Checkout(t)
	cloud.FailBoot("Server.InternalError: it broke", "kernel panic\n")
	if _, errs, code := captured(t, "bake"); code != exitFailed || !strings.Contains(errs, "| kernel panic") {
		t.Errorf("exit %d: %s", code, errs)
	}
	for _, left := range cloud.Left() {
		if !strings.HasPrefix(left, "sg-") {
			t.Errorf("left: %s", left)
		}
	}
}
