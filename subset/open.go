package subset

import (
	"context"
	"fmt"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// Source is one snapshot of the database that rows are taken from.
type Source struct {
	*snapshot.Snapshot
	spec plan.Spec
}

// Open connects to the source, takes its snapshot, reads its catalog and
// locks its tables against changes of their definition. Nothing that it does
// writes to the source.
func Open(ctx context.Context, spec plan.Spec) (*Source, error) {
	s, err := snapshot.Open(ctx, snapshot.Options{
		URL: spec.URL, Way: spec.Way, Connections: spec.Connections, LockTimeout: spec.LockTimeout,
		Load:    snapshot.Load(spec.Load),
		Waiting: spec.Waiting,
	})
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	return &Source{Snapshot: s, spec: spec}, nil
}

// Catalog is what the source's database is.
func (s *Source) Catalog() *catalog.Database { return s.Database }

// StepScore names the events of Score, which count steps instead of rows.
const StepScore = "score"

// Score measures the subset in the database at url, see score.Measure. observe
// may be nil; it is called from one goroutine at a time.
func (s *Source) Score(ctx context.Context, url string, observe func(Event)) (*score.Score, error) {
	tell := serialized(observe)
	return score.Measure(ctx, s.Snapshot, s.spec, url, func(done, total int64) {
		tell(Event{Step: StepScore, Rows: done, Total: total})
	})
}
