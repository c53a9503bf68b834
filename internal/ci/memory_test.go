package ci_test

import (
	"context"
	"errors"
	"time"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/guard"
	"github.com/offshoot-dev/offshoot/internal/report"
)

// machine holds previews in memory, each behind a lock. Work takes time.
type machine struct {
	rehearsal *report.Rehearsal // what an up tells of its migrations
	checks    *report.Checks    // and of what its code asks
	serving   func()            // told between what an up says when the preview serves, and its end; may be nil
	locks     map[int]chan struct{}
	serves    map[int]string // commit by pull request
	parts     map[int]bool   // what a run has made and not finished
	until     time.Time
	work      func()          // takes the time of a build
	broken    func(int) error // how a build fails
	orders    []ci.Order      // that came to the switch
	sweep     func(context.Context) error
	away      error // why nothing can be reached; nil: it can
}

func newMachine(numbers ...int) *machine {
	m := &machine{locks: map[int]chan struct{}{}, serves: map[int]string{}, parts: map[int]bool{}, work: func() {}}
	for _, n := range numbers {
		m.locks[n] = make(chan struct{}, 1)
	}
	return m
}

func (m *machine) lock(ctx context.Context, number int) (release func(), err error) {
	select {
	case m.locks[number] <- struct{}{}:
		return func() { <-m.locks[number] }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (m *machine) Up(ctx context.Context, o ci.Order, g ci.Guard) (err error) {
	release, err := m.lock(ctx, o.Number)
	if err != nil {
		return err
	}
	defer release()
	err = m.up(ctx, o, g)
	if m.serving != nil && err == nil {
		r := report.Report{
			Links: m.links(o.Number), Rehearsal: &report.Rehearsal{Headline: "under way", UnderWay: true},
		}
		if m.checks != nil {
			r.Checks = &report.Checks{Headline: "compared", UnderWay: true}
		}
		g.Serves(ctx, r)
		m.serving()
	}
	g.Conclude(ctx, report.Report{Links: m.links(o.Number), Rehearsal: m.rehearsal, Checks: m.checks}, err)
	return err
}

func (m *machine) up(ctx context.Context, o ci.Order, g ci.Guard) error {
	if err := g.Wanted(ctx); err != nil {
		return err
	}
	m.parts[o.Number] = true
	m.work()
	err := ctx.Err()
	if err == nil && m.broken != nil {
		err = m.broken(o.Number)
	}
	if err == nil {
		err = g.Wanted(ctx)
	}
	delete(m.parts, o.Number)
	if err == nil {
		m.serves[o.Number] = o.Commit
		m.orders = append(m.orders, o)
	}
	return err
}

func (m *machine) Down(ctx context.Context, number int, g ci.Guard) error {
	if m.away != nil {
		return m.away
	}
	release, err := m.lock(ctx, number)
	if err != nil {
		return err
	}
	defer release()
	if err = g.Wanted(ctx); err == nil {
		m.work()
		delete(m.serves, number)
		delete(m.parts, number)
	}
	g.Conclude(ctx, report.Report{}, err)
	return err
}

func (m *machine) Extend(_ context.Context, number int, by time.Duration) (time.Time, error) {
	if m.serves[number] == "" {
		return time.Time{}, errors.New("no such preview")
	}
	if !m.until.IsZero() {
		m.until = m.until.Add(by)
	}
	return m.until, nil
}

func (m *machine) Now(_ context.Context, number int) (ci.Preview, error) {
	if m.away != nil {
		return ci.Preview{}, m.away
	}
	return ci.Preview{Commit: m.serves[number], Links: m.links(number), Expires: m.until}, nil
}

func (m *machine) Sweep(ctx context.Context) error { return m.sweep(ctx) }

func (m *machine) links(number int) []report.Link {
	if m.serves[number] == "" {
		return nil
	}
	return []report.Link{{Service: "web", URL: "http://pr.shop.localhost:8480/" + m.serves[number]}}
}

// sweepWith removes the previews of pull requests that are not open.
func (m *machine) sweepWith(ctx context.Context, f forge.Forge) error {
	open, err := f.OpenPulls(ctx)
	if err != nil {
		return err
	}
	wanted := map[int]bool{}
	for _, p := range open {
		wanted[p.Number] = true
	}
	for number := range m.locks {
		if wanted[number] {
			continue
		}
		err = errors.Join(err, m.Down(ctx, number, ci.Guard{Guard: guard.Guard[report.Report]{
			Wanted: func(ctx context.Context) error {
				p, err := f.Pull(ctx, number)
				if err == nil && p.Open {
					err = ci.ErrUnwanted
				}
				return err
			},
			Conclude: func(context.Context, report.Report, error) {},
		}}))
	}
	return err
}
