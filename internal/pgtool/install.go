package pgtool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"time"

	"github.com/offshoot-dev/offshoot/internal/host"
)

// installPatience bounds the installing of one package with its repository.
const installPatience = 10 * time.Minute

// pgdg sets PostgreSQL's own packages up, for every release of Debian and Ubuntu
// and every version of PostgreSQL: https://wiki.postgresql.org/wiki/Apt
const pgdg = "/usr/share/postgresql-common/pgdg/apt.postgresql.org.sh"

// Steps are the commands that install a package of a version on Debian and
// Ubuntu: from the system's own packages, and where these do not have it from
// PostgreSQL's.
type Steps struct {
	Own  [][]string
	Pgdg [][]string
}

// The packages of a version, but for its number.
const (
	Client = "postgresql-client"
	Server = "postgresql" // which begins to serve an empty cluster, too
)

// InstallSteps plans an installation, by root or with sudo that asks for nothing.
func InstallSteps(name string, major int, root bool) Steps {
	prefix := []string{"env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"}
	if !root {
		prefix = append([]string{"sudo", "-n"}, prefix...)
	}
	run := func(args ...string) []string { return append(append([]string{}, prefix...), args...) }
	install := func(packages ...string) []string {
		return run(append([]string{
			"apt-get", "-o", "DPkg::Lock::Timeout=120", "install", "-qy",
			"--no-install-recommends",
		}, packages...)...)
	}
	wanted := install(name + "-" + strconv.Itoa(major))
	return Steps{
		Own:  [][]string{run("apt-get", "-o", "Acquire::Retries=3", "update", "-q"), wanted},
		Pgdg: [][]string{install("postgresql-common", "ca-certificates"), run(pgdg, "-y"), wanted},
	}
}

// Install installs the programs of the client, or of the server, of a major
// version, by the packages of this computer. Only who was told that it may calls it.
func Install(ctx context.Context, name string, major int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, installPatience, fmt.Errorf("not done in %v", installPatience))
	defer cancel()
	steps := InstallSteps(name, major, isRoot())
	own := runAll(ctx, steps.Own)
	if own == nil || ctx.Err() != nil || host.NoProgram(own) {
		return own
	}
	if err := runAll(ctx, steps.Pgdg); err != nil {
		return errors.Join(own, err)
	}
	return nil
}

func runAll(ctx context.Context, steps [][]string) error {
	for _, args := range steps {
		command := host.Command{Args: args, Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}}
		if err := (host.Local{}).Run(ctx, command); err != nil {
			return fmt.Errorf("install PostgreSQL's programs: %w", err)
		}
	}
	return nil
}

func isRoot() bool {
	current, err := user.Current()
	return err == nil && current.Uid == "0"
}
