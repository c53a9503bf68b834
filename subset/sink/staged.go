package sink

import (
	"os"
	"path/filepath"
)

// Staged is where a file or folder waits for its name, beside where it will be: it is to be looked at before. What a
// killed run leaves there is removed by the next.
type Staged struct {
	Path string // for Open; of the same format as the target

	workspace workspace
	final     string
	replace   bool
}

// Stage makes the place for a target that is a path, which it refuses as Open does.
func Stage(to string, replace bool) (*Staged, error) {
	if _, err := Open(to, Options{Replace: replace}); err != nil {
		return nil, err
	}
	final := filepath.Clean(to)
	w, err := makeWorkspaceIn(filepath.Dir(final), filepath.Base(beside(final)))
	if err != nil {
		return nil, err
	}
	s := &Staged{Path: filepath.Join(w.path, filepath.Base(final)), workspace: w, final: final, replace: replace}
	if isFolder(to) {
		s.Path += "/"
	}
	return s, nil
}

// Place gives what has been written to Path its name. It refuses what somebody has made there meanwhile.
func (s *Staged) Place() error {
	from := filepath.Clean(s.Path)
	if info, err := os.Lstat(from); err != nil || info.IsDir() {
		if err != nil {
			return err
		}
		return moveFolder(from, s.final, s.replace)
	}
	if err := writable(s.final, s.replace); err != nil {
		return err
	}
	return os.Rename(from, s.final)
}

// Discard removes what has got no name.
func (s *Staged) Discard() error { return s.workspace.remove() }
