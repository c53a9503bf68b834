// Package guard orders runs of one preview that are started by events: these come
// in any order, and late.
package guard

import (
	"context"
	"errors"
	"time"
)

// ErrUnwanted is why a run ends that came too late.
var ErrUnwanted = errors.New("not wanted any more")

// A Guard asks whether a run is still wanted, and is told how it ended: R is what
// there is to say of it. The zero Guard lets everything happen.
type Guard[R any] struct {
	// Patience is how long to wait for another run of the preview.
	Patience time.Duration
	// Wanted is asked when it is this run's turn, and once more before requests
	// go to what it made. Its error ends the run, and what was made is removed.
	Wanted func(ctx context.Context) error
	// Conclude is told how the run ended while no other run can change the
	// preview yet. Of a down there is nothing to say but its error.
	Conclude func(ctx context.Context, result R, err error)
}

// Wait is how long the run waits for another one: at least as long as usual.
func (g Guard[R]) Wait(usual time.Duration) time.Duration { return max(g.Patience, usual) }

// Ask asks whether the run is wanted.
func (g Guard[R]) Ask(ctx context.Context) error {
	if g.Wanted == nil {
		return nil
	}
	return g.Wanted(ctx)
}

// Late returns ErrUnwanted where the run, which is over, is not wanted any more.
// That nobody can be asked now is no reason to give up what was made.
func (g Guard[R]) Late(ctx context.Context) error {
	if err := g.Ask(ctx); errors.Is(err, ErrUnwanted) {
		return err
	}
	return nil
}

// Tell tells how the run ended.
func (g Guard[R]) Tell(ctx context.Context, result R, err error) {
	if g.Conclude != nil {
		g.Conclude(ctx, result, err)
	}
}
