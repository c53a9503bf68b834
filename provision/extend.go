package provision

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// markExtended says that a generation has another end than its labels say, which
// cannot be changed.
const markExtended mark = "extended"

// Extend lets a preview live longer than it was meant to, counted from now or
// from its end, whichever is later, and returns the new end. A preview without
// an end keeps having none, which is the zero time.
func (e Engine) Extend(ctx context.Context, p Preview, by time.Duration) (until time.Time, err error) {
	if by <= 0 {
		return until,
			hint.Usage(fmt.Errorf("extend %s: not a time to live longer", p.ID), "give a duration such as 24h")
	}
	err = e.expire(ctx, p, func(end time.Time) time.Time {
		if until = end; end.IsZero() {
			return end
		}
		if now := time.Now(); end.Before(now) {
			until = now
		}
		until = until.Add(by).UTC().Truncate(time.Second)
		return until
	})
	if err != nil {
		return until, fmt.Errorf("extend %s: %w", p.ID, err)
	}
	return until, nil
}

// Expire says when a preview expires, sooner or later than it was meant to;
// the zero time: never.
func (e Engine) Expire(ctx context.Context, p Preview, at time.Time) error {
	return e.expire(ctx, p, func(time.Time) time.Time { return at.UTC().Truncate(time.Second) })
}

// expire changes the end of a preview while no other run touches it.
func (e Engine) expire(ctx context.Context, p Preview, to func(end time.Time) time.Time) error {
	return e.alone(ctx, p, "extend", func(engineID string, s survey, g generation) error {
		end := to(g.Expires)
		if end.Equal(g.Expires) {
			return nil
		}
		g.Expires = end
		if err := e.markUntil(ctx, s, g); err != nil {
			return err
		}
		// A sign-in lasts until then.
		return e.underGatewayLock(ctx, engineID, func() error { return e.syncGateway(ctx) })
	})
}

// alone does something to the generation that is meant, under the lock of the
// preview.
func (e Engine) alone(
	ctx context.Context, p Preview, verb string, do func(engineID string, s survey, g generation) error,
) error {
	engineID, err := e.Docker.ID(ctx)
	if err != nil {
		return err
	}
	l, err := e.acquire(ctx, engineID, p.ID, verb, downPatience)
	if err != nil {
		return err
	}
	defer l.release()
	s, g, err := e.find(ctx, p)
	if err != nil {
		return err
	}
	return do(engineID, s, g)
}

// markUntil lets the keeper say when the preview ends. Where there is none, it
// makes the new marker before it removes the ones before: a killed run leaves
// the preview with the longer time, never with a shorter one.
func (e Engine) markUntil(ctx context.Context, s survey, g generation) error {
	api := e.Docker.Client()
	if k, _, kept := s.keeper(g.Preview.ID, g.Number); kept {
		to := k
		to.put, to.until = true, g.Expires
		return e.rename(ctx, g, k, to)
	}
	end := mark(string(markExtended) + "-never")
	if !g.Expires.IsZero() {
		end = mark(string(markExtended) + "-" + strconv.FormatInt(g.Expires.Unix(), 10))
	}
	if err := g.set(ctx, api, end, nil); err != nil {
		return err
	}
	var errs []error
	for _, v := range s.volumes {
		if isExtension(v) && v.Name != g.markName(end) && v.Labels[labelPreview] == g.Preview.ID {
			if err := api.VolumeRemove(ctx, v.Name, false); err != nil && !notFound(err) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func isExtension(v seenVolume) bool {
	m := v.Labels[labelMark]
	return len(m) > len(markExtended) && m[:len(markExtended)+1] == string(markExtended)+"-"
}

// extended is the end of a generation as it was put last, if it ever was. Of
// two, which a killed run leaves, the later one counts.
func (s survey) extended(id string, number int) (end time.Time, put bool) {
	if k, _, kept := s.keeper(id, number); kept {
		return k.until, k.put
	}
	for _, v := range s.volumes {
		of := generationOf(v.Labels)
		if !isExtension(v) || of.Preview.ID != id || of.Number != number {
			continue
		}
		if !put || of.Expires.IsZero() || !end.IsZero() && of.Expires.After(end) {
			end = of.Expires
		}
		put = true
	}
	return end, put
}
