package lock

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// Shared is a lock that every user of the machine can hold and read.
type Shared struct {
	*os.File
	path string
}

// TryShared takes the lock if it is free, and is ErrHeld otherwise. The holder
// before may have removed the file after we had opened it: then what we hold is
// a lock on nothing.
func TryShared(path string) (*Shared, error) {
	if err := Folder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	for range 100 {
		file, err := openPlain(path, true)
		if errors.Is(err, os.ErrExist) || errors.Is(err, os.ErrNotExist) {
			continue // made or removed by another run between two looks at it
		}
		if err != nil {
			return nil, err
		}
		if file, err = locked(file); err != nil {
			return nil, err
		}
		if same(file, path) {
			return &Shared{file, path}, nil
		}
		_ = file.Close()
	}
	return nil, ErrHeld
}

// Release removes the file while the lock is still held, so that nobody else's
// is removed, and then lets go. Another user's file in a sticky folder stays.
func (s *Shared) Release() {
	_ = os.Remove(s.path)
	_ = s.Close()
}

// ReadShared reads what the holder of a lock has written into its file, at most
// 4 kB. It may be another user's words.
func ReadShared(path string) ([]byte, error) {
	file, err := openPlain(path, false)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, 4096))
}

// Folder makes the folder for all users, like /tmp itself: anybody may add
// a file, nobody may remove another's.
func Folder(path string) error {
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

// openPlain opens the file, or makes it where it is missing and may be made. It
// follows no symbolic link, takes nothing but a regular file with this one name, and opens
// a file of another user without O_CREAT, which fs.protected_regular forbids in
// sticky folders.
func openPlain(path string, create bool) (*os.File, error) {
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

// same tells whether path still leads to the open file.
func same(file *os.File, path string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(opened, named)
}
