package score

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// Measure scores the subset in the database at url, which any tool may have
// made, against the source: tables are matched by schema and name, and targets
// are those of the spec. It reads both databases as a whole, in one snapshot
// each, and writes to neither; what it holds in memory is counts. observe is
// called from many goroutines, with the steps that are done; it may be nil.
func Measure(
	ctx context.Context, source *snapshot.Snapshot, spec plan.Spec, url string, observe func(done, total int64),
) (_ *Score, err error) {
	began := time.Now()
	target, err := openTarget(ctx, url, len(source.Workers))
	if err != nil {
		return nil, fmt.Errorf("score: %w", err)
	}
	defer func() { err = errors.Join(err, target.Close(ctx)) }()
	r, err := newScoring(source, target, spec)
	if err != nil {
		return nil, fmt.Errorf("score: %w", err)
	}
	if err := r.planForScans(ctx); err != nil {
		return nil, fmt.Errorf("score: %w", err)
	}
	r.observe = observe
	steps := []func(context.Context) error{r.chooseColumns, r.countRows, r.plans, r.measureKeys, r.findRows}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("score: %w", err)
		}
	}
	score := makeScore(r.head, r.tables, r.keys)
	score.Seconds = time.Since(began).Seconds()
	return score, nil
}

// openTarget opens a database that was written as one to read.
func openTarget(ctx context.Context, url string, connections int) (*snapshot.Snapshot, error) {
	t, err := snapshot.Open(ctx, snapshot.Options{URL: url, Connections: connections})
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	return t, nil
}

// scoring is one measurement.
type scoring struct {
	sides   [2]*snapshot.Snapshot // source, target
	spec    plan.Spec
	head    Score // what is known before anything is counted
	tables  []*measured
	pairs   map[*catalog.Table]*measured // by the source's table
	twins   map[*measured]*catalog.Table // the target's
	counts  catalog.Counts               // of the source
	follows []followed
	keys    []measuredKey
	digests string // the encoding in which values are compared

	observe func(done, total int64)
	total   int64 // steps, of which done
	done    atomic.Int64
}

func newScoring(source, target *snapshot.Snapshot, spec plan.Spec) (*scoring, error) {
	p, err := plan.Make(source.Database, catalog.Counts{}, spec)
	if err != nil {
		return nil, err
	}
	r := &scoring{
		sides: [2]*snapshot.Snapshot{source, target}, spec: spec,
		head:  Score{Database: source.Database.Name, Subset: target.Database.Name, Curve: spec.Curve.String()},
		pairs: map[*catalog.Table]*measured{}, twins: map[*measured]*catalog.Table{},
		counts: catalog.Counts{}, digests: commonEncoding(source.Database, target.Database),
	}
	for i := range p.Tables {
		r.pair(&p.Tables[i])
	}
	for _, t := range target.Database.Tables {
		if source.Database.Table(t.Name.Dotted()) == nil {
			r.head.OnlySubset = append(r.head.OnlySubset, t.Name.Dotted())
		}
	}
	slices.Sort(r.head.OnlySource)
	r.total = int64(4*len(r.tables) + 2*len(p.ForeignKeys)) // columns, rows on either side, places
	return r, r.access()
}

func (r *scoring) pair(t *plan.TablePlan) {
	twin := r.sides[1].Database.Table(t.Table.Name.Dotted())
	if twin == nil {
		r.head.OnlySource = append(r.head.OnlySource, t.Table.Name.Dotted())
		return
	}
	m := &measured{plan: t}
	r.tables = append(r.tables, m)
	r.pairs[t.Table], r.twins[m] = m, twin
}

// access refuses a target that cannot be read completely. Make did the
// same for the source.
func (r *scoring) access() error {
	role := r.sides[1].Database.Role
	denied, secured := &plan.PermissionError{Role: role}, &plan.RowSecurityError{Role: role}
	for _, m := range r.tables {
		t := r.twins[m]
		denied.Tables = append(denied.Tables, t.Denied...)
		if t.RowSecurity {
			secured.Tables = append(secured.Tables, t.Name)
		}
	}
	if len(denied.Tables) > 0 {
		return hint.Wrap(fmt.Errorf("target: %w", denied), "grant SELECT on %s to %s", catalog.ListNames(denied.Tables),
			role)
	}
	if len(secured.Tables) > 0 {
		return hint.Wrap(fmt.Errorf("target: %w", secured), "use a role with BYPASSRLS")
	}
	return nil
}

// both calls do for 0 to n-1 on either side, on all connections at once.
func (r *scoring) both(
	ctx context.Context, n int, do func(ctx context.Context, c *pgx.Conn, side, i int) error,
) error {
	g, ctx := errgroup.WithContext(ctx)
	for side, s := range r.sides {
		g.Go(func() error {
			err := s.Each(ctx, n, func(ctx context.Context, c *pgx.Conn, i int) error {
				defer r.tell()
				return do(ctx, c, side, i)
			})
			if side == 1 {
				err = ofTarget(err)
			}
			return err
		})
	}
	return g.Wait()
}

// ofTarget says which of the two databases an error came from.
func ofTarget(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, snapshot.ErrSourceLost):
		return hint.Wrap(errors.New("target: connection lost"), "retry once the target is reachable")
	}
	return fmt.Errorf("target: %w", err)
}

// planForScans gives the planner back what a walk sets against scans: here
// every table is read as a whole.
func (r *scoring) planForScans(ctx context.Context) error {
	for _, s := range r.sides {
		for _, c := range s.Workers {
			if err := s.Set(ctx, c, "SET LOCAL random_page_cost TO DEFAULT"); err != nil {
				return s.Explain(c, err)
			}
		}
	}
	return nil
}

func (r *scoring) tell() {
	done := r.done.Add(1)
	if r.observe != nil {
		r.observe(done, r.total)
	}
}

// table is one of a pair.
func (r *scoring) table(m *measured, side int) *catalog.Table {
	if side == 1 {
		return r.twins[m]
	}
	return m.plan.Table
}

// countRows scans every table once on either side.
func (r *scoring) countRows(ctx context.Context) error {
	counted := make([][]catalog.Count, len(r.tables))
	err := r.both(ctx, len(r.tables), func(ctx context.Context, c *pgx.Conn, side, i int) error {
		m := r.tables[i]
		count, err := r.scan(ctx, c, m, side, &counted[i])
		if err != nil {
			return fmt.Errorf("count rows of %s: %w", m.plan.Table.Name.Dotted(), err)
		}
		if side == 1 {
			m.subset = count
			return nil
		}
		m.source = count
		return nil
	})
	for i, m := range r.tables {
		for n, c := range counted[i] {
			r.counts[m.plan.Table.Heaps[n].OID] = c
		}
	}
	return err
}

// plans asks anew for targets, now that the source's rows are counted.
func (r *scoring) plans(context.Context) error {
	p, err := plan.Make(r.sides[0].Database, r.counts, r.spec)
	if err != nil {
		return err
	}
	r.tables = r.tables[:0]
	for i := range p.Tables {
		if m := r.pairs[p.Tables[i].Table]; m != nil {
			m.plan = &p.Tables[i]
			r.tables = append(r.tables, m)
		}
	}
	r.chooseKeys(p.ForeignKeys)
	return nil
}
