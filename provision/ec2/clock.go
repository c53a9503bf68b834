package ec2

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// A Clock tells the time and lets it pass.
type Clock interface {
	Now() time.Time
	// Sleep returns nil after the duration, or the context's cause.
	Sleep(ctx context.Context, d time.Duration) error
}

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// jitter is by which share pauses vary, so that many runs do not ask at once. By another clock than the real one they
// are the same each time: who lets the time pass may count what happens in it.
func jitter(c Clock) float64 {
	if _, ok := c.(realClock); ok {
		return 0.25
	}
	return 0
}

// poll asks until done, at growing pauses. On timeout it says what ask saw
// last.
func (p *Provider) poll(
	ctx context.Context, patience time.Duration, what string, ask func() (seen string, done bool, err error),
) error {
	deadline, pauses := p.clock.Now().Add(patience), &backoff.ExponentialBackOff{
		InitialInterval: time.Second, Multiplier: 1.5, MaxInterval: 10 * time.Second,
		RandomizationFactor: jitter(p.clock),
	}
	for {
		seen, done, err := ask()
		if err != nil || done {
			return err
		}
		pause := pauses.NextBackOff()
		if !p.clock.Now().Add(pause).Before(deadline) {
			return fmt.Errorf("%s: not after %v: %s", what, patience, seen)
		}
		if err := p.clock.Sleep(ctx, pause); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}
