package host

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"
)

// aliasPatience is far more than reading a configuration takes.
const aliasPatience = 10 * time.Second

// hostName is what a name has to look like for SSH to be asked for it.
var hostName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Hostname asks the user's SSH which host a name of its configuration leads to.
// Nothing is connected to. What the user's own configuration runs to decide
// (Match exec) is run, as by every git fetch.
// https://man.openbsd.org/ssh#G
func Hostname(ctx context.Context, name string) (string, error) {
	if !hostName.MatchString(name) {
		return "", fmt.Errorf("%q is no name of a host", name)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, aliasPatience, fmt.Errorf("no answer in %v", aliasPatience))
	defer cancel()
	var out bytes.Buffer
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LC_ALL=C"}
	if err := (Local{}).Run(ctx, Command{Args: []string{"ssh", "-G", "--", name}, Env: env, Stdout: &out}); err != nil {
		return "", err
	}
	for line := range strings.Lines(out.String()) {
		if real, ok := strings.CutPrefix(line, "hostname "); ok && hostName.MatchString(strings.TrimSpace(real)) {
			return strings.TrimSpace(real), nil
		}
	}
	return "", fmt.Errorf("ssh names no host for %s", name)
}
