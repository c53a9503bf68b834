package host_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/host"
)

// The remote of a checkout is what somebody wrote: SSH runs what its options
// name, and a shell what is in the name where the user's configuration has one
// (Match exec "… %h").
func TestHostile_ARemoteWantsToBeAnOptionOfSSH(t *testing.T) {
	dir := named(t, "Match exec \"test -n %h\"\n  Port 22\n")
	ran := filepath.Join(dir, "ran")
	for _, name := range []string{
		"-oProxyCommand=touch " + ran, "-F" + dir, "-", "", "a b", "$(touch " + ran + ")", "a;touch " + ran,
		"a`touch " + ran + "`", "a\ntouch " + ran, "a|touch " + ran,
	} {
		if real, err := host.Hostname(t.Context(), name); err == nil {
			t.Errorf("%q is %s", name, real)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("it ran")
	}
}
