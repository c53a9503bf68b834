package provision

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/lock"
)

// jobs are runs in so many containers that have the same engine.
func jobs(t *testing.T, n int) []Engine {
	engine := NeedEngine(t)
	var machines []Engine
	for range n {
		machines = append(machines, Engine{Docker: engine, Locks: t.TempDir()})
	}
	return machines
}

func lockSubject() string { return "test-" + strings.ToLower(rand.Text()[:10]) }

// killed is a lock as a killed run leaves it.
func killed(t *testing.T, e Engine, subject string) {
	on := newEngineLock(e.Docker.Client(), e.locks(), subject, Holder{PID: 1, Command: "up"})
	if _, err := on.try(t.Context()); err != nil {
		t.Fatal(err)
	}
	on.end()
	t.Cleanup(func() { on.release(context.WithoutCancel(t.Context())) })
}

func TestLock_IsSeenFromAnotherJobsContainer(t *testing.T) {
	m, subject := jobs(t, 2), lockSubject()
	began := time.Now()
	l, err := m[0].acquire(t.Context(), "engine", subject, "up", 0)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	_, err = m[1].acquire(t.Context(), "engine", subject, "down", 200*time.Millisecond)
	var locked *LockedError
	if !errors.As(err, &locked) || locked.Holder.Command != "up" || locked.Holder.PID == 0 {
		t.Errorf("error %v", err)
	}
	if !m[1].isHeld(t.Context(), "engine", subject) {
		t.Error("not seen as held")
	}
	began = time.Now()
	l.release()
	t.Logf("taken in %s, released in %s", took, time.Since(began))
	if took > time.Second {
		t.Errorf("it took %s", took)
	}
	if m[1].isHeld(t.Context(), "engine", subject) {
		t.Error("seen as held after it was released")
	}
	if l, err = m[1].acquire(t.Context(), "engine", subject, "down", 0); err != nil {
		t.Fatal(err)
	}
	l.release()
	if left, err := newEngineLock(m[0].Docker.Client(), "", subject, Holder{}).volumes(t.Context(),
		l.holder.Command); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestLock_OfAKilledRunIsTakenOverAtOnceByWhoeverHasItsFile(t *testing.T) {
	m, subject := jobs(t, 1), lockSubject()
	killed(t, m[0], subject)
	if m[0].isHeld(t.Context(), "engine", subject) {
		t.Error("seen as held")
	}
	l, err := m[0].acquire(t.Context(), "engine", subject, "up", 0)
	if err != nil {
		t.Fatal(err)
	}
	l.release()
	killed(t, m[0], subject)
	if err := m[0].dropLocks(t.Context(), "engine"); err != nil {
		t.Error(err)
	}
	if _, err := m[0].Docker.Client().VolumeInspect(t.Context(), "offshoot-lock-"+subject); !notFound(err) {
		t.Errorf("not dropped: %v", err)
	}
}

func TestLock_OfAKilledRunIsTakenOverByOneOfManyWhenItHasBeenSilentForLong(t *testing.T) {
	m, subject := jobs(t, 6), lockSubject()
	killed(t, m[0], subject)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var taken atomic.Int64
	var all sync.WaitGroup
	for _, other := range m[1:] {
		all.Go(func() {
			on := newEngineLock(other.Docker.Client(), other.locks(), subject, Holder{})
			on.lease = 2 * time.Second
			for taken.Load() == 0 && ctx.Err() == nil {
				_, err := on.try(ctx)
				if err == nil {
					taken.Add(1)
					t.Cleanup(func() { on.release(context.WithoutCancel(t.Context())) })
					return
				}
				if !errors.Is(err, lock.ErrHeld) {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if got := taken.Load(); got != 1 {
		t.Errorf("%d have it", got)
	}
}
