package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/report"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// guarded runs an up on a machine of its own between the questions of a CI job.
// The lock is that machine's, which lets the newer commit win by itself; the job
// looks once more when all is done.
func (f *farUp) guarded(ctx context.Context) (*provision.Result, error) {
	g := f.options.guard
	if g.Wanted != nil {
		if err := g.Wanted(ctx); err != nil {
			return nil, err
		}
	}
	result, err := f.run(ctx)
	var newer *remote.NewerError
	if errors.As(err, &newer) {
		err = fmt.Errorf("%w: %w", ci.ErrUnwanted, err)
	}
	if g.Conclude != nil {
		g.Conclude(ctx, result, err)
	}
	return result, err
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
	now = ci.Preview{Commit: m.Labels[provision.LabelCommit], Expires: m.Expires, Machine: m.ID + " (" + m.Type + ", " + m.Zone + ")"}
	if link := m.Labels[provision.LabelLink]; link != "" {
		now.Links = []report.Link{{Service: "preview", URL: link}}
	}
	return now, nil
}
