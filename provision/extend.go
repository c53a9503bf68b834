package provision

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// markExtended says that a generation is meant to live longer than its labels
// say, which cannot be changed.
const markExtended mark = "extended"

// Extend lets a preview live longer than it was meant to, counted from now or
// from its end, whichever is later, and returns the new end. A preview without
// an end keeps having none, which is the zero time.
func Extend(ctx context.Context, machine Machine, id string, by time.Duration) (time.Time, error) {
	until, err := machine.extend(ctx, id, by)
	if err != nil {
		return time.Time{}, fmt.Errorf("extend %s: %w", id, err)
	}
	return until, nil
}

func (m Machine) extend(ctx context.Context, id string, by time.Duration) (until time.Time, err error) {
	if by <= 0 {
		return until, hint.Usage(errors.New("not a time to live longer"), "give a duration such as 24h")
	}
	engineID, err := m.Engine.ID(ctx)
	if err != nil {
		return until, err
	}
	lock, err := acquire(ctx, lockFor(m.locks(), engineID, id), id, "extend", downPatience)
	if err != nil {
		return until, err
	}
	defer lock.release()
	s, g, err := m.find(ctx, id)
	if err != nil {
		return until, err
	}
	if g.Expires.IsZero() {
		return until, nil
	}
	now := time.Now()
	if g.Expires.Before(now) {
		g.Expires = now
	}
	g.Expires = g.Expires.Add(by).UTC().Truncate(time.Second)
	return g.Expires, m.markUntil(ctx, s, g)
}

// markUntil makes the new marker before it removes the ones before: a killed
// run leaves the preview with the longer time, never with a shorter one.
func (m Machine) markUntil(ctx context.Context, s survey, g generation) error {
	api := m.Engine.Client()
	end := mark(string(markExtended) + "-" + strconv.FormatInt(g.Expires.Unix(), 10))
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

func isExtension(v jar) bool {
	m := v.Labels[labelMark]
	return len(m) > len(markExtended) && m[:len(markExtended)+1] == string(markExtended)+"-"
}

// extended is the end of a generation as it was put off last; zero: never.
func (s survey) extended(id string, number int) time.Time {
	var end time.Time
	for _, v := range s.volumes {
		of := generationOf(v.Labels)
		if isExtension(v) && of.Preview.ID == id && of.Number == number && of.Expires.After(end) {
			end = of.Expires
		}
	}
	return end
}
