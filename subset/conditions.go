package subset

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/walk"
)

// checkConditions has the server read what the user wrote in SQL, without
// running it.
func (s *Source) checkConditions(ctx context.Context, p *plan.Plan) error {
	for i := range p.Tables {
		t := &p.Tables[i]
		if t.Keep.Where == "" || len(t.Table.Heaps) == 0 {
			continue
		}
		if err := s.check(ctx, t.Table.Heaps[0].Filtered(t.Keep.Where, "ctid")); err != nil {
			return fmt.Errorf("tables: %s: where: %w", t.Table.Name.Dotted(), err)
		}
	}
	for _, r := range p.Roots {
		if len(r.In.Heaps) == 0 {
			continue
		}
		if err := s.check(ctx, r.In.Heaps[0].Filtered(r.Where, "ctid")); err != nil {
			return fmt.Errorf("roots: %s: %w", r.Table, err)
		}
	}
	for _, k := range p.ForeignKeys {
		if k.OID != 0 || len(k.ChildHeaps) == 0 {
			continue
		}
		if err := s.check(ctx, k.ParentsSQL(k.ChildHeaps[0], "true")); err != nil {
			return fmt.Errorf("references: %s: %w", k.Name, err)
		}
	}
	return nil
}

// check asks within a savepoint, because an error would end the transaction
// that holds the snapshot; and by the protocol that takes one statement alone,
// because a second one could end it too, and with it that nothing is written.
func (s *Source) check(ctx context.Context, sql string) error {
	if _, err := s.Leader.Exec(ctx, "SAVEPOINT checked"); err != nil {
		return s.Explain(s.Leader, err)
	}
	err := s.Searching(ctx, s.Leader, func() error {
		return s.Leader.PgConn().ExecParams(ctx, "EXPLAIN "+sql, nil, nil, nil, nil).Read().Err
	})
	if _, rollback := s.Leader.Exec(ctx, "ROLLBACK TO SAVEPOINT checked"); rollback != nil {
		return s.Explain(s.Leader, errors.Join(err, rollback))
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return hint.Usage(err, "write it as PostgreSQL reads it, with the columns of that table")
	}
	return err
}

// walk chooses the rows. Conditions of the user are looked up where psql would
// look what they name up.
func (r *run) walk(ctx context.Context) error {
	choose := func() (err error) {
		r.kept, err = walk.Run(ctx, r.src.Snapshot, r.plan, r.chosen)
		return err
	}
	if !conditioned(r.plan) {
		return choose()
	}
	return r.src.EachSearching(ctx, choose)
}

// conditioned tells whether the user wrote SQL that the walk asks.
func conditioned(p *plan.Plan) bool {
	return len(p.Roots) > 0 ||
		slices.ContainsFunc(p.Tables, func(t plan.TablePlan) bool { return t.Keep.Where != "" }) ||
		slices.ContainsFunc(p.ForeignKeys, func(k *catalog.ForeignKey) bool { return k.When != "" })
}

// evaluating asks the source for rows of a table. Where a rule is an expression
// of the user's it is looked up like conditions; but what a column of names of
// objects holds is written by the same path, and has to be whole.
func (s *Source) evaluating(ctx context.Context, c *pgx.Conn, m *mask.Plan, t *catalog.Table, do func() error) error {
	names := func(c catalog.Column) bool { return strings.Contains(c.Type, "reg") }
	if m == nil || len(m.Evaluated(t)) == 0 || slices.ContainsFunc(t.Columns, names) {
		return do()
	}
	return s.Searching(ctx, c, do)
}
