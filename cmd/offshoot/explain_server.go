package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/planner"
	"github.com/offshoot-dev/offshoot/internal/queryplan"
	"github.com/offshoot-dev/offshoot/internal/scratch"
	"github.com/offshoot-dev/offshoot/internal/ui"
)

// loadedArchive is a server with the rows of an archive.
type loadedArchive struct {
	server planner.Local
	facts  *facts.Facts
	copies int
}

// Close ends the server.
func (l *loadedArchive) Close() error { return l.server.Close() }

func (a data) loadArchive(
	ctx context.Context, u *ui.UI, what, path string, known *facts.Facts,
) (*loadedArchive, error) {
	step := u.Start(what)
	server, err := a.scratchServer(ctx, u, known.Server/10000, likeSource(known))
	if err != nil {
		step.Fail("")
		return nil, err
	}
	l := &loadedArchive{server: planner.Local{Server: server}, facts: known}
	if _, err = server.Load(ctx, path, nil); err == nil {
		err = l.run(ctx, scratch.Loaded, "ANALYZE")
	}
	if err != nil {
		step.Fail("")
		return nil, errors.Join(fmt.Errorf("%s into PostgreSQL %d: %w", what, server.Version(), err), l.Close())
	}
	step.Done("")
	return l, nil
}

func likeSource(known *facts.Facts) scratch.Database {
	d := known.Database
	if d == nil {
		return scratch.Database{}
	}
	return scratch.Database{
		Encoding: d.Encoding, Collate: d.Collate, Ctype: d.Ctype, Provider: d.Provider, Locale: d.Locale,
	}
}

// notes tell in what the server is not like the source.
func (l *loadedArchive) notes() []string {
	if l.server.Foreign() {
		return []string{fmt.Sprintf("texts are ordered otherwise than in the source, whose locale %s is not known here",
			cmp.Or(l.facts.Database.Locale, l.facts.Database.Collate))}
	}
	return []string{}
}

// run runs statements as the owner of what was loaded, who is no superuser.
func (l *loadedArchive) run(ctx context.Context, database string, statements ...string) error {
	session, err := l.server.Connect(ctx, database, scratch.Loader)
	if err != nil {
		return err
	}
	defer session.Close()
	for _, one := range statements {
		if _, err := session.Query(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// plans asks a copy of the database that is dressed as production for plans.
func (l *loadedArchive) plans(
	ctx context.Context, u *ui.UI, tried []string, o explainOptions,
) ([]planned, planner.Notes, error) {
	step := u.Start(map[bool]string{true: "production's sizes and statistics", false: "what if"}[len(tried) == 0])
	database, notes, err := l.production(ctx, tried)
	if err != nil {
		step.Fail("")
		return nil, nil, err
	}
	step.Done("")
	plans, err := l.explain(ctx, database, o)
	return plans, notes, err
}

// production is a copy with production's sizes and statistics. What is tried is run on another copy first, while its
// files are as short as they are.
func (l *loadedArchive) production(ctx context.Context, tried []string) (string, planner.Notes, error) {
	from, err := scratch.Loaded, error(nil)
	if len(tried) > 0 {
		if from, err = l.copy(ctx, from); err != nil {
			return "", nil, err
		}
		if err := l.run(ctx, from, tried...); err != nil {
			return "", nil, hint.Wrap(fmt.Errorf("what if: %w", err),
				"the archive's schema is that of production; give what it lacks with another --what-if before")
		}
		if err := l.run(ctx, from, "ANALYZE"); err != nil {
			return "", nil, err
		}
	}
	database, err := l.copy(ctx, from)
	if err != nil {
		return "", nil, err
	}
	notes, err := planner.Dress(ctx, l.server, database, l.facts)
	return database, notes, err
}

func (l *loadedArchive) copy(ctx context.Context, from string) (string, error) {
	l.copies++
	to := fmt.Sprintf("copy%d", l.copies)
	return to, planner.Copy(ctx, l.server, from, to)
}

// planned is the plan of a statement, or why there is none.
type planned struct {
	plan    *queryplan.Plan
	refused *pgconn.PgError
}

func (l *loadedArchive) explain(ctx context.Context, database string, o explainOptions) ([]planned, error) {
	session, err := l.server.Connect(ctx, database, scratch.Loader)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	for _, sql := range []string{"SET default_transaction_read_only = on", "SET statement_timeout = '1min'"} {
		if _, err := session.Query(ctx, sql); err != nil {
			return nil, err
		}
	}
	var plans []planned
	for _, statement := range o.statements {
		var one planned
		one.plan, err = planner.Explain(ctx, session, statement, o.generic)
		if err != nil && !errors.As(err, &one.refused) {
			return nil, err
		}
		plans = append(plans, one)
	}
	return plans, nil
}
