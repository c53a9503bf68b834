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
	"github.com/offshoot-dev/offshoot/internal/lock"
)

// A claim is the lock of a subject, for all users of this machine. Mostly it is
// on the engine as well: see engineLock.
type claim struct {
	file   *lock.Shared
	holder Holder
	free   func() // lets go of it on the engine; nil: it is not there
}

// defaultLocks does not follow TMPDIR: every user and every process of the
// machine has to come to the same folder.
const defaultLocks = "/tmp/offshoot-locks"

// lockFor names the lock file of one subject on one engine.
func lockFor(folder, engineID, subject string) string {
	sum := sha256.Sum256([]byte(engineID))
	return filepath.Join(folder, hex.EncodeToString(sum[:6])+"-"+subject+".lock")
}

// acquire takes the lock of a subject, among all who have the engine.
func (e Engine) acquire(ctx context.Context, engineID, subject, verb string, patience time.Duration) (*claim, error) {
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
		case !errors.Is(err, lock.ErrHeld):
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
func acquire(ctx context.Context, path, subject, verb string, patience time.Duration) (*claim, error) {
	deadline := time.Now().Add(patience)
	for {
		l, err := tryLock(path)
		if err == nil {
			return l, l.sign(verb)
		}
		if !errors.Is(err, lock.ErrHeld) {
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
	return errors.Is(err, lock.ErrHeld)
}

// tryLock takes the lock if it is free.
func tryLock(path string) (*claim, error) {
	file, err := lock.TryShared(path)
	if err != nil {
		return nil, err
	}
	return &claim{file: file}, nil
}

// sign writes into the file who holds it, for those who have to wait.
func (l *claim) sign(verb string) error {
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

// release lets go, on the engine first.
func (l *claim) release() {
	if l.free != nil {
		l.free()
	}
	l.file.Release()
}

// readHolder reads who holds a lock. Its fields are another user's words.
func readHolder(path string) Holder {
	var holder Holder
	content, err := lock.ReadShared(path)
	if err != nil {
		return holder
	}
	_ = json.Unmarshal(content, &holder)
	holder.User, holder.Host, holder.Command = printable(holder.User), printable(holder.Host), printable(holder.Command)
	return holder
}
