package subset

import (
	"context"
	"fmt"

	"github.com/offshoot-dev/offshoot/subset/plan"
)

// Plan counts rows where statistics will not do and says what Run will do.
func (s *Source) Plan(ctx context.Context) (*plan.Plan, error) {
	counts, err := s.Count(ctx)
	if err != nil {
		return nil, fmt.Errorf("count rows: %w", s.Explain(s.Leader, err))
	}
	spec := s.spec
	pace, err := s.Pace(ctx, !spec.Disk.IsGiven())
	if err != nil {
		return nil, fmt.Errorf("measure how fast the source reads: %w", err)
	}
	spec.Pace = spec.Disk.Pace(pace)
	p, err := plan.Make(s.Database, counts, spec)
	if err != nil {
		return nil, err
	}
	if spec.Matching, err = s.checkConditions(ctx, p, counts); err != nil {
		return nil, err
	}
	if conditioned(p) {
		if p, err = plan.Make(s.Database, counts, spec); err != nil {
			return nil, err
		}
	}
	p.Warnings = append(p.Warnings, s.Notices...)
	return p, s.mask(ctx, p)
}
