package wildcard

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/offshoot-dev/offshoot/internal/store"
)

// errLocked says that another run orders the certificate.
var errLocked = errors.New("another run orders it")

// lockTime is how long a lock holds that nobody has released: the run was killed.
const lockTime = orderTime + 2*time.Minute

// claim is what a lock says.
type claim struct {
	By    string    `json:"by"` // a random name of the run
	Until time.Time `json:"until"`
}

// lock keeps other runs from ordering, until release. On a server without
// conditions several may hold it: then the certificate that comes last is kept,
// and the others are good as well.
func (o Options) lock(ctx context.Context) (release func(), err error) {
	at := o.At
	at.Key += ".lock"
	mine := claim{By: rand.Text(), Until: o.now().Add(lockTime).UTC()}
	content, err := json.Marshal(mine)
	if err != nil {
		return nil, err
	}
	release = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if err := o.Bucket.Remove(ctx, at); err != nil && o.Warn != nil {
			o.Warn(fmt.Sprintf("the lock of the certificate stays until %s: %v", mine.Until.Format(time.TimeOnly), err))
		}
	}
	err = o.Bucket.Write(ctx, at, content, store.Nothing)
	if !errors.Is(err, store.ErrChanged) {
		return release, err
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
		return release, nil
	case known && o.now().Before(theirs.Until):
		return nil, errLocked
	}
	if err := o.Bucket.Write(ctx, at, content, tag); errors.Is(err, store.ErrChanged) {
		return nil, errLocked
	} else if err != nil {
		return nil, err
	}
	return release, nil
}
