package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/scratch"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// checkChecks refuses --check where there is nothing to check later.
func (o subsetOptions) checkChecks() error {
	switch {
	case !o.checks:
		return nil
	case o.plan:
		return hint.Usage(errors.New("--check and --plan exclude each other"), "a plan writes nothing")
	case o.to == "-", sink.IsDatabase(o.to):
		return hint.Usage(errors.New("--check is for files and buckets"),
			"a database has loaded the subset when the run ends well; what stdout leads to cannot be looked at")
	}
	return nil
}

// checked makes the subset beside where it is wanted, and puts it there once it has been loaded.
func (r *subsetRun) checked(ctx context.Context) (_ *subset.Report, err error) {
	staged, err := sink.Stage(r.to, r.replace)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, staged.Discard()) }()
	local := *r
	local.to, local.replace = staged.Path, false
	report, err := local.withRetry(ctx)
	if err != nil {
		return nil, err
	}
	if err := local.load(ctx, report); err != nil {
		return nil, err
	}
	return report, staged.Place()
}

// load loads the file into a server of its own, which is gone afterwards.
func (r *subsetRun) load(ctx context.Context, report *subset.Report) (err error) {
	step := r.ui.Start("check the archive")
	defer func() {
		if err != nil {
			step.Fail("")
		}
	}()
	server, err := r.app.scratchServer(ctx, r.ui, report.Server/10000, r.like)
	if err != nil {
		return fmt.Errorf("check the archive: %w", err)
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	warnings, err := server.Load(ctx, r.to, r.raises)
	if err != nil {
		return hint.Wrap(fmt.Errorf("the archive does not load into PostgreSQL %d: %w", server.Version(), err),
			"nothing is left of it; see what the source's schema leans on, or leave --check out to have the file")
	}
	report.Warnings = append(report.Warnings, warnings...)
	for _, warning := range warnings {
		r.ui.Warn(warning)
	}
	step.Done(fmt.Sprintf("it loads into PostgreSQL %d", server.Version()))
	if r.score {
		report.Score, err = scoreSubset(ctx, r.ui, r.spec, server.Database())
	}
	return err
}

func databaseLike(source *catalog.Database) scratch.Database {
	return scratch.Database{
		Encoding: source.Encoding, Collate: source.Locale.Collate, Ctype: source.Locale.Ctype,
		Provider: source.Locale.Provider, Locale: source.Locale.Name,
	}
}
