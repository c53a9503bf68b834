//go:build !linux

package sink

import (
	"errors"
	"os"
)

// temporary makes the file under a name beside the one it will become.
func temporary(path string) (file *os.File, named bool, err error) {
	file, err = namedTemporary(path)
	return file, true, err
}

// link is for files without a name, which only Linux has.
func link(*os.File, string) error { return errors.ErrUnsupported }
