package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

const beganAgain = "recovery conflict on the standby, beginning again"

// copy makes the subset. Where a standby ends the snapshot it begins again,
// once, with a new snapshot and a new target: the first has undone what it did.
func (r *subsetRun) copy(ctx context.Context) (*subset.Report, error) {
	report, err := r.attempt(ctx)
	if !errors.Is(err, snapshot.ErrRecoveryConflict) {
		return report, err
	}
	if r.to == "-" {
		return nil, hint.Wrap(err, "write to a file instead of -: what is on stdout already cannot be taken back to begin again")
	}
	r.ui.Warn(beganAgain)
	again := *r
	again.silent = true // it has been said that rows are unmasked
	report, err = again.attempt(ctx)
	if errors.Is(err, snapshot.ErrRecoveryConflict) {
		return nil, fmt.Errorf("begun again in vain: %w", err)
	}
	if err != nil {
		return nil, err
	}
	report.Warnings = append(report.Warnings, beganAgain)
	return report, nil
}
