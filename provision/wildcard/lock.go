package wildcard

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/offshoot-dev/offshoot/internal/store"
)

// errLocked says that another run orders the certificate.
var errLocked = errors.New("another run orders it")

// A lock is renewed while its run is at work, and holds for lockTime after that:
// the run was killed. Where an order failed it holds for rest, since authorities
// count those, and each takes minutes of a run.
const (
	lockTime = 2 * time.Minute
	beat     = 20 * time.Second
	rest     = 15 * time.Minute
)

// claim is what a lock says.
type claim struct {
	By     string    `json:"by"` // a random name of the run
	Until  time.Time `json:"until"`
	Failed string    `json:"failed,omitempty"` // why the order failed: nobody is at work
}

// A failedError says that an order failed a while ago.
type failedError struct {
	claim
	lock store.Location
}

func (e *failedError) Error() string {
	return fmt.Sprintf("an order failed: %s; it is tried again after %s, or as soon as %s is removed",
		oneLine(e.Failed), e.Until.Format("15:04 MST"), e.lock)
}

// holds tells whether a claim keeps others from ordering. One that says to do so
// for longer than any does was written by another clock, or by a stranger.
func (c claim) holds(now time.Time) bool {
	longest := lockTime
	if c.Failed != "" {
		longest = rest
	}
	return now.Before(c.Until) && c.Until.Sub(now) <= longest
}

func (o Options) lockAt() store.Location {
	at := o.At
	at.Key += ".lock"
	return at
}

// lock keeps other runs from ordering, until release, which is told what came of
// the order. On a server without conditions several may hold it: then the
// certificate that comes last is kept, and the others are good as well.
func (o Options) lock(ctx context.Context) (release func(failed error), err error) {
	at := o.lockAt()
	mine := claim{By: rand.Text()}
	content, err := o.write(ctx, mine, lockTime, store.Nothing)
	if err == nil {
		return o.hold(ctx, mine), nil
	}
	if !errors.Is(err, store.ErrChanged) {
		return nil, err
	}
	held, tag, err := o.Bucket.Read(ctx, at)
	if errors.Is(err, fs.ErrNotExist) { // it was just released
		return nil, errLocked
	}
	if err != nil {
		return nil, err
	}
	var theirs claim
	switch known := json.Unmarshal(held, &theirs) == nil; {
	case known && theirs.By == mine.By: // the answer to our claim got lost
		return o.hold(ctx, mine), nil
	case known && theirs.holds(o.now()) && theirs.Failed != "":
		return nil, &failedError{theirs, at}
	case known && theirs.holds(o.now()):
		return nil, errLocked
	}
	if err := o.Bucket.Write(ctx, at, content, tag); errors.Is(err, store.ErrChanged) {
		return nil, errLocked
	} else if err != nil {
		return nil, err
	}
	return o.hold(ctx, mine), nil
}

// write puts a claim that holds from now on for so long.
func (o Options) write(ctx context.Context, c claim, long time.Duration, seen store.Tag) (content []byte, err error) {
	c.Until = o.now().Add(long).UTC()
	if content, err = json.Marshal(c); err != nil {
		return nil, err
	}
	return content, o.Bucket.Write(ctx, o.lockAt(), content, seen)
}

// hold renews a claim until release.
func (o Options) hold(ctx context.Context, mine claim) (release func(failed error)) {
	ctx, cancel := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		ticker := time.NewTicker(o.every())
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				_, _ = o.write(ctx, mine, lockTime, store.Anything) // the next one may succeed
			}
		}
	})
	return func(failed error) {
		cancel()
		renewing.Wait()
		o.release(ctx, mine, failed)
	}
}

func (o Options) every() time.Duration {
	if o.beat > 0 {
		return o.beat
	}
	return beat
}

// release gives a lock back, or says in it that the order failed.
func (o Options) release(ctx context.Context, mine claim, failed error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	var err error
	if failed != nil {
		mine.Failed = oneLine(failed.Error())
		_, err = o.write(ctx, mine, rest, store.Anything)
	} else {
		err = o.Bucket.Remove(ctx, o.lockAt())
	}
	if err != nil && o.Warn != nil {
		o.Warn(fmt.Sprintf("the lock of the certificate stays for %v: %v", lockTime, err))
	}
}

// oneLine is a text that others are shown: of a length that can be read, and
// with nothing that a terminal or a log takes for more than text.
func oneLine(text string) string {
	const most = 300
	runes := []rune(strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return ' '
	}, text))
	return string(runes[:min(len(runes), most)])
}
