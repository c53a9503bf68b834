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
	p, err := plan.Make(s.Database, counts, s.spec)
	if err != nil {
		return nil, err
	}
	p.Warnings = append(p.Warnings, s.Notices...)
	if err := s.checkConditions(ctx, p); err != nil {
		return nil, err
	}
	return p, s.mask(ctx, p)
}
