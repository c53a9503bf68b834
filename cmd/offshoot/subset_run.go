package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"time"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/scratch"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/sink"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// closeTimeout bounds cleaning up after the context has ended.
const closeTimeout = 30 * time.Second

// subsetRun is one subset from source to target.
//
//	run ──▶ upload (to a bucket) ──▶ withRetry ──▶ runOnce
type subsetRun struct {
	app        sourcing
	ui         *ui.UI
	spec       plan.Spec
	to         string
	compress   string
	replace    bool
	score      bool
	check      bool                       // that the file loads
	keep       int                        // archives of a folder
	accept     func(*subset.Report) error // before it is uploaded; may be nil
	raises     map[string]bool            // warnings that it may raise then
	like       scratch.Database           // what it loads into
	silent     bool                       // about unmasked rows
	silencedBy string                     // the flag that makes it silent, for the warning
}

// run makes the subset where it is wanted, which may be a bucket.
func (r *subsetRun) run(ctx context.Context) (*subset.Report, error) {
	if store.IsSeries(r.to) {
		return r.intoSeries(ctx)
	}
	if !store.IsLocation(r.to) {
		if r.check {
			return r.checked(ctx)
		}
		return r.withRetry(ctx)
	}
	at, err := bucketTarget(r.to)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.mayReplace(ctx, s, at); err != nil {
		return nil, err
	}
	return r.upload(ctx, s, at)
}

// mayReplace refuses to overwrite an object unasked, before the work.
func (r *subsetRun) mayReplace(ctx context.Context, s *store.Store, at store.Location) error {
	_, err := s.Stat(ctx, at)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !errors.Is(err, store.ErrNoBucket):
		return nil
	case err == nil && !r.replace:
		return fmt.Errorf("%s: %w", at, subset.ErrTargetNotEmpty)
	}
	return err
}

// upload writes a file and uploads it: size and digest of an object have to be
// known when it is begun.
func (r *subsetRun) upload(ctx context.Context, s *store.Store, at store.Location) (_ *subset.Report, err error) {
	folder, err := passingFolder()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	local := *r
	local.to = filepath.Join(folder, path.Base(at.Key))
	report, err := local.withRetry(ctx)
	if err != nil {
		return nil, err
	}
	if r.check {
		if err := local.load(ctx, report); err != nil {
			return nil, err
		}
	}
	if r.accept != nil {
		if err := r.accept(report); err != nil {
			return report, err
		}
	}
	step := r.ui.Start("upload")
	sent, err := s.Upload(ctx, local.to, at, func(done, total int64) {
		step.Progress(done, total, document.Size(done)+" of "+document.Size(total))
	})
	if err != nil {
		step.Fail("")
		return nil, err
	}
	step.Done(document.Size(sent.Bytes) + " to " + at.String())
	return report, nil
}

const retried = "recovery conflict on the standby, retrying with a new snapshot"

// withRetry makes the subset. Where a standby ends the snapshot it retries once,
// with a new snapshot and a new target: the first has undone what it did.
func (r *subsetRun) withRetry(ctx context.Context) (*subset.Report, error) {
	report, err := r.runOnce(ctx)
	if !errors.Is(err, snapshot.ErrRecoveryConflict) {
		return report, err
	}
	if r.to == "-" {
		return nil, hint.Wrap(err, "write to a file instead of -: rows on stdout cannot be taken back for a retry")
	}
	r.ui.Warn(retried)
	again := *r
	again.silent = true // it has been said that rows are unmasked
	report, err = again.runOnce(ctx)
	r.raises, r.like = again.raises, again.like
	if errors.Is(err, snapshot.ErrRecoveryConflict) {
		return nil, fmt.Errorf("the retry failed too: %w", err)
	}
	if err != nil {
		return nil, err
	}
	report.Warnings = append(report.Warnings, retried)
	return report, nil
}

// runOnce makes the subset, of one snapshot.
func (r *subsetRun) runOnce(ctx context.Context) (report *subset.Report, err error) {
	if err := r.app.prepareClient(ctx, r.ui, r.spec); err != nil {
		return nil, err
	}
	target, err := r.sink()
	if err != nil {
		return nil, err
	}
	source, plan, err := r.plan(ctx)
	if err != nil {
		return nil, errors.Join(err, target.Close(context.WithoutCancel(ctx), true))
	}
	defer func() { err = errors.Join(err, closeSource(ctx, source)) }()
	if !r.silent && len(plan.Privacy.Masked) == 0 {
		r.warnUnmasked()
	}
	for _, warning := range plan.Warnings {
		r.ui.Warn(warning)
	}
	progress := newProgress(r.ui, plan)
	report, err = source.Run(ctx, plan, target, progress.observe)
	progress.end(err)
	if err != nil {
		return nil, err
	}
	r.raises, r.like = target.MayRaise(), databaseLike(source.Catalog())
	report.Warnings = append(report.Warnings, target.Warnings()...)
	for _, warning := range report.Warnings[len(plan.Warnings):] {
		r.ui.Warn(warning)
	}
	if r.score && sink.IsDatabase(r.to) {
		report.Score, err = takeScore(ctx, r.ui, source, r.to)
	}
	return report, err
}

const unmasked = "rows are copied as they are: no column is masked"

func (r *subsetRun) warnUnmasked() {
	warning := unmasked
	if r.silencedBy != "" {
		warning += " (" + r.silencedBy + " silences this)"
	}
	r.ui.Warn(warning)
}

// planOnly says what run would do.
func (r *subsetRun) planOnly(ctx context.Context) (paper, error) {
	source, plan, err := r.plan(ctx)
	if err != nil {
		return nil, err
	}
	return plan, closeSource(ctx, source)
}

func (r *subsetRun) plan(ctx context.Context) (_ *subset.Source, _ *plan.Plan, err error) {
	reading := r.ui.Start("read the source")
	r.spec.Waiting = r.ui.Warn
	source, err := subset.Open(ctx, r.spec)
	if err != nil {
		reading.Fail("")
		return nil, nil, err
	}
	plan, err := source.Plan(ctx)
	if err != nil {
		reading.Fail("")
		return nil, nil, errors.Join(err, closeSource(ctx, source))
	}
	reading.Done(fmt.Sprintf("%s, %s", ui.Plural(int64(len(plan.Tables)), "table"), ui.Plural(plan.SourceRows, "row")))
	return source, plan, nil
}

func closeSource(ctx context.Context, source *subset.Source) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return source.Close(ctx)
}

// sink opens the target that --to names.
func (r *subsetRun) sink() (sink.Sink, error) {
	r.app.rememberURL(r.to)
	created, err := r.app.sourceDate()
	if err != nil {
		return nil, err
	}
	return sink.Open(r.to, sink.Options{
		Replace: r.replace, Stdout: r.app.stdout, Created: created,
		Compress: r.compress,
	})
}

// sourceDate is the date that an archive bears instead of the time at which
// it is made. https://reproducible-builds.org/specs/source-date-epoch/
func (a *app) sourceDate() (time.Time, error) {
	text := a.getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 32)
	if err != nil || seconds < 0 {
		return time.Time{}, hint.Usage(fmt.Errorf("SOURCE_DATE_EPOCH is %q", text),
			"give seconds since 1970, or unset it")
	}
	return time.Unix(seconds, 0).UTC(), nil
}
