//go:build unix

package provision

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// defaultLocks does not follow TMPDIR: every user and every process of the
// machine has to come to the same folder.
func defaultLocks() string { return "/tmp/offshoot-locks" }

// lockFolder makes the folder for all users, like /tmp itself: anybody may add
// a file, nobody may remove another's.
func lockFolder(path string) error {
	err := os.Mkdir(path, 0o700)
	if err == nil {
		return os.Chmod(path, os.ModeSticky|0o777)
	}
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", path)
	}
	return nil
}

// openLock opens the file, or makes it where it is missing and may be made. It
// follows no symbolic link, takes nothing but a regular file with this one
// name, and opens a file of another user without O_CREAT, which
// fs.protected_regular forbids in sticky folders.
func openLock(path string, create bool) (*os.File, error) {
	const flags = os.O_RDWR | unix.O_NOFOLLOW | unix.O_NONBLOCK
	file, err := os.OpenFile(path, flags, 0)
	if create && errors.Is(err, os.ErrNotExist) {
		file, err = os.OpenFile(path, flags|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			err = file.Chmod(0o666) // past the umask: other users have to be able to wait for it
		}
	}
	if err == nil {
		err = checkPlain(file)
	}
	if err != nil && file != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, err
}

func checkPlain(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !info.Mode().IsRegular() || ok && stat.Nlink > 1 {
		return fmt.Errorf("%s is not a plain file", file.Name())
	}
	return nil
}

func lockFile(file *os.File) error {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errHeld
	}
	return err
}

func unlockRemove(file *os.File, path string) {
	_ = os.Remove(path)
	_ = file.Close()
}
