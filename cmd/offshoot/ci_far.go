package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/report"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// guarded runs an up on a machine of its own between the questions of a CI job.
// The lock is that machine's, which lets the newer commit win by itself. So the
// job asks again before anything begins there, see remote.Delivery, and when all
// is done, before it says how that ended.
func (f *farUp) guarded(ctx context.Context) (*provision.Result, error) {
	g := f.options.guard
	if g.Wanted == nil {
		return f.run(ctx)
	}
	if err := g.Wanted(ctx); err != nil {
		return nil, err
	}
	result, err := f.run(ctx)
	if late := f.late(ctx, err); late != nil {
		result, err = nil, late
	}
	if g.Conclude != nil {
		g.Conclude(ctx, result, err)
	}
	return result, err
}

// late says that a run which ended is not wanted any more. Its preview, or its
// machine, is that of the run which is. That the forge cannot be asked now is no
// reason to give up what was made.
func (f *farUp) late(ctx context.Context, err error) error {
	var newer *remote.NewerError
	if errors.As(err, &newer) {
		return fmt.Errorf("%w: %w", ci.ErrUnwanted, err)
	}
	if late := f.options.guard.Wanted(ctx); errors.Is(late, ci.ErrUnwanted) {
		return late
	}
	return nil
}

// downFar removes the machine of a preview, unless it is wanted again.
func (p *ciPreviews) downFar(ctx context.Context, preview provision.Preview, g ci.Guard) error {
	if err := g.Wanted(ctx); err != nil {
		return err
	}
	err := p.downPreview(ctx, p.cfg, preview, false)
	g.Conclude(ctx, report.Report{}, err)
	return err
}

// nowFar reads what serves from the labels of its machine.
func (p *ciPreviews) nowFar(ctx context.Context, preview provision.Preview) (now ci.Preview, err error) {
	f, err := p.far(ctx, p.cfg, preview)
	if errors.Is(err, provision.ErrNoPreview) {
		return now, nil
	}
	if err != nil {
		return now, err
	}
	m := f.machine
	now = ci.Preview{Commit: m.Labels[provision.LabelServes], Expires: m.Expires, Machine: m.ID + " (" + m.Type + ", " + m.Zone + ")"}
	if link := m.Labels[provision.LabelLink]; link != "" {
		now.Links = []report.Link{{Service: "preview", URL: link}}
	}
	return now, nil
}

// extendFar lets a machine live longer, counted from now or from its end,
// whichever is later. One without an end keeps having none.
func (p *ciPreviews) extendFar(ctx context.Context, preview provision.Preview, by time.Duration) (until time.Time, err error) {
	f, err := p.far(ctx, p.cfg, preview)
	if err != nil || f.machine.Expires.IsZero() {
		return until, err
	}
	until = time.Now()
	if f.machine.Expires.After(until) {
		until = f.machine.Expires
	}
	until = until.Add(by).UTC().Truncate(time.Second)
	return until, f.expire(ctx, until)
}

// explainFarFailure adds what an error of a machine of its own says: what the
// run printed last there, or the console of a machine that did not boot.
func explainFarFailure(f *report.Failure, err error) {
	var run *remote.RunError
	if errors.As(err, &run) {
		f.Error, f.Log = run.Outcome.Error, run.Outcome.Tail
		if run.Outcome.Part != f.Step {
			f.Service = run.Outcome.Part
		}
	}
	var boot *ec2.BootError
	if errors.As(err, &boot) {
		f.Log = boot.Console
	}
}
