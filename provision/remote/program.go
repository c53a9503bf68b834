package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/host"
)

// Platform asks the machine for its system and architecture, in the words of
// uname: Linux and x86_64.
func (s Site) Platform(ctx context.Context) (system, architecture string, err error) {
	var out bytes.Buffer
	if err := s.run(ctx, []string{"uname", "-sm"}, nil, &out); err != nil {
		return "", "", fmt.Errorf("ask the machine for its platform: %w", err)
	}
	system, architecture, _ = strings.Cut(strings.TrimSpace(out.String()), " ")
	return strings.ToLower(system), architecture, nil
}

// haveCommand makes the folders, and tells whether the program is there. One
// that is becomes the current one.
const haveCommand = `umask 077
mkdir -p "$1/bin" && cd "$1/bin" || exit 1
[ -x "$2/offshoot" ] || exit 3
ln -sfn "$2" current`

// putCommand takes the program from standard input. It is seen as a whole or
// not at all, and only with the digest that it is named by.
const putCommand = `umask 077
mkdir -p "$1/bin" && cd "$1/bin" || exit 1
new=$2.$3.$$ # what a lost try left may still be at work
trap 'rm -rf "$new"' EXIT
mkdir "$new" && cat >"$new/offshoot" || exit 1
echo "$2  $new/offshoot" | sha256sum -c --quiet - >/dev/null 2>&1 || exit 4
chmod 755 "$new/offshoot"
mv -T "$new" "$2" 2>/dev/null || [ -x "$2/offshoot" ] || exit 1
ln -sfn "$2" current`

// Install puts a program on the machine unless it is there.
func (s Site) Install(ctx context.Context, program string) error {
	digest, err := fileDigest(program)
	if err != nil {
		return fmt.Errorf("offshoot for the machine: %w", err)
	}
	err = s.run(ctx, []string{"/bin/sh", "-c", haveCommand, "sh", s.Folder, digest}, nil, nil)
	var exit *host.ExitError
	if !errors.As(err, &exit) || exit.Code != 3 {
		return explainShell("prepare the machine", err)
	}
	err = s.run(ctx, []string{"/bin/sh", "-c", putCommand, "sh", s.Folder, digest, newID()},
		func() (io.Reader, error) { return os.Open(program) }, nil)
	if errors.As(err, &exit) && exit.Code == 4 {
		return errors.New("put offshoot on the machine: it changed on its way")
	}
	return explainShell("put offshoot on the machine", err)
}

// explainShell adds what to do about a disk that is full: a shell has only
// words for it.
func explainShell(what string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", what, err)
	if strings.Contains(err.Error(), "No space left on device") {
		return explainFull(err)
	}
	return err
}

func fileDigest(name string) (string, error) {
	root, err := os.OpenRoot(path.Dir(name))
	if err != nil {
		return "", err
	}
	defer root.Close()
	digest, _, err := digestOf(root, path.Base(name))
	return digest, err
}
