package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/scratch"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/subset"
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
	if _, err := r.sink(); err != nil { // refuses what is there; touches nothing
		return nil, err
	}
	to := filepath.Clean(r.to)
	waiting, err := os.MkdirTemp(filepath.Dir(to), ".offshoot-check-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(waiting)) }()
	local := *r
	local.to, local.replace = filepath.Join(waiting, filepath.Base(to)), false
	if isFolder(r.to) {
		local.to += "/"
	}
	report, err := local.withRetry(ctx)
	if err != nil {
		return nil, err
	}
	if err := local.load(ctx, report); err != nil {
		return nil, err
	}
	return report, place(filepath.Clean(local.to), to, filepath.Join(waiting, "former"), r.replace)
}

func isFolder(to string) bool {
	info, err := os.Stat(to)
	return err == nil && info.IsDir() || strings.HasSuffix(to, "/")
}

// place gives the archive its name. What was there comes aside first, and is removed with the folder that it is in.
func place(from, to, aside string, replace bool) error {
	_, err := os.Lstat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !replace:
		if err := os.Remove(to); err != nil { // an empty folder
			return fmt.Errorf("%s: %w", to, subset.ErrTargetNotEmpty)
		}
	default:
		if err := os.Rename(to, aside); err != nil {
			return err
		}
	}
	return os.Rename(from, to)
}

// load loads the file into a server of its own, which is gone afterwards.
func (r *subsetRun) load(ctx context.Context, report *subset.Report) (err error) {
	step := r.ui.Start("check the archive")
	defer func() {
		if err != nil {
			step.Fail("")
		}
	}()
	server, err := scratch.Start(ctx, report.Server/10000)
	if err != nil {
		return fmt.Errorf("check the archive: %w", err)
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	warnings, err := server.Load(ctx, r.to)
	if err != nil {
		return hint.Wrap(fmt.Errorf("the archive does not load into PostgreSQL %d: %w", server.Version(), err),
			"nothing is left of it; see what the source's schema leans on, or leave --check out to have the file")
	}
	report.Warnings = append(report.Warnings, warnings...)
	for _, warning := range warnings {
		r.ui.Warn(warning)
	}
	step.Done(fmt.Sprintf("it loads into PostgreSQL %d", server.Version()))
	return nil
}

// checkUpload checks the file that is to be uploaded, where that is asked for.
func (r *subsetRun) checkUpload(ctx context.Context, report *subset.Report) error {
	if !r.check || store.IsLocation(r.to) {
		return nil
	}
	return r.load(ctx, report)
}
