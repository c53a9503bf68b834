package host_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/host"
)

// named puts an SSH on PATH that reads a configuration of the test's.
func named(t *testing.T, configuration string) (dir string) {
	t.Helper()
	if _, err := os.Stat("/usr/bin/ssh"); err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("no ssh here: apt-get install openssh-client")
	}
	dir = t.TempDir()
	for name, text := range map[string]string{
		"config": configuration,
		"ssh":    "#!/bin/sh\nexec /usr/bin/ssh -F " + dir + "/config \"$@\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

func TestHostname_IsWhatAnAliasLeadsTo(t *testing.T) {
	named(t,
		"Host github-work github.com-*\n  HostName github.com\nHost over443\n  HostName ssh.github.com\n  Port 443\n")
	for name, want := range map[string]string{
		"github-work": "github.com", "github.com-acme": "github.com", "over443": "ssh.github.com",
		"git.acme.test": "git.acme.test",
	} {
		if got, err := host.Hostname(t.Context(), name); err != nil || got != want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	t.Setenv("PATH", "/nowhere")
	if _, err := host.Hostname(t.Context(), "github-work"); err == nil {
		t.Error("an answer without ssh")
	}
}
