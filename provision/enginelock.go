package provision

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/lock"
)

// A lock file is seen by all who share its folder, and not by runs in other
// containers that have the same engine. So each lock is on the engine too: an
// empty volume, which the engine makes once however many ask for it at a time.
//
//	lock file ─► volume of that name, with our word? ─ yes ─► ours, until released
//	                       │ no
//	                       └► whose? of this folder, or silent for leaseTime ─► taken over
//
// Whoever holds it says so again and again, by volumes that are made anew, whose
// times are the engine's own. That of a run which was killed is taken over at
// once by those who share its folder, since they have the lock file, and by
// others when it has been silent for long.
const (
	labelLock   = prefix + "lock"        // on its volumes: the subject
	labelWord   = prefix + "lock-word"   // of the one who holds it
	labelHolder = prefix + "lock-holder" // a Holder
	labelSpace  = prefix + "lock-space"  // those who share its lock files

	leaseTime = 45 * time.Second
	beatTime  = 10 * time.Second
)

type engineLock struct {
	api     client.APIClient
	subject string
	labels  map[string]string
	name    string
	lease   time.Duration
	end     context.CancelFunc // of who says that it is held
	ended   chan struct{}
}

func newEngineLock(api client.APIClient, folder, subject string, holder Holder) *engineLock {
	text, _ := json.Marshal(holder) // it never fails
	return &engineLock{
		api: api, subject: subject, name: "offshoot-lock-" + subject, lease: leaseTime,
		labels: map[string]string{
			labelLock: subject, labelWord: rand.Text(), labelHolder: string(text), labelSpace: lockSpace(folder),
		},
	}
}

// lockSpace is the same for all who see the same lock files, and for nobody
// else: a container has a mount namespace, and a computer that is started a
// number, of its own.
func lockSpace(folder string) string {
	host, _ := os.Hostname()
	mounts, _ := os.Readlink("/proc/self/ns/mnt")
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	text, _ := json.Marshal([]string{host, mounts, string(boot), folder})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// try takes the lock, or is lock.ErrHeld and says by whom it is.
func (l *engineLock) try(ctx context.Context) (Holder, error) {
	for range 3 {
		found, err := createVolume(ctx, l.api, volume.CreateOptions{Name: l.name, Labels: l.labels})
		switch {
		case err != nil:
			return Holder{}, fmt.Errorf("on the engine: %w", err)
		case found.Labels[labelWord] == l.labels[labelWord]:
			l.begin(ctx)
			return Holder{}, nil
		case found.Labels[labelLock] != l.subject:
			return Holder{}, hint.Wrap(fmt.Errorf("volume %s %w", l.name, errForeign), "remove that volume")
		}
		silent, err := l.silent(ctx, found.Labels)
		if err == nil && silent {
			err = l.takeOver(ctx, found.Labels[labelWord])
		}
		if err != nil {
			return Holder{}, fmt.Errorf("on the engine: %w", err)
		}
		if !silent {
			return holderOf(found.Labels), lock.ErrHeld
		}
	}
	return Holder{}, lock.ErrHeld
}

// held tells whether somebody who does not share our lock files has it.
func (l *engineLock) held(ctx context.Context) bool {
	found, err := l.api.VolumeInspect(ctx, l.name)
	if err != nil || found.Labels[labelLock] != l.subject {
		return false
	}
	silent, err := l.silent(ctx, found.Labels)
	return err == nil && !silent
}

func holderOf(labels map[string]string) Holder {
	var holder Holder
	_ = json.Unmarshal([]byte(labels[labelHolder]), &holder)
	holder.User, holder.Host, holder.Command = printable(holder.User), printable(holder.Host), printable(holder.Command)
	return holder
}

// silent tells whether the one who holds the lock is gone.
func (l *engineLock) silent(ctx context.Context, labels map[string]string) (bool, error) {
	if labels[labelSpace] == l.labels[labelSpace] {
		return true, nil // it had the lock file that we have now
	}
	last, err := l.lastSaid(ctx, labels[labelWord])
	if err != nil {
		return false, err
	}
	info, err := l.api.Info(ctx)
	if err != nil {
		return false, err
	}
	now, err := time.Parse(time.RFC3339Nano, info.SystemTime)
	return err == nil && now.Sub(last) > l.lease, err
}

// lastSaid is when somebody last said that the lock is held, by the engine's
// clock.
func (l *engineLock) lastSaid(ctx context.Context, word string) (time.Time, error) {
	var last time.Time
	found, err := l.volumes(ctx, word)
	for _, v := range found {
		if at, err := time.Parse(time.RFC3339, v.CreatedAt); err == nil && at.After(last) {
			last = at
		}
	}
	return last, err
}

func (l *engineLock) volumes(ctx context.Context, word string) ([]*volume.Volume, error) {
	found, err := l.api.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", labelLock+"="+l.subject), filters.Arg("label", labelWord+"="+word),
	)})
	return found.Volumes, err
}

// takeOver removes the lock of a word. Of several who want to, one does.
func (l *engineLock) takeOver(ctx context.Context, word string) error {
	name := l.name + "-from-" + word
	claim := map[string]string{labelLock: l.subject, labelWord: name, labelSpace: l.labels[labelWord]}
	found, err := createVolume(ctx, l.api, volume.CreateOptions{Name: name, Labels: claim})
	if err != nil {
		return err
	}
	if found.Labels[labelSpace] != l.labels[labelWord] { // another one does
		gone, err := l.silent(ctx, map[string]string{labelWord: name})
		if err == nil && gone {
			err = l.remove(ctx, name)
		}
		return err
	}
	volumes, err := l.volumes(ctx, word)
	errs := []error{err}
	for _, v := range volumes {
		errs = append(errs, l.remove(ctx, v.Name))
	}
	return errors.Join(append(errs, l.remove(ctx, name))...)
}

func (l *engineLock) remove(ctx context.Context, name string) error {
	if err := l.api.VolumeRemove(ctx, name, true); err != nil && !notFound(err) {
		return err
	}
	return nil
}

// begin says that the lock is held, until it is released.
func (l *engineLock) begin(ctx context.Context) {
	ctx, l.end = context.WithCancel(context.WithoutCancel(ctx))
	l.ended = make(chan struct{})
	go func() {
		defer close(l.ended)
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-time.After(beatTime):
			}
			_, _ = l.api.VolumeCreate(ctx, volume.CreateOptions{Name: l.beat(n), Labels: l.labels})
			_ = l.remove(ctx, l.beat(n-1))
		}
	}()
}

// beat names the volume that says for the nth time that the lock is held.
func (l *engineLock) beat(n int) string {
	return fmt.Sprintf("%s-%s-%d", l.name, strings.ToLower(l.labels[labelWord][:8]), n)
}

// release lets others have the lock, which goes last.
func (l *engineLock) release(ctx context.Context) {
	l.end()
	<-l.ended
	ctx, cancel := sturdy(ctx)
	defer cancel()
	found, err := l.volumes(ctx, l.labels[labelWord])
	if err != nil {
		return // it will be silent
	}
	for _, v := range found {
		if v.Name != l.name {
			_ = l.remove(ctx, v.Name)
		}
	}
	_ = l.remove(ctx, l.name)
}

// dropLocks removes what killed runs have left of locks, of whatever subject.
func (e Engine) dropLocks(ctx context.Context, engineID string) error {
	found, err := e.Docker.Client().VolumeList(ctx,
		volume.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelLock))})
	if err != nil {
		return fmt.Errorf("list locks: %w", err)
	}
	var errs []error
	for _, v := range found.Volumes {
		errs = append(errs, e.dropLock(ctx, engineID, v.Labels))
	}
	return errors.Join(errs...)
}

func (e Engine) dropLock(ctx context.Context, engineID string, labels map[string]string) error {
	file, err := tryLock(lockFor(e.locks(), engineID, labels[labelLock]))
	if err != nil {
		return nil // a run is at work with it
	}
	defer file.release()
	on := newEngineLock(e.Docker.Client(), e.locks(), labels[labelLock], Holder{})
	silent, err := on.silent(ctx, labels)
	if err == nil && silent {
		err = on.takeOver(ctx, labels[labelWord])
	}
	if err != nil {
		return fmt.Errorf("drop the lock of %s: %w", printable(labels[labelLock]), err)
	}
	return nil
}
