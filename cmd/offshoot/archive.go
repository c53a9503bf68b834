package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// archive is the file that up loads; the zero archive is none.
type archive struct {
	path   string
	folder string         // to be removed with the archive, when up made it
	report *subset.Report // likewise
}

// remove removes what up made for itself: rows of production do not stay on
// this computer's disk.
func (r archive) remove() error {
	if r.folder == "" {
		return nil
	}
	err := os.RemoveAll(r.folder)
	_ = os.Remove(filepath.Dir(r.folder)) // stays while another up uses it
	return err
}

// archive returns the file that the command line names, or makes a subset of
// the configured source in a private folder.
func (a archiving) archive(
	ctx context.Context, u *ui.UI, cfg *config.Config, o upOptions, preview provision.Preview,
) (archive, error) {
	if store.IsLocation(o.archive) {
		return a.archiveFromBucket(ctx, u, o.archive)
	}
	if o.archive != "" {
		path, err := filepath.Abs(o.archive)
		return archive{path: path}, err
	}
	if o.keepData {
		return archive{}, nil
	}
	spec, err := a.spec(cfg, sourceFlags{})
	if errors.Is(err, errNoSource) {
		return archive{}, nil // the run says what that means
	}
	if err != nil {
		return archive{}, hint.Wrap(err, "or load a file with --archive")
	}
	if err := checkCompose(ctx, cfg); err != nil {
		return archive{}, err
	}
	made, err := a.makeArchive(ctx, u, cfg, spec, preview)
	if err == nil && o.subset != nil {
		o.subset(made.report)
	}
	return made, err
}

// checkCompose finds what is wrong with the compose file before minutes are
// spent on a subset.
func checkCompose(ctx context.Context, cfg *config.Config) error {
	project, _, err := compose.Load(ctx, cfg.ComposeSource())
	if err != nil {
		return err
	}
	if _, err := compose.FindDatabase(project, cfg.Preview.Database); err != nil {
		return err
	}
	_, err = compose.FindExposed(project, cfg.Preview.Expose)
	return err
}

func (a archiving) makeArchive(
	ctx context.Context, u *ui.UI, cfg *config.Config, spec plan.Spec, preview provision.Preview,
) (archive, error) {
	parent, err := a.archiveFolder(preview)
	if err != nil {
		return archive{}, err
	}
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return archive{}, fmt.Errorf("make the archive: %w", err)
	}
	folder, err := os.MkdirTemp(parent, "up-")
	if err != nil {
		return archive{}, fmt.Errorf("make the archive: %w", err)
	}
	made := archive{path: filepath.Join(folder, "subset.sql.zst"), folder: folder}
	run := &subsetRun{app: a.sourcing, ui: u, spec: spec, to: made.path}
	run.spec.Masking, err = a.masking(cfg, "")
	var report *subset.Report
	if err == nil {
		report, err = run.withRetry(ctx)
	}
	if err != nil {
		return archive{}, errors.Join(fmt.Errorf("subset: %w", err), made.remove())
	}
	u.Info(kept(report))
	made.report = report
	return made, nil
}

// kept says in one line what a subset holds; up has no room for the tables.
func kept(r *subset.Report) string {
	return fmt.Sprintf("kept %s of %s's %s in %s, no foreign key dangles that did not before",
		ui.Plural(r.Rows, "row"), r.Database, ui.Plural(r.SourceRows, "row"), ui.Plural(int64(len(r.Tables)), "table"))
}

// archiveFolder is where up makes its archives of a preview. Down removes it,
// in case an up was killed.
func (a archiving) archiveFolder(preview provision.Preview) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", hint.Wrap(fmt.Errorf("make the archive: %w", err), "set HOME or XDG_CACHE_HOME")
	}
	return filepath.Join(cache, "offshoot", preview.ID), nil
}
