package provision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// A lock is held by an open file: the kernel lets go of it when the process
// ends, however it ends. Mostly it is on the engine as well: see engineLock.
type lock struct {
	file   *os.File
	path   string
	holder Holder
	free   func() // lets go of it on the engine; nil: it is not there
}

// errHeld says that somebody else holds a lock.
var errHeld = errors.New("lock is held")

// lockFor names the lock file of one subject on one engine.
func lockFor(folder, engineID, subject string) string {
	sum := sha256.Sum256([]byte(engineID))
	return filepath.Join(folder, hex.EncodeToString(sum[:6])+"-"+subject+".lock")
}

// acquire takes the lock of a subject, among all who have the engine.
func (e Engine) acquire(ctx context.Context, engineID, subject, verb string, patience time.Duration) (*lock, error) {
	deadline := time.Now().Add(patience)
	l, err := acquire(ctx, lockFor(e.locks(), engineID, subject), subject, verb, patience)
	if err != nil {
		return nil, err
	}
	on := newEngineLock(e.Docker.Client(), e.locks(), subject, l.holder)
	for {
		holder, err := on.try(ctx)
		switch {
		case err == nil:
			l.free = func() { on.release(ctx) }
			return l, nil
		case !errors.Is(err, errHeld):
			err = fmt.Errorf("lock %s: %w", subject, err)
		case time.Now().After(deadline):
			err = lockedBy(subject, holder)
		default:
			if err = pause(ctx, 100*time.Millisecond); err == nil {
				continue
			}
		}
		l.release()
		return nil, err
	}
}

func lockedBy(subject string, holder Holder) error {
	return hint.Wrap(&LockedError{Preview: subject, Holder: holder}, "wait until it is done, or end that process")
}

// isHeld tells whether a run holds the lock of a subject at this moment.
func (e Engine) isHeld(ctx context.Context, engineID, subject string) bool {
	if held(lockFor(e.locks(), engineID, subject)) {
		return true
	}
	return e.Docker != nil && newEngineLock(e.Docker.Client(), e.locks(), subject, Holder{}).held(ctx)
}

// acquire takes the lock at path. When another run holds it, it tries again
// until patience is over and then says who that is.
func acquire(ctx context.Context, path, subject, verb string, patience time.Duration) (*lock, error) {
	deadline := time.Now().Add(patience)
	for {
		l, err := tryLock(path)
		if err == nil {
			return l, l.sign(verb)
		}
		if !errors.Is(err, errHeld) {
			return nil, fmt.Errorf("lock %s: %w", subject, err)
		}
		if time.Now().After(deadline) {
			return nil, lockedBy(subject, readHolder(path))
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// held tells whether a run holds the lock at path at this moment.
func held(path string) bool {
	l, err := tryLock(path)
	if err == nil {
		l.release()
	}
	return errors.Is(err, errHeld)
}

// tryLock takes the lock if it is free. The holder before may have removed the
// file after we had opened it: then what we hold is a lock on nothing.
func tryLock(path string) (*lock, error) {
	if err := lockFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	for range 100 {
		file, err := openLock(path, true)
		if errors.Is(err, os.ErrExist) || errors.Is(err, os.ErrNotExist) {
			continue // made or removed by another run between two looks at it
		}
		if err != nil {
			return nil, err
		}
		if err := lockFile(file); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		if same(file, path) {
			return &lock{file: file, path: path}, nil
		}
		_ = file.Close()
	}
	return nil, errHeld
}

// same tells whether path still leads to the open file.
func same(file *os.File, path string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(opened, named)
}

// sign writes into the file who holds it, for those who have to wait.
func (l *lock) sign(verb string) error {
	holder := Holder{PID: os.Getpid(), Command: verb, Since: time.Now().Truncate(time.Second), User: "unknown"}
	holder.Host, _ = os.Hostname()
	if current, err := user.Current(); err == nil {
		holder.User = current.Username
	}
	l.holder = holder
	content, err := json.Marshal(holder)
	if err == nil {
		err = l.file.Truncate(0)
	}
	if err == nil {
		_, err = l.file.WriteAt(content, 0)
	}
	if err != nil {
		l.release()
		return fmt.Errorf("sign lock: %w", err)
	}
	return nil
}

// release removes the file while the lock is still held, so that nobody else's
// is removed, and then lets go. Another user's file in a sticky folder stays.
func (l *lock) release() {
	if l.free != nil {
		l.free()
	}
	unlockRemove(l.file, l.path)
}

// readHolder reads who holds a lock. Its fields are another user's words.
func readHolder(path string) Holder {
	var holder Holder
	file, err := openLock(path, false)
	if err != nil {
		return holder
	}
	defer file.Close()
	content := make([]byte, 4096)
	n, _ := file.ReadAt(content, 0)
	_ = json.Unmarshal(content[:n], &holder)
	holder.User, holder.Host, holder.Command = printable(holder.User), printable(holder.Host), printable(holder.Command)
	return holder
}
