package starter

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// File is one to write below the root of a checkout.
type File struct {
	Name    string // slash-separated, relative
	Content string
	// Shared says that the file usually holds other things too: one that is
	// there is never replaced.
	Shared bool
}

// Put writes a file below dir, through a temporary one beside it. One that is
// there already is left as it is and written is false, unless it is to be
// replaced. No link leads it out of dir.
func Put(dir string, file File, replace bool) (written bool, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false, fmt.Errorf("write %s: %w", file.Name, err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	name := filepath.FromSlash(file.Name)
	switch info, err := root.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return false, fmt.Errorf("write %s: %w", file.Name, err)
	case !replace || file.Shared:
		return false, nil
	case !info.Mode().IsRegular():
		return false, hint.Usage(fmt.Errorf("write %s: there is something that is no file", file.Name), "move it away")
	}
	if err := put(root, name, file.Content); err != nil {
		return false, fmt.Errorf("write %s: %w", file.Name, err)
	}
	return true, nil
}

func put(root *os.Root, name, content string) error {
	folder, base := filepath.Split(name)
	if folder != "" {
		if err := root.MkdirAll(strings.TrimRight(folder, string(filepath.Separator)), 0o755); err != nil {
			return err
		}
	}
	temporary := filepath.Join(folder, fmt.Sprintf(".%s.%d", base, os.Getpid()))
	err := root.WriteFile(temporary, []byte(content), 0o644)
	if err == nil {
		err = root.Rename(temporary, name)
	}
	if err == nil {
		return nil
	}
	if removed := root.Remove(temporary); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
		return errors.Join(err, removed)
	}
	return err
}
