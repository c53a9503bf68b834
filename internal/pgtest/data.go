package pgtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Data returns the path of a sample data file that is no part of the project.
// It looks in the folder that OFFSHOOT_TEST_DATA names, else in shared/data
// beside the module's root, and skips the test when the file is not there.
func Data(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("OFFSHOOT_TEST_DATA")
	if dir == "" {
		dir = filepath.Join(moduleRoot(t), "..", "shared", "data")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no sample data %s (set OFFSHOOT_TEST_DATA to its folder)", name)
	}
	return path
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the working folder")
		}
		dir = filepath.Dir(dir)
	}
}
