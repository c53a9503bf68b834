package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset"
)

// archiveVariable names what previews load unless --archive does, for all jobs of
// a repository at once.
const archiveVariable = "OFFSHOOT_ARCHIVE"

// keepArchives is how many archives of a folder stay when nobody says.
const keepArchives = 7

// oldArchive is the age from which an archive that is made every night has been
// missed at least once.
const oldArchive = 36 * time.Hour

func (o subsetOptions) checkKeep() error {
	if o.keep < 1 {
		return hint.Usage(fmt.Errorf("--keep %d", o.keep), "keep one archive at least")
	}
	return nil
}

// checkScored refuses --score where no database has the subset.
func (o subsetOptions) checkScored(database bool) error {
	if !o.score || database || o.checks {
		return nil
	}
	return hint.Usage(errors.New("--score needs a database to measure"),
		"give --to the URL of a database, or add --check, or leave --score out")
}

// intoSeries makes the subset as the newest archive of a folder, and removes those
// that are too many then. A run that fails leaves all that are there, and so does
// one whose subset is not as it should be: previews would load it.
func (r *subsetRun) intoSeries(ctx context.Context) (*subset.Report, error) {
	series, err := store.ParseSeries(r.to)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx)
	if err != nil {
		return nil, err
	}
	at := series.At(time.Now())
	if err := r.mayReplace(ctx, s, at); err != nil {
		return nil, err
	}
	next := *r
	next.to, next.accept = at.String(), acceptable
	report, err := next.upload(ctx, s, at)
	if err != nil {
		return report, err
	}
	removed, err := s.Prune(ctx, series, r.keep, at)
	if err != nil {
		return nil, fmt.Errorf("%s is there; remove old archives: %w", at, err)
	}
	if removed > 0 {
		r.ui.Info("removed " + ui.Plural(int64(removed), "old archive"))
	}
	return report, nil
}

// acceptable is the error of a subset that is not to be what previews load.
func acceptable(r *subset.Report) error {
	err := checkReport(r)
	if err == nil && r.Score != nil {
		err = checkScore(r.Score)
	}
	return err
}

// archiveOf is the archive that is named, or else that of the variable.
func (a archiving) archiveOf(o upOptions) string {
	if o.keepData {
		return o.archive
	}
	return cmp.Or(o.archive, a.getenv(archiveVariable))
}

// newest is what to load of an archive that is named: of a folder of a bucket the
// newest in it.
type newest struct {
	name  string
	begun time.Time // zero: it is not of a folder
}

// newestArchive is the newest one where a folder of a bucket is named, and what is
// named otherwise.
func (a archiving) newestArchive(ctx context.Context, name string) (newest, error) {
	if !store.IsSeries(name) {
		return newest{name: name}, nil
	}
	series, err := store.ParseSeries(name)
	if err != nil {
		return newest{}, err
	}
	s, err := store.Open(ctx)
	if err != nil {
		return newest{}, err
	}
	found, err := s.Newest(ctx, series)
	if err != nil {
		return newest{}, fmt.Errorf("archive: %w", err)
	}
	return newest{found.String(), found.Begun}, nil
}

// tell says of when the archive is. Where it is old, whoever makes them may have
// failed.
func (n newest) tell(u *ui.UI) {
	if n.begun.IsZero() {
		return
	}
	age := time.Since(n.begun)
	text := "the archive is of " + n.begun.UTC().Format(document.Minute) + ", " + document.Age(age) + " old"
	if age > oldArchive {
		u.Warn(text + ": look at the job that makes one every night")
		return
	}
	u.Info(text)
}
