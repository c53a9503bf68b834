package starter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever pins the action to a commit that they have read gives the secrets to
// the program of that commit, and to none that came later.
func TestHostile_ANewerReleaseWantsTheSecretsOfAPinnedJob(t *testing.T) {
	t.Parallel()
	install, _ := actionSteps(t)
	for name, tags := range map[string]string{
		"no release of it":      another + "\trefs/tags/v9.9.9\n",
		"a tag that is none":    pinned + "\trefs/tags/v1.2.3-is-what/you-want\n" + pinned + "\trefs/tags/latest\n",
		"a branch like a tag":   pinned + "\trefs/heads/v1.2.3\n",
		"nothing that is a tag": "",
	} {
		dir := t.TempDir()
		address, asked := repository(t, tags)
		said, err := bash(t, dir, install.Run, "RELEASES="+address, "ACTION_REF="+pinned)
		if err == nil || !strings.Contains(said, "::error title=offshoot::") {
			t.Errorf("%s: %v, said %s", name, err, said)
		}
		if added, _ := os.ReadFile(filepath.Join(dir, "path")); len(added) > 0 ||
			strings.Contains(asked(), "latest") || strings.Contains(asked(), "v9.9.9") {
			t.Errorf("%s: asked for %s, and has %s on the path", name, asked(), added)
		}
	}
	dir := t.TempDir()
	said, err := bash(t, dir, install.Run, "RELEASES=http://127.0.0.1:1/releases", "ACTION_REF="+pinned)
	if err == nil || !strings.Contains(said, "cannot ask http://127.0.0.1:1 which release commit "+pinned+" is") {
		t.Errorf("nobody answers: %v, said %s", err, said)
	}
}

func TestHostile_AnotherProgramOnThePathWantsTheSecretsOfAPinnedJob(t *testing.T) {
	t.Parallel()
	install, _ := actionSteps(t)
	for version, stays := range map[string]bool{
		"v9.9.9 (" + another + ") go1.26": false, "v1.2.3 go1.26": false, "devel-" + another[:12] + " go1.26": false,
		"v1.2.3 (" + pinned + ") go1.26": true, "devel-" + pinned[:12] + " go1.26": true,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "offshoot"), []byte("#!/bin/sh\necho 'offshoot "+version+"'\n"),
			0o755); err != nil {
			t.Fatal(err)
		}
		address, _ := repository(t, another+"\trefs/tags/v9.9.9\n")
		said, err := bash(t, dir, install.Run, "PATH="+dir+":"+systemPath, "RELEASES="+address, "ACTION_REF="+pinned)
		if (err == nil) != stays {
			t.Errorf("%s: %v, said %s", version, err, said)
		}
	}
}
