package sink

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/sys/unix"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset"
)

// outputFolder is a folder that gets its name when it is complete.
type outputFolder struct {
	workspace
	final   string
	replace bool
}

// tocFile is what makes a folder an archive.
const tocFile = "toc.dat"

// ofArchive matches the names of what pg_dump puts into a folder.
var ofArchive = regexp.MustCompile(`^(toc|blob_[0-9]+|[0-9]+)\.dat(\.(gz|lz4|zst))?$|^blobs(_[0-9]+)?\.toc$`)

// placeable refuses a folder before anything is done for it. What is no
// archive is never replaced.
func placeable(path string, replace bool) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return writable(path, replace) // is there a folder to put it in?
	case err != nil:
		return hint.Usage(fmt.Errorf("target: %w", err), "")
	case !info.IsDir():
		return hint.Usage(fmt.Errorf("target %s is not a folder", path), "for one file end the name in .dump")
	}
	found, err := os.ReadDir(path)
	if err != nil {
		return hint.Usage(fmt.Errorf("target: %w", err), "")
	}
	if len(found) == 0 {
		return nil
	}
	complete := false
	for _, f := range found {
		if f.IsDir() || !ofArchive.MatchString(f.Name()) {
			return foreign(path, f.Name())
		}
		complete = complete || f.Name() == tocFile
	}
	switch {
	case !complete:
		return foreign(path, found[0].Name())
	case !replace:
		return hint.Usage(fmt.Errorf("target %s: %w: it holds an archive", path, subset.ErrTargetNotEmpty), "")
	}
	return nil
}

func foreign(path, name string) error {
	return hint.Usage(fmt.Errorf("target %s is not an archive and not empty: it holds %s", path, name),
		"give a folder that is empty or does not exist")
}

// makeFolder makes the folder that will become the one at path, beside it.
// Only its owner may look into it: it holds rows.
func makeFolder(path string, replace bool) (*outputFolder, error) {
	if err := placeable(path, replace); err != nil {
		return nil, err
	}
	w, err := makeWorkspaceIn(filepath.Dir(path), filepath.Base(beside(path)))
	if err != nil {
		return nil, err
	}
	return &outputFolder{w, path, replace}, nil
}

// commit gives the folder its final name in one step.
func (f *outputFolder) commit() error {
	if err := syncFolder(f.path); err != nil {
		return err
	}
	if err := moveFolder(f.path, f.final, f.replace); err != nil {
		return err
	}
	return f.discard() // of the archive whose place it took, if there was one
}

// moveFolder gives an archive its final name in one step. One that it takes the
// place of is where this was.
func moveFolder(from, to string, replace bool) error {
	// Checked again: somebody may have made the folder meanwhile.
	if err := placeable(to, replace); err != nil {
		return err
	}
	// Takes the place of no folder and of an empty one. os.Rename does not.
	err := unix.Rename(from, to)
	if errors.Is(err, unix.ENOTEMPTY) || errors.Is(err, unix.EEXIST) {
		err = exchange(from, to)
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// discard removes what was written. After commit, or twice, it does nothing.
func (f *outputFolder) discard() error { return f.remove() }
