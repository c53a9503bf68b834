package sink

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/offshoot-dev/offshoot/internal/lock"
)

// workspace is a temporary folder that only we may read. Its name holds our pid
// and it is locked while we live, so that the next run can tell what a killed
// one left behind.
type workspace struct {
	path string
	lock *os.File
}

const workspacePrefix = "offshoot-schema-"

func makeWorkspace() (workspace, error) {
	return makeWorkspaceIn(os.TempDir(), workspacePrefix)
}

func makeWorkspaceIn(dir, prefix string) (workspace, error) {
	removeLeftovers(dir, prefix)
	path, err := os.MkdirTemp(dir, prefix+strconv.Itoa(os.Getpid())+"-") // 0700
	if err != nil {
		return workspace{}, err
	}
	held, err := lock.TryFolder(path)
	if err != nil {
		return workspace{}, errors.Join(err, os.Remove(path))
	}
	return workspace{path, held}, nil
}

// remove removes the folder. Twice, or after release, it does nothing.
func (f *workspace) remove() error {
	if f.path == "" {
		return nil
	}
	return errors.Join(os.RemoveAll(f.path), f.release())
}

// release lets go of the folder, which has another name by now or is gone.
func (f *workspace) release() error {
	f.path = ""
	return f.lock.Close()
}

// removeLeftovers removes the folders of processes that are gone. The pid may
// be one of another container that shares the folder for temporary files, so
// the lock has the last word. What cannot be removed is somebody else's.
func removeLeftovers(dir, prefix string) {
	found, _ := os.ReadDir(dir)
	for _, f := range found {
		rest, ok := strings.CutPrefix(f.Name(), prefix)
		pid, _, numbered := strings.Cut(rest, "-")
		owner, err := strconv.Atoi(pid)
		if !ok || !numbered || err != nil || owner <= 0 || !errors.Is(syscall.Kill(owner, 0), syscall.ESRCH) {
			continue
		}
		path := filepath.Join(dir, f.Name())
		if held, err := lock.TryFolder(path); err == nil {
			_ = os.RemoveAll(path)
			_ = held.Close()
		}
	}
}
