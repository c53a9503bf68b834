package lock_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/lock"
)

func TestTry_IsHeldUntilTheFileIsClosed(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a")
	for _, try := range []func() (*os.File, error){
		func() (*os.File, error) { return lock.Try(path) },
		func() (*os.File, error) { return lock.TryFolder(folder) },
	} {
		first, err := try()
		if err != nil {
			t.Fatal(err)
		}
		if second, err := try(); second != nil || !errors.Is(err, lock.ErrHeld) {
			t.Errorf("%v, %v", second, err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := try()
		if err != nil {
			t.Fatal(err)
		}
		again.Close()
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := lock.TryFolder(filepath.Join(folder, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestTryShared_IsReadByThoseWhoWaitAndRemovedInTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "locks", "a")
	if _, err := lock.ReadShared(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	held, err := lock.TryShared(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.WriteString("somebody"); err != nil {
		t.Fatal(err)
	}
	if second, err := lock.TryShared(path); second != nil || !errors.Is(err, lock.ErrHeld) {
		t.Errorf("%v, %v", second, err)
	}
	if said, err := lock.ReadShared(path); err != nil || string(said) != "somebody" {
		t.Errorf("%q, %v", said, err)
	}
	held.Release()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
