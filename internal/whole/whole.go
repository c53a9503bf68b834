// Package whole writes files that are there as a whole or not at all: no reader
// finds half of one, and no crash leaves one.
package whole

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Write makes the file at path of what write gives, or replaces it, with
// exactly this mode. The file gets its name when its content is on the disk.
// Until then it is in the same folder and for its owner alone; after an error
// it is gone.
func Write(path string, mode os.FileMode, write func(io.Writer) error) (err error) {
	file, err := renameio.NewPendingFile(path,
		renameio.WithTempDir(filepath.Dir(path)), renameio.WithStaticPermissions(0o600))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Cleanup()) }()
	if err := write(file); err != nil {
		return err
	}
	if err := file.Chmod(mode); err != nil {
		return err
	}
	return file.CloseAtomicallyReplace()
}

// WriteBytes is Write of a content that is there.
func WriteBytes(path string, mode os.FileMode, content []byte) error {
	return Write(path, mode, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}
