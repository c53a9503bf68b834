package gateway

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// own gives a copy the owner of the original.
func own(path, to string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return os.Lchown(to, int(stat.Uid), int(stat.Gid))
}

// flush waits until the file system that a folder is on has written all.
func flush(folder string) error {
	opened, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer opened.Close()
	if err := unix.Syncfs(int(opened.Fd())); err != nil {
		return &os.PathError{Op: "syncfs", Path: folder, Err: err}
	}
	return nil
}
