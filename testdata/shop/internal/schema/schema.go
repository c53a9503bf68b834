// Package schema holds the shop's migrations and applies them.
//
//	production   what is live: 0001 to 0006
//	pullrequest  what the branch adds: care levels, wish lists and tracking
//	broken       fails after a good first statement, only on request
package schema

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed production/*.sql pullrequest/*.sql broken/*.sql
var files embed.FS

// Set names how far a migration goes; every set contains the ones before it.
type Set string

// The sets, smallest first.
const (
	Production  Set = "production"
	PullRequest Set = "pullrequest"
	Broken      Set = "broken"
)

// ErrSet says that a set's name is not known.
var ErrSet = errors.New("unknown set of migrations: want production, pullrequest or broken")

// Apply brings the database up to the end of set and returns the names of the
// migrations it applied, in order.
func Apply(ctx context.Context, config *pgx.ConnConfig, set Set) ([]string, error) {
	migrations, err := set.files()
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	provider, err := newProvider(db, migrations)
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = partial.Applied
	}
	return names(results), explain(err)
}

// newProvider makes goose apply each migration in a transaction of its own, and
// two runs at once one after the other.
func newProvider(db *sql.DB, migrations fs.FS) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations,
		goose.WithDisableGlobalRegistry(true), goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}

// explain names the failed migration once, in front of PostgreSQL's message.
func explain(err error) error {
	var partial *goose.PartialError
	if errors.As(err, &partial) && partial.Failed != nil {
		return fmt.Errorf("migrate %s: %w", partial.Failed.Source.Path, partial.Err)
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

func names(results []*goose.MigrationResult) []string {
	var applied []string
	for _, r := range results {
		applied = append(applied, r.Source.Path)
	}
	return applied
}

// files is the folder of every migration up to the end of the set.
func (s Set) files() (fs.FS, error) {
	var folders union
	for _, each := range []Set{Production, PullRequest, Broken} {
		sub, err := fs.Sub(files, string(each))
		if err != nil {
			return nil, err
		}
		folders = append(folders, sub)
		if each == s {
			return folders, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrSet, string(s))
}

// union shows the files of several folders as one.
type union []fs.FS

// Open opens a file of the first folder that has it.
func (u union) Open(name string) (fs.File, error) {
	for _, folder := range u {
		f, err := folder.Open(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Glob lists the matching files of all folders.
func (u union) Glob(pattern string) ([]string, error) {
	var all []string
	for _, folder := range u {
		found, err := fs.Glob(folder, pattern)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}
