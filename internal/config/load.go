package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Load finds offshoot.yaml in dir or above, up to the root of the git
// checkout, and reads it. Without a file it returns the defaults.
func Load(dir string, lookup func(string) (string, bool)) (*Config, error) {
	path, err := find(dir)
	if err != nil {
		return nil, err
	}
	c := Default(dir)
	if path == "" {
		return c, nil
	}
	c.Path, c.Dir = path, filepath.Dir(path)
	data, err := read(path)
	if err != nil {
		return nil, hint.Usage(fmt.Errorf("configuration: %w", err), "")
	}
	return c, c.Parse(relative(dir, path), data, lookup)
}

// Default returns the configuration of a folder without a file.
func Default(dir string) *Config {
	return &Config{Dir: dir, Preview: Preview{Expires: DefaultExpires, Rehearse: true}}
}

// MaxSize is the most bytes that a file may have.
const MaxSize = 1 << 20

// read reads a file that a stranger may have made: it may be a link to
// what never ends.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no file", path)
	case info.Size() > MaxSize:
		return nil, fmt.Errorf("%s is larger than %d KiB", path, MaxSize>>10)
	}
	return os.ReadFile(path)
}

// find returns the path of the file; empty where there is none.
func find(dir string) (string, error) {
	for _, folder := range upToRoot(dir) {
		path := filepath.Join(folder, Name)
		switch _, err := os.Stat(path); {
		case err == nil:
			return path, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", hint.Usage(fmt.Errorf("configuration: %w", err), "")
		}
		if other := filepath.Join(folder, "offshoot.yml"); exists(other) {
			err := fmt.Errorf("configuration: %s is not read", relative(dir, other))
			return "", hint.Usage(err, "rename it to %s", Name)
		}
	}
	return "", nil
}

// upToRoot lists dir and the folders above it up to the root of the git
// checkout; only dir when it is in none.
func upToRoot(dir string) []string {
	var folders []string
	for folder := dir; ; folder = filepath.Dir(folder) {
		folders = append(folders, folder)
		if exists(filepath.Join(folder, ".git")) {
			return folders
		}
		if folder == filepath.Dir(folder) {
			return []string{dir}
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// relative shortens path for a message when it lies at or below dir.
func relative(dir, path string) string {
	if short, err := filepath.Rel(dir, path); err == nil {
		return short
	}
	return path
}
