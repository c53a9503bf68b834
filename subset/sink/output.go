package sink

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset"
)

// output is a file that gets its name when it is complete.
type output struct {
	io.Writer            // to the compressor, when there is one
	compressor io.Closer // nil when there is none
	file       *os.File  // nil for stdout
	named      bool      // the file has a temporary name; without one it goes with the process
	path       string
	replace    bool
}

// writable refuses a path before anything is done for it.
func writable(path string, replace bool) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		dir := filepath.Dir(path)
		if parent, err := os.Stat(dir); err != nil || !parent.IsDir() {
			return hint.Usage(fmt.Errorf("target %s: no folder %s", path, dir), "make it first with mkdir -p")
		}
		return nil
	}
	if err != nil {
		return hint.Usage(fmt.Errorf("target: %w", err), "")
	}
	if !info.Mode().IsRegular() {
		return hint.Usage(fmt.Errorf("target %s is not a regular file", path), "for a pipe write to -")
	}
	if !replace {
		return hint.Usage(fmt.Errorf("target %s: %w: the file exists", path, subset.ErrTargetNotEmpty), "")
	}
	return nil
}

// create opens the file that will become the one at path. It is only for its
// owner to read: it holds rows.
func create(path string, o Options) (*output, error) {
	if path == "-" {
		if o.Stdout == nil {
			o.Stdout = os.Stdout
		}
		return &output{Writer: o.Stdout, path: path}, nil
	}
	if err := writable(path, o.Replace); err != nil {
		return nil, err
	}
	file, named, err := temporary(path)
	if err != nil {
		return nil, err
	}
	out := &output{Writer: file, file: file, named: named, path: path, replace: o.Replace}
	if err := out.compress(); err != nil {
		return nil, errors.Join(err, out.discard())
	}
	return out, nil
}

// compress puts the compressor that the name asks for before the file.
// Neither writes a time, and zstd works in one goroutine, so that the same
// input gives the same bytes on every machine.
func (o *output) compress() error {
	switch {
	case strings.HasSuffix(o.path, ".gz"):
		w := gzip.NewWriter(o.file)
		o.Writer, o.compressor = w, w
	case strings.HasSuffix(o.path, ".zst"):
		w, err := zstd.NewWriter(o.file, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return err
		}
		o.Writer, o.compressor = w, w
	}
	return nil
}

// commit completes the file and gives it its name.
func (o *output) commit() error {
	if o.file == nil {
		return nil
	}
	if o.compressor != nil {
		if err := o.compressor.Close(); err != nil {
			return err
		}
		o.compressor = nil
	}
	if err := o.file.Sync(); err != nil {
		return err
	}
	// Checked again: somebody may have made the file meanwhile.
	if err := writable(o.path, o.replace); err != nil {
		return err
	}
	if err := o.name(); err != nil {
		return err
	}
	err := o.file.Close()
	o.file = nil
	return err
}

// name gives the file its final name in one step.
func (o *output) name() error {
	if !o.named {
		name := beside(o.path) + strconv.Itoa(os.Getpid())
		if err := link(o.file, name); err != nil {
			return err
		}
		if err := os.Rename(name, o.path); err != nil {
			return errors.Join(err, os.Remove(name))
		}
		return nil
	}
	return os.Rename(o.file.Name(), o.path)
}

// namedTemporary makes a temporary file in the folder of the one to be, where
// renaming it is one step.
func namedTemporary(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), filepath.Base(beside(path))+"*")
}

func beside(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
}

// discard removes what was written. After commit, or twice, it does nothing.
func (o *output) discard() error {
	if o.file == nil {
		return nil
	}
	_ = o.file.Close()
	var err error
	if o.named {
		err = os.Remove(o.file.Name())
	}
	o.file = nil
	return err
}

// writeError says what could not be written. A full disk is one clear line.
func writeError(name string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) {
		return hint.Wrap(fmt.Errorf("write %s: %w", name, syscall.ENOSPC), "free space there, or write to another disk")
	}
	return fmt.Errorf("write %s: %w", name, err)
}
