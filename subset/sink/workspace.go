package sink

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
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
	removeLeftovers(os.TempDir())
	path, err := os.MkdirTemp("", workspacePrefix+strconv.Itoa(os.Getpid())+"-") // 0700
	if err != nil {
		return workspace{}, err
	}
	lock, err := lockWorkspace(path)
	if err != nil {
		return workspace{}, errors.Join(err, os.Remove(path))
	}
	return workspace{path, lock}, nil
}

func lockWorkspace(path string) (*os.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func (f workspace) remove() error {
	if f.path == "" {
		return nil
	}
	err := os.RemoveAll(f.path)
	_ = f.lock.Close() // a second time, when remove is called twice
	return err
}

// removeLeftovers removes the folders of processes that are gone. The pid may
// be one of another container that shares the folder for temporary files, so
// the lock has the last word. What cannot be removed is somebody else's.
func removeLeftovers(dir string) {
	paths, _ := filepath.Glob(filepath.Join(dir, workspacePrefix+"*-*"))
	for _, path := range paths {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), workspacePrefix), "-")
		owner, err := strconv.Atoi(pid)
		if err != nil || owner <= 0 || !errors.Is(syscall.Kill(owner, 0), syscall.ESRCH) {
			continue
		}
		if lock, err := lockWorkspace(path); err == nil {
			_ = os.RemoveAll(path)
			_ = lock.Close()
		}
	}
}
