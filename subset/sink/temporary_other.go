//go:build !linux

package sink

import (
	"errors"
	"os"
	"path/filepath"
)

// temporary makes the file under a name beside the one it will become.
func temporary(path string) (file *os.File, named bool, err error) {
	file, err = namedTemporary(path)
	return file, true, err
}

// link is for files without a name, which only Linux has.
func link(*os.File, string) error { return errors.ErrUnsupported }

// syncFolder makes sure that all files of a folder are on the disk.
func syncFolder(path string) error {
	found, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, f := range found {
		file, err := os.Open(filepath.Join(path, f.Name()))
		if err != nil {
			return err
		}
		if err := errors.Join(file.Sync(), file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// exchange puts a in the place of b, and b in that of a. Killed between the
// steps, it leaves nothing at b.
func exchange(a, b string) error {
	aside := a + ".old"
	if err := os.Rename(b, aside); err != nil {
		return err
	}
	if err := os.Rename(a, b); err != nil {
		return errors.Join(err, os.Rename(aside, b))
	}
	return os.Rename(aside, a)
}
