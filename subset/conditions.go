package subset

import (
	"context"
	"encoding/json"
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
// running it, and say for which share of the rows it probably holds.
func (s *Source) checkConditions(ctx context.Context, p *plan.Plan, counts catalog.Counts) (plan.Matching, error) {
	m := plan.Matching{Tables: map[string]float64{}, References: map[string]float64{}}
	for i := range p.Tables {
		t := &p.Tables[i]
		if t.Keep.Where == "" || len(t.Table.Heaps) == 0 {
			continue
		}
		share, err := s.share(ctx, t.Table.Heaps, t.Keep.Where, counts)
		if err != nil {
			return m, fmt.Errorf("tables: %s: where: %w", t.Table.Name.Dotted(), err)
		}
		m.Tables[t.Table.Name.Dotted()] = share
	}
	for _, r := range p.Roots {
		if len(r.In.Heaps) == 0 {
			continue
		}
		share, err := s.share(ctx, r.In.Heaps, r.Where, counts)
		if err != nil {
			return m, fmt.Errorf("roots: %s: %w", r.Table, err)
		}
		m.Roots = append(m.Roots, plan.RootShare{Table: r.In.Name.Dotted(), Share: share})
	}
	for _, k := range p.ForeignKeys {
		if k.OID != 0 || len(k.ChildHeaps) == 0 {
			continue
		}
		if _, err := s.check(ctx, k.ParentsSQL(k.ChildHeaps[0], "true")); err != nil {
			return m, fmt.Errorf("references: %s: %w", k.Name, err)
		}
		if k.When == "" {
			continue
		}
		share, err := s.share(ctx, k.ChildHeaps, k.When, counts)
		if err != nil {
			return m, fmt.Errorf("references: %s: %w", k.Name, err)
		}
		m.References[k.Name] = share
	}
	return m, nil
}

// mostHeaps is of how many partitions the server estimates a condition.
const mostHeaps = 64

// share is the part of the rows of heaps for which a condition holds, where
// they are few, or for which the planner expects that: one question, about some
// of the partitions if there are many.
func (s *Source) share(
	ctx context.Context, heaps []*catalog.Heap, condition string, counts catalog.Counts,
) (float64, error) {
	var asked []string
	var all float64
	var pages int64
	every := (len(heaps) + mostHeaps - 1) / mostHeaps
	for n := 0; n < len(heaps); n += every {
		asked = append(asked, heaps[n].Filtered(condition, "ctid"))
		all += float64(counts[heaps[n].OID].Rows)
		pages += heaps[n].Pages
	}
	sql := strings.Join(asked, "\nUNION ALL\n")
	rows, err := s.check(ctx, sql)
	if err == nil && pages <= catalog.CountedPages {
		rows = s.matching(ctx, sql, rows)
	}
	return min(rows/max(all, 1), 1), err
}

// matching counts rows, or leaves it at what is expected where the condition
// fails on one of them: that is for the run to say.
func (s *Source) matching(ctx context.Context, sql string, expected float64) float64 {
	var rows int64
	err := s.Tentative(ctx, func() error {
		return s.Searching(ctx, s.Leader, func() error {
			return s.Leader.QueryRow(ctx, "SELECT pg_catalog.count(*) FROM ("+sql+"\n) AS matching").Scan(&rows)
		})
	})
	if err != nil {
		return expected
	}
	return float64(rows)
}

// check asks within a savepoint, because an error would end the transaction
// that holds the snapshot; and by the protocol that takes one statement alone,
// because a second one could end it too, and with it that nothing is written.
// It returns the rows that the planner expects.
func (s *Source) check(ctx context.Context, sql string) (rows float64, err error) {
	if _, err := s.Leader.Exec(ctx, "SAVEPOINT checked"); err != nil {
		return 0, s.Explain(s.Leader, err)
	}
	err = s.Searching(ctx, s.Leader, func() error {
		result := s.Leader.PgConn().ExecParams(ctx, "EXPLAIN (FORMAT JSON) "+sql, nil, nil, nil, nil).Read()
		if result.Err != nil {
			return result.Err
		}
		rows, err = expected(result.Rows)
		return err
	})
	if _, rollback := s.Leader.Exec(ctx, "ROLLBACK TO SAVEPOINT checked"); rollback != nil {
		return 0, s.Explain(s.Leader, errors.Join(err, rollback))
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return 0, hint.Usage(err, "write it as PostgreSQL reads it, with the columns of that table")
	}
	return rows, err
}

// expected are the rows of a plan in JSON.
func expected(rows [][][]byte) (float64, error) {
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if len(rows) != 1 || len(rows[0]) != 1 {
		return 0, errors.New("EXPLAIN gives no plan")
	}
	if err := json.Unmarshal(rows[0][0], &plans); err != nil || len(plans) != 1 {
		return 0, fmt.Errorf("EXPLAIN gives no plan: %w", err)
	}
	return plans[0].Plan.Rows, nil
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
	if !evaluates(m, t) {
		return do()
	}
	return s.Searching(ctx, c, do)
}

// evaluates reports whether it is to do so for rows of a table.
func evaluates(m *mask.Plan, t *catalog.Table) bool {
	names := func(c catalog.Column) bool { return strings.Contains(c.Type, "reg") }
	return m != nil && len(m.Evaluated(t)) > 0 && !slices.ContainsFunc(t.Columns, names)
}
