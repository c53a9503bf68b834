package pgtool

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
)

// packages is a PATH with nothing but what installing runs: an apt-get that has
// the client of the system's own version, and of others once PostgreSQL's
// repository is set up, and that writes down what it was told.
func packages(t *testing.T, own string) (told func() []string) {
	t.Helper()
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	for name, text := range map[string]string{
		"env":  `while case $1 in *=*) true ;; *) false ;; esac; do shift; done; case $1 in */apt.postgresql.org.sh) echo "pgdg $2" >>` + log + ` ;; *) exec "$@" ;; esac`,
		"sudo": `[ "$1" = -n ] && shift && exec "$@"`,
		"apt-get": `for last; do :; done; echo "$last" >>` + log + `; case $last in postgresql-client-` + own +
			`|-q|ca-certificates) ;;
			*) while read -r line; do [ "$line" = "pgdg -y" ] && exit 0; done <` + log + `; echo "E: Unable to locate package $last" >&2; exit 100 ;; esac`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	return func() []string {
		text, _ := os.ReadFile(log)
		return strings.Fields(strings.ReplaceAll(string(text), " ", "_"))
	}
}

func TestInstall_TakesTheSystemsOwnPackageElsePostgreSQLs(t *testing.T) {
	for own, want := range map[string][]string{
		"17": {"-q", "postgresql-client-17"},
		"16": {"-q", "postgresql-client-17", "ca-certificates", "pgdg_-y", "postgresql-client-17"},
	} {
		told := packages(t, own)
		if err := Install(t.Context(), Client, 17); err != nil {
			t.Fatal(err)
		}
		if got := told(); !slices.Equal(got, want) {
			t.Errorf("the system has %s: %q, want %q", own, got, want)
		}
	}
}

func TestInstall_SaysWhatAptSays(t *testing.T) {
	packages(t, "16")
	dir := os.Getenv("PATH")
	if err := os.WriteFile(filepath.Join(dir, "apt-get"), []byte("#!/bin/sh\necho 'E: no network' >&2\nexit 100\n"),
		0o755); err != nil {
		t.Fatal(err)
	}
	var exit *host.ExitError
	err := Install(t.Context(), Client, 17)
	if !errors.As(err, &exit) || !strings.Contains(err.Error(), "E: no network") {
		t.Errorf("%v", err)
	}
	t.Setenv("PATH", "/nowhere")
	if err := Install(t.Context(), Client, 17); err == nil {
		t.Error("installed without apt-get")
	}
}

func TestInstallSteps_AskForNothing(t *testing.T) {
	for _, root := range []bool{true, false} {
		steps := InstallSteps(Client, 17, root)
		for _, args := range slices.Concat(steps.Own, steps.Pgdg) {
			line := strings.Join(args, " ")
			if strings.HasPrefix(line, "sudo -n env ") == root ||
				!strings.Contains(line, "DEBIAN_FRONTEND=noninteractive") ||
				!strings.Contains(line, "update") && !strings.Contains(line, "y") {
				t.Errorf("root %v: %s", root, line)
			}
		}
	}
}

func TestFind_SaysWhichCommandInstalls(t *testing.T) {
	advice := strings.Join(hint.Of(missing(17, 16)), " ")
	for _, want := range []string{
		"apt-get install postgresql-client-17", "postgresql-common", pgdg + " -y",
		"brew install postgresql@17", "OFFSHOOT_POSTGRESQL=install",
	} {
		if !strings.Contains(advice, want) {
			t.Errorf("no %s in %s", want, advice)
		}
	}
}
