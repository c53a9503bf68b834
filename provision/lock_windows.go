package provision

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

func defaultLocks() string { return filepath.Join(os.TempDir(), "offshoot-locks") }

func lockFolder(path string) error { return os.MkdirAll(path, 0o777) }

func openLock(path string, create bool) (*os.File, error) {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE
	}
	return os.OpenFile(path, flags, 0o666)
}

// lockFile locks one byte far behind the content, which others can then read.
func lockFile(file *os.File) error {
	err := windows.LockFileEx(windows.Handle(file.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, beyond())
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errHeld
	}
	return err
}

// unlockRemove leaves the file: Windows removes none that somebody has open.
func unlockRemove(file *os.File, _ string) {
	_ = windows.UnlockFileEx(windows.Handle(file.Fd()), 0, 1, 0, beyond())
	_ = file.Close()
}

func beyond() *windows.Overlapped { return &windows.Overlapped{OffsetHigh: 1} }
