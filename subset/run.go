package subset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
	"github.com/offshoot-dev/offshoot/subset/walk"
)

// The steps of a run, in events and in the report.
const (
	StepWalk   = "walk"   // choose rows
	StepCopy   = "copy"   // copy them to the sink
	StepFinish = "finish" // constraints, indexes, sequences: the sink's last part
)

// Event is one thing that happened during a Run, for progress displays.
type Event struct {
	Step  string // StepWalk, StepCopy or StepFinish
	Table string // "schema.table", where the event concerns one
	Rows  int64  // chosen (walk) or copied (copy) so far: of the table, or in all when the step is complete
	Total int64  // expected in the end
	Bytes int64  // copied so far
	Done  bool   // the table, or without a table the step, is complete
}

// Run chooses the rows of the plan and hands them to the sink, which it
// closes. The plan must come from this Source. observe may be nil; it is
// called from one goroutine at a time.
func (s *Source) Run(ctx context.Context, p *plan.Plan, sink Sink, observe func(Event)) (*Report, error) {
	r := &run{src: s, plan: p, sink: s.inspect(p, sink), began: time.Now(), observe: serialized(observe)}
	report, err := r.all(ctx)
	err = s.Recovered(ctx, err)
	if closing := sink.Close(context.WithoutCancel(ctx), err != nil); closing != nil {
		err = errors.Join(err, fmt.Errorf("close target: %w", closing))
	}
	if err != nil {
		return nil, err
	}
	return report, nil
}

func serialized(observe func(Event)) func(Event) {
	var mu sync.Mutex
	return func(e Event) {
		if observe != nil {
			mu.Lock()
			defer mu.Unlock()
			observe(e)
		}
	}
}

type run struct {
	src     *Source
	plan    *plan.Plan
	sink    Sink
	began   time.Time
	observe func(Event)

	kept   *walk.Result
	mu     sync.Mutex // of the two below
	heaps  map[*catalog.Heap]copied
	tables map[*catalog.Table]copied
	steps  []Step

	objects  LargeObjects
	warnings []string // that only the run can give
}

func (r *run) all(ctx context.Context) (*Report, error) {
	if err := r.step(ctx, StepWalk, r.choose); err != nil {
		return nil, err
	}
	if err := r.step(ctx, StepCopy, r.copyKept); err != nil {
		return nil, err
	}
	if err := r.step(ctx, StepFinish, r.finish); err != nil {
		return nil, err
	}
	return r.report(), nil
}

func (r *run) step(ctx context.Context, name string, do func(context.Context) error) error {
	began := time.Now()
	if err := do(ctx); err != nil {
		return err
	}
	r.steps = append(r.steps, Step{name, time.Since(began).Seconds()})
	done := Event{Step: name, Done: true}
	switch name {
	case StepWalk:
		done.Rows = r.kept.Rows
	case StepCopy:
		for _, t := range r.tables {
			done.Rows += t.rows
			done.Bytes += t.bytes
		}
	}
	done.Total = done.Rows
	r.observe(done)
	return nil
}

// choose walks while the sink writes the schema.
func (r *run) choose(ctx context.Context) error {
	known, err := r.src.facts(ctx, r)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return r.sink.Begin(ctx, Origin{
			URL: r.src.spec.URL, Way: r.src.spec.Way, Server: r.src.Server, Snapshot: r.src.ID,
			RoundTrip: r.src.RoundTrip, Catalog: r.src.Database,
			Privacy: r.privacy(), Excluded: r.plan.Unreadable, Rewrite: r.plan.Rewrite,
			Skip: r.plan.Skip, LockTimeout: cmp.Or(r.src.spec.LockTimeout, snapshot.DefaultLockTimeout),
			Facts: known,
		})
	})
	g.Go(func() error { return r.walk(ctx) })
	return g.Wait()
}

// chosen tells of rows of one table.
func (r *run) chosen(t *plan.TablePlan, rows int64, done bool) {
	r.observe(Event{Step: StepWalk, Table: t.Table.Name.Dotted(), Rows: rows, Total: t.Target, Done: done})
}

func (r *run) finish(ctx context.Context) error {
	sequences, err := r.sequences(ctx)
	if err != nil {
		return fmt.Errorf("sequences: %w", err)
	}
	return r.sink.Finish(ctx, Ending{
		Sequences: sequences,
		Dangling:  r.broken(),
		MatViews:  r.src.Database.MatViews,
	})
}

// broken is the keys that PostgreSQL believes to hold, though kept rows
// break them: the source does too, by rows that came in past its triggers.
func (r *run) broken() []*catalog.ForeignKey {
	var broken []*catalog.ForeignKey
	for i, k := range r.plan.ForeignKeys {
		if k.OID != 0 && k.Validated && r.kept.Keys[i].Dangling > 0 {
			broken = append(broken, k)
		}
	}
	return broken
}
