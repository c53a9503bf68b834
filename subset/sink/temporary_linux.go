package sink

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// temporary opens a file without a name, which the kernel removes when the
// process ends, however it ends; where the file system has no such files, one
// with a name. https://man7.org/linux/man-pages/man2/open.2.html (O_TMPFILE)
func temporary(path string) (file *os.File, named bool, err error) {
	fd, err := unix.Open(filepath.Dir(path), unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		file, err = namedTemporary(path)
		return file, true, err
	}
	return os.NewFile(uintptr(fd), path), false, nil
}

// link gives a file without a name one.
func link(file *os.File, name string) error {
	proc := fmt.Sprintf("/proc/self/fd/%d", file.Fd())
	if err := unix.Linkat(unix.AT_FDCWD, proc, unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW); err != nil {
		return &os.LinkError{Op: "link", Old: proc, New: name, Err: err}
	}
	return nil
}

// syncFolder makes sure that all files of a folder are on the disk.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(unix.Syncfs(int(dir.Fd())), dir.Close())
}

// exchange lets two folders change places in one step.
func exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}
