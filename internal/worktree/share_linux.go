package worktree

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Share lets a file have the blocks of another, until one is changed. It fails
// where the file system cannot.
// https://man7.org/linux/man-pages/man2/ioctl_ficlone.2.html
func Share(from, to *os.File) error {
	return unix.IoctlFileClone(int(to.Fd()), int(from.Fd()))
}

// dressFile gives a copy owner, mode and time of the original; the time to the
// microsecond.
func dressFile(out *os.File, info fs.FileInfo) error {
	if uid, gid := owner(info); uid != os.Geteuid() || gid != os.Getegid() {
		if err := out.Chown(uid, gid); err != nil {
			return err
		}
	}
	// Mostly it was made with that mode, and to look is cheaper than to change.
	if made, err := out.Stat(); err != nil || made.Mode().Perm() != info.Mode().Perm() {
		if err := out.Chmod(info.Mode().Perm()); err != nil {
			return err
		}
	}
	at := unix.NsecToTimeval(info.ModTime().UnixNano())
	if err := unix.Futimes(int(out.Fd()), []unix.Timeval{at, at}); err != nil {
		return &os.PathError{Op: "futimes", Path: out.Name(), Err: err}
	}
	return nil
}

func owner(info fs.FileInfo) (uid, gid int) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid), int(stat.Gid)
	}
	return -1, -1
}

// identity tells a file from others, and from what it was before it changed.
func identity(info fs.FileInfo) [4]uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return [4]uint64{stat.Dev, stat.Ino, uint64(stat.Ctim.Sec), uint64(stat.Ctim.Nsec)}
	}
	return [4]uint64{}
}
