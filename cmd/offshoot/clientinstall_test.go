package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// A server newer than every pg_dump here gets its own, where that is allowed.
func TestClient_IsInstalledWhereItIsMissingAndAllowed(t *testing.T) {
	bin := t.TempDir()
	program := "printf '#!/bin/sh\\necho \"pg_dump (PostgreSQL) 99.1\"\\n' >" + bin + "/$1; chmod 755 " + bin + "/$1"
	write(t, filepath.Join(bin, "apt-get"),
		"#!/bin/sh\nmake() { "+program+
			"; }\nfor last; do :; done\n[ \"$last\" = postgresql-client-99 ] && make pg_dump && make pg_restore\n"+
			"exit 0\n")
	write(t, filepath.Join(bin, "sudo"), "#!/bin/sh\nshift\nexec \"$@\"\n")
	for _, name := range []string{"apt-get", "sudo"} {
		if err := os.Chmod(filepath.Join(bin, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	a := here()
	u := a.newUI()
	defer u.Close()
	if err := installClient(t.Context(), u, 99); err != nil {
		t.Fatal(err)
	}
	if tools, err := pgtool.Find(t.Context(), 99); err != nil ||
		tools.Path("pg_dump") != filepath.Join(bin, "pg_dump") {
		t.Errorf("%+v, %v", tools, err)
	}
	err := installClient(t.Context(), u, 100)
	var old *pgtool.TooOldError
	if !errors.As(err, &old) || len(hint.Of(err)) == 0 {
		t.Errorf("nothing came of it: %v", err)
	}
}

func TestClient_IsLeftAloneUnlessAllowed(t *testing.T) {
	bin := t.TempDir()
	ran := filepath.Join(bin, "ran")
	write(t, filepath.Join(bin, "apt-get"), "#!/bin/sh\n: >"+ran+"\n")
	if err := os.Chmod(filepath.Join(bin, "apt-get"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	for value, wrong := range map[string]bool{"": false, "none": false, "install": false, /* it is there */
		"17": true} {
		a := here()
		a.lookup = func(name string) (string, bool) {
			if name == installVariable {
				return value, value != ""
			}
			return os.LookupEnv(name)
		}
		u := a.newUI()
		err := a.prepareClient(t.Context(), u, plan.Spec{URL: pgtest.New(t)})
		u.Close()
		if (err != nil) != wrong || wrong && (!errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), value)) {
			t.Errorf("%q: %v", value, err)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("apt-get ran")
	}
}
