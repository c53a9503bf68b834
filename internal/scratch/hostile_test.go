package scratch_test

import (
	"os"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/scratch"
)

func TestHostile_ASchemaWantsToRunAProgramWhileItIsChecked(t *testing.T) {
	folder := t.TempDir()
	open(t, folder)
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	s := start(t, scratch.Database{})
	defer func() { _ = s.Close() }()
	planted := folder + "/planted"
	for name, statement := range map[string]string{
		"a program":     "COPY (SELECT 1) TO PROGRAM 'touch " + planted + "'",
		"a file":        "COPY (SELECT 1) TO '" + planted + "'",
		"another role":  "SET ROLE postgres",
		"more rights":   "ALTER ROLE loader SUPERUSER",
		"a library":     "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'getpid'",
		"other tongues": "CREATE EXTENSION dblink",
	} {
		script := "CREATE FUNCTION public.wants() RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN EXECUTE $s$" +
			statement + "$s$; RETURN true; END $f$;\nSELECT public.wants();\n"
		_, err := s.Load(t.Context(), write(t, "x.sql", script), nil)
		if err == nil {
			t.Errorf("%s: it loads", name)
		} else if !strings.Contains(err.Error(), "function refused a value") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Lstat(planted); err == nil {
			t.Fatalf("%s: it ran", name)
		}
		_, _ = s.Load(t.Context(), write(t, "y.sql", "DROP FUNCTION public.wants();\n"), nil)
	}
}
