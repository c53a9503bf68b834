// Package docker makes this computer's Docker engine a machine for previews.
package docker

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

// Connect reaches the engine and finds the executable for the gateway: this
// one where it is a program for the engine's platform, and otherwise
// offshoot-linux-ARCH beside it. That there is none is an error for Up alone.
func Connect(ctx context.Context) (provision.Engine, error) {
	client, err := compose.Connect(ctx)
	if err != nil {
		return provision.Engine{}, err
	}
	engine := provision.Engine{Docker: client}
	info, err := client.Client().Info(ctx)
	if err != nil {
		return provision.Engine{},
			errors.Join(fmt.Errorf("ask the docker engine for its platform: %w", err), client.Close())
	}
	own, err := os.Executable()
	if err != nil {
		engine.Missing = err
		return engine, nil
	}
	engine.Binary, engine.Missing = BinaryFor(own, info.OSType, info.Architecture)
	return engine, nil
}

// architectures maps the kernel's names, which the engine gives, to Go's and
// to those in a binary.
var architectures = map[string]struct {
	name    string
	machine elf.Machine
}{
	"x86_64":  {"amd64", elf.EM_X86_64},
	"aarch64": {"arm64", elf.EM_AARCH64},
	"amd64":   {"amd64", elf.EM_X86_64},
	"arm64":   {"arm64", elf.EM_AARCH64},
}

// BinaryFor picks the executable of offshoot for a platform, in the words of
// uname: own where it is one, or else offshoot-linux-ARCH beside it.
func BinaryFor(own, system, architecture string) (string, error) {
	platform, known := architectures[architecture]
	if system != "linux" || !known {
		return "", fmt.Errorf("previews run on linux on amd64 and arm64, not on %s on %s", system, architecture)
	}
	if resolved, err := filepath.EvalSymlinks(own); err == nil {
		own = resolved
	}
	sibling := filepath.Join(filepath.Dir(own), "offshoot-linux-"+platform.name)
	for _, candidate := range []string{own, sibling} {
		if isFor(candidate, platform.machine) {
			return candidate, nil
		}
	}
	return "", hint.Wrap(fmt.Errorf("%s is no program for linux on %s, where the preview runs", own, platform.name),
		"put offshoot-linux-%s beside it: GOOS=linux GOARCH=%s make build makes one", platform.name, platform.name)
}

// isFor tells whether a file is a program for an architecture of linux.
func isFor(path string, machine elf.Machine) bool {
	program, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer program.Close()
	return program.Machine == machine && (program.OSABI == elf.ELFOSABI_NONE || program.OSABI == elf.ELFOSABI_LINUX)
}
