package dedicated

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/machine"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// Extend lets a machine live longer, counted from now or from its end, whichever
// is later. One without an end keeps having none.
func (p Previews) Extend(
	ctx context.Context, of provision.Preview, by time.Duration,
) (until time.Time, err error) {
	if by <= 0 {
		return until,
			hint.Usage(fmt.Errorf("extend %s: not a time to live longer", of.ID), "give a duration such as 24h")
	}
	m, err := p.find(ctx, of)
	if err != nil || m.Expires.IsZero() {
		return until, err
	}
	until = time.Now()
	if m.Expires.After(until) {
		until = m.Expires
	}
	until = until.Add(by).UTC().Truncate(time.Second)
	return until, p.expire(ctx, m, until)
}

// Expire says when a machine expires; the zero time: never.
func (p Previews) Expire(ctx context.Context, of provision.Preview, at time.Time) error {
	m, err := p.find(ctx, of)
	if err != nil {
		return err
	}
	return p.expire(ctx, m, at.UTC().Truncate(time.Second))
}

// expire changes the label, and the timer of a machine that runs.
func (p Previews) expire(ctx context.Context, m machine.Machine, at time.Time) error {
	m, err := p.Provider.Extend(ctx, m.ID, at)
	if err != nil || m.State != machine.Running {
		return err
	}
	h, err := p.Provider.Connect(ctx, m)
	if err != nil {
		return fmt.Errorf("the machine's own timer was not told: %w", err)
	}
	return h.Close()
}

// Stop stops the machine, and keeps its disk.
func (p Previews) Stop(ctx context.Context, of provision.Preview) error {
	m, err := p.find(ctx, of)
	if err != nil {
		return err
	}
	return p.Provider.Stop(ctx, m.ID)
}

// Start lets the machine run, and its gateway answer at its new address. That
// nothing serves on it is no error, but a status without a link.
func (p Previews) Start(
	ctx context.Context, of provision.Preview, _ time.Duration, _ func(provision.Event),
) (status provision.Status, err error) {
	m, err := p.find(ctx, of)
	if err != nil {
		return status, err
	}
	spec := machine.Spec{Preview: m.Preview, Repository: m.Repository, Expires: m.Expires, Labels: m.Labels}
	if m, err = p.Provider.Ensure(ctx, spec); err != nil {
		return status, err
	}
	if status, err = p.reopen(ctx, of, m); err != nil {
		return status, err
	}
	status.Machine = &m
	if len(status.Links) == 0 {
		status.State = provision.Incomplete
		return status, nil
	}
	spec.Labels[provision.LabelLink] = status.Links[0].URL
	_, err = p.Provider.Ensure(ctx, spec)
	return status, err
}

// reopen is of the zero status where nothing serves.
func (p Previews) reopen(
	ctx context.Context, of provision.Preview, m machine.Machine,
) (status provision.Status, err error) {
	front, err := p.Front(m)
	if err != nil {
		return status, err
	}
	err = p.reach(ctx, m, func(s remote.Site) error {
		status, err = s.Reopen(ctx, of.ID, front, p.Stderr)
		return err
	})
	if errors.Is(err, provision.ErrNoPreview) {
		return provision.Status{Preview: of}, nil
	}
	return status, err
}
