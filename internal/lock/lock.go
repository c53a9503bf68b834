// Package lock takes locks that the kernel lets go of when the process ends,
// however it ends.
//
//	Try, TryFolder   of one user, by a file or a folder
//	TryShared        of all users of the machine, in a folder that Folder makes
//
// Locks are by flock: they belong to an open file, so that what is locked can be
// looked at between opening and locking it.
package lock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// ErrHeld says that somebody else holds a lock.
var ErrHeld = errors.New("lock is held")

// Try locks the file at path, which it makes for this user alone where it is
// missing. Closing the file ends the lock. It is ErrHeld when another has it.
func Try(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return locked(file)
}

// TryFolder locks the folder at path as Try does a file.
func TryFolder(path string) (*os.File, error) {
	folder, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return locked(folder)
}

// locked locks the file, or closes it.
func locked(file *os.File) (*os.File, error) {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrHeld
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
