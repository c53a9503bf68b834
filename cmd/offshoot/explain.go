package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/planner"
	"github.com/offshoot-dev/offshoot/internal/queryplan"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/internal/ui"
)

const explainLong = `Explain prints the plan that production's planner would choose for a statement.
Nothing of production is needed for it but an archive of offshoot subset, which
tells how large production's tables are, their statistics and its settings. A
server on this computer gets all of these; no statement is run on it, and it is gone
afterwards.

With --what-if it runs what you give there, such as CREATE INDEX, on the
archive's database first, and prints the plan before and after. Several are run
in their order. With --pr it compares with the database of a preview, in which
the pull request's migrations have run.

STATEMENT is one or more, with semicolons between them; - reads them from stdin.`

// explainOptions is the command line of explain.
type explainOptions struct {
	archive string
	whatIf  []string
	generic bool
	of      which // the preview; none by default

	statements []string
}

func (a data) explainCommand() *cobra.Command {
	o := explainOptions{}
	c := &cobra.Command{
		Use:   "explain STATEMENT",
		Short: "print the plan that production would choose",
		Long:  explainLong,
		Example: `  offshoot explain --archive shop.sql.zst 'SELECT * FROM orders WHERE customer_id = 7'
  offshoot explain --archive shop.sql.zst --what-if 'CREATE INDEX ON orders (placed_at)' - < slow.sql`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return hint.Usage(errors.New("explain takes one argument"), "quote the statement, or give - for stdin")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.explain(c.Context(), o, args[0], c.InOrStdin()); err != nil {
				return fmt.Errorf("explain: %w", err)
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&o.archive, "archive", "", "`FILE` of offshoot subset (.sql, .sql.gz, .sql.zst, .dump, folder/), also "+
		"at s3:// (default $"+archiveVariable+")")
	f.StringArrayVar(&o.whatIf, "what-if", nil, "run this `STATEMENT` first and compare; may be given again")
	f.BoolVar(&o.generic, "generic", false, "plan a statement with parameters such as $1 for any values")
	f.Var((*pullFlag)(&o.of.pull), "pr", "compare with the preview of pull request `N`, as its migrations left it")
	f.StringVar(&o.of.branch, "branch", "", "compare with the preview of branch `NAME`")
	a.providerFlag(c)
	a.jsonFlag(c)
	return c
}

// mostStatements bounds what is read from stdin, in bytes.
const mostStatements = 16 << 20

func (o *explainOptions) read(argument string, stdin io.Reader) error {
	if o.of.pull != 0 && o.of.branch != "" {
		return hint.Usage(errors.New("--pr and --branch"), "give one of them")
	}
	if o.archive == "" {
		return hint.Usage(errors.New("no archive given"), "give --archive FILE, which offshoot subset --to FILE writes")
	}
	if argument == "-" {
		text, err := io.ReadAll(io.LimitReader(stdin, mostStatements))
		if err != nil {
			return err
		}
		argument = string(text)
	}
	if o.statements = sqltext.Split(argument); len(o.statements) == 0 {
		return hint.Usage(errors.New("no statement given"), "quote the statement, or give - for stdin")
	}
	for _, one := range o.statements {
		if err := planner.Check(one); err != nil {
			return err
		}
	}
	var tried []string
	for _, one := range o.whatIf {
		tried = append(tried, sqltext.Split(one)...)
	}
	o.whatIf = tried
	return nil
}

func (a data) explain(ctx context.Context, o explainOptions, argument string, stdin io.Reader) error {
	if o.archive == "" {
		o.archive = a.getenv(archiveVariable)
	}
	if err := o.read(argument, stdin); err != nil {
		return err
	}
	u := a.newUI()
	defer u.Close()
	answer, err := a.plans(ctx, u, o)
	if err != nil {
		return err
	}
	u.Close()
	return a.printDocument(answer)
}

// plans loads the archive and asks for plans of all statements, before and after what is to be compared.
func (a data) plans(ctx context.Context, u *ui.UI, o explainOptions) (_ *queryplan.Answer, err error) {
	path, known, err := a.archiveWithFacts(ctx, u, o.archive)
	if err != nil {
		return nil, err
	}
	loaded, err := a.loadArchive(ctx, u, "load the archive", path, known)
	if err != nil {
		return nil, err
	}
	defer closing(loaded, &err)
	before, notes, err := loaded.plans(ctx, u, nil, o)
	if err != nil {
		return nil, err
	}
	answer := &queryplan.Answer{
		Version: 1, Server: known.Server, WhatIf: o.whatIf, Notes: append(loaded.notes(), notes...),
	}
	changed := loaded
	if o.of != (which{}) {
		if changed, err = a.loadPreview(ctx, u, o.of, known); err != nil {
			return nil, err
		}
		defer closing(changed, &err)
	}
	after := make([]planned, len(before))
	if changed != loaded || len(o.whatIf) > 0 {
		if after, notes, err = changed.plans(ctx, u, o.whatIf, o); err != nil {
			return nil, err
		}
		answer.Notes = union(answer.Notes, notes)
	}
	return answer, o.compare(answer, before, after, known)
}

// compare fills the answer in. Of a preview a statement may need what its migrations bring: then there is nothing to
// compare with.
func (o explainOptions) compare(
	answer *queryplan.Answer, before, after []planned, known *facts.Facts,
) error {
	for i, text := range o.statements {
		s := queryplan.Statement{Text: text, Plan: before[i].plan, After: after[i].plan}
		switch refused := before[i].refused; {
		case after[i].refused != nil:
			return askedGenerically(after[i].refused)
		case refused != nil && s.After == nil:
			return askedGenerically(refused)
		case refused != nil:
			answer.Notes = append(answer.Notes, "with the archive's schema there is no plan: "+refused.Message)
			s.Plan, s.After = s.After, nil
		case s.After != nil:
			changes := queryplan.Compare(s.Plan, s.After, func(r string) bool { return planner.Large(known, r) })
			s.Changes = &changes
		}
		s.Tables = sizesOf(s.Plan, known)
		answer.Statements = append(answer.Statements, s)
	}
	return nil
}

// archiveWithFacts fetches an archive, and reads what it tells of its source.
func (a archiving) archiveWithFacts(ctx context.Context, u *ui.UI, name string) (string, *facts.Facts, error) {
	path := strings.TrimSuffix(name, "/")
	if store.IsLocation(name) {
		fetched, err := a.archiveFromBucket(ctx, u, name)
		if err != nil {
			return "", nil, err
		}
		path = fetched.path
	}
	known, err := facts.Of(path)
	switch {
	case err != nil:
		err = hint.Wrap(fmt.Errorf("%s is no archive that can be read: %w", name, err),
			"give one that offshoot subset has made: --archive FILE")
	case !known.Known():
		err = hint.Wrap(fmt.Errorf("%s: %w", name, planner.ErrNoFacts),
			"archives have them that offshoot subset of this version has made")
	}
	return path, known, err
}

func sizesOf(p *queryplan.Plan, known *facts.Facts) []queryplan.Size {
	sizes := []queryplan.Size{}
	for _, name := range p.Relations() {
		if t := known.Table(name); t != nil {
			sizes = append(sizes, queryplan.Size{Table: name, Rows: t.Rows, Bytes: t.Bytes})
		}
	}
	return sizes
}

func union(a, b []string) []string {
	seen := map[string]bool{}
	var all []string
	for _, one := range append(append([]string{}, a...), b...) {
		if !seen[one] {
			seen[one] = true
			all = append(all, one)
		}
	}
	return all
}

// askedGenerically adds to what the server says of a statement what can be done.
func askedGenerically(err error) error {
	var pg *pgconn.PgError
	const undefined, unbound = "42P02", "08P01"
	if errors.As(err, &pg) && (pg.Code == undefined || pg.Code == unbound) {
		return hint.Usage(errors.New("the statement has parameters"), "give --generic to plan it for any values")
	}
	return err
}
