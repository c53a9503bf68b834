package provision

import (
	"context"
	"time"
)

// A Guard orders runs of one preview that are started by events: these come in
// any order, and late. The zero Guard lets everything happen.
type Guard struct {
	// Patience is how long to wait for another run of the preview.
	Patience time.Duration
	// Wanted is asked when it is this run's turn, and once more before requests
	// go to what it made. Its error ends the run, and what was made is removed.
	Wanted func(ctx context.Context) error
	// Conclude is told how the run ended while no other run can change the
	// preview yet. A down has no result.
	Conclude func(ctx context.Context, result *Result, err error)
}

func (g Guard) patience(usual time.Duration) time.Duration { return max(g.Patience, usual) }

func (g Guard) wanted(ctx context.Context) error {
	if g.Wanted == nil {
		return nil
	}
	return g.Wanted(ctx)
}

func (g Guard) conclude(ctx context.Context, result *Result, err error) {
	if g.Conclude != nil {
		g.Conclude(ctx, result, err)
	}
}
