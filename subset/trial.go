package subset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// trial has the source say whether it would take masked values, before any
// row is copied.
type trial struct {
	source   *Source
	plan     *plan.Plan
	mistakes *mask.Mistakes
	proved   mask.Proof
}

// withoutRows tries what transformers give whatever they are given.
func (t *trial) withoutRows(ctx context.Context) error {
	return t.each(ctx, func(table *catalog.Table) error {
		return t.ask(ctx, t.plan.Masks.Spaces(table, t.plan.Details))
	})
}

// withRows masks some rows of each table, but for the columns left out.
func (t *trial) withRows(ctx context.Context, leftOut map[string]bool) error {
	return t.each(ctx, func(table *catalog.Table) error {
		if err := t.expressions(ctx, table); err != nil {
			return err
		}
		columns := t.plan.Masks.Reads(table, t.plan.Details, leftOut)
		raw, masked, err := t.sample(ctx, table, columns)
		if err != nil || len(masked) == 0 {
			return err
		}
		probes := t.plan.Masks.Probes(table, columns, masked, t.plan.Details, t.proved)
		return t.ask(ctx, append(probes, t.plan.Masks.Kept(table, columns, raw, masked)...))
	})
}

func (t *trial) each(ctx context.Context, do func(*catalog.Table) error) error {
	for i := range t.plan.Tables {
		table := t.plan.Tables[i].Table
		if !t.plan.Masks.Masks(table) {
			continue
		}
		if err := do(table); err != nil {
			return fmt.Errorf("mask %s: %w", table.Name.Dotted(), err)
		}
		if err := t.source.Rest(ctx); err != nil {
			return t.source.Explain(t.source.Leader, err)
		}
	}
	return nil
}

// ask puts each question, and collects what is refused.
func (t *trial) ask(ctx context.Context, probes []mask.Probe) error {
	for _, p := range probes {
		what, refused, err := t.source.answer(ctx, p)
		switch {
		case err != nil:
			return err
		case refused:
			t.mistakes.Refused(p, what)
			t.proved.Settle(p)
		default:
			t.proved.Add(p)
		}
	}
	return nil
}

// answer asks the source, on the connection that no row is copied by. What
// PostgreSQL says of a value is left out but for its code and the domain: the
// value may be a person's.
func (s *Source) answer(ctx context.Context, p mask.Probe) (what string, refused bool, err error) {
	var holds *bool
	err = s.Tentative(ctx, func() error { return s.Leader.QueryRow(ctx, p.SQL, p.Values...).Scan(&holds) })
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return "", holds != nil && !*holds, nil
	case errors.As(err, &pg) && unanswerable(pg.Code):
		return "", false, nil
	case pg == nil || !ofValues(pg.Code):
		return "", false, s.Explain(s.Leader, err)
	case pg.ConstraintName != "":
		return fmt.Sprintf(": the constraint %s of its domain refuses them (SQLSTATE %s)", pg.ConstraintName, pg.Code),
			true, nil
	}
	return fmt.Sprintf(" (SQLSTATE %s)", pg.Code), true, nil
}

// ofValues tells an error about values, or in a function that looks at them,
// from one of the server.
func ofValues(code string) bool {
	return slices.Contains([]string{"21", "22", "23", "38", "39", "42", "P0", "0A"}, code[:2])
}

// unanswerable tells that a question cannot be asked: the role may not call
// the function of a constraint, which may write, or nothing makes a value of
// the type of a text. The rule gets the benefit of the doubt.
func unanswerable(code string) bool {
	return slices.Contains([]string{"42", "0A", "25"}, code[:2])
}

// expressions takes rules whose expression does not work out of the plan.
// What is wrong with an expression itself is said; what is wrong with a value
// is not.
func (t *trial) expressions(ctx context.Context, table *catalog.Table) error {
	for _, name := range t.plan.Masks.Evaluated(table) {
		sql := fmt.Sprintf("COPY (SELECT %s FROM %s%s LIMIT %d) TO STDOUT",
			t.plan.Masks.Expressions(table, []string{name})[0], from(table), blocks(table, fewBlocks), probed)
		err := t.source.Tentative(ctx, func() error { return t.copy(ctx, table, sql, new(bytes.Buffer)) })
		var pg *pgconn.PgError
		switch {
		case err == nil:
		case !errors.As(err, &pg) || !ofValues(pg.Code):
			return t.source.Explain(t.source.Leader, err)
		case pg.Where == "" && (strings.HasPrefix(pg.Code, "42") || strings.HasPrefix(pg.Code, "0A")):
			t.mistakes.Expression(t.plan.Masks, table, name, pg.Message)
		default:
			t.mistakes.Expression(t.plan.Masks, table, name, "it fails on a row (SQLSTATE "+pg.Code+")")
		}
	}
	return nil
}

func (t *trial) copy(ctx context.Context, table *catalog.Table, sql string, to io.Writer) error {
	leader := t.source.Leader
	return t.source.evaluating(ctx, leader, t.plan.Masks, table, func() error {
		_, err := leader.PgConn().CopyTo(ctx, to, sql)
		return err
	})
}

// probed is how many rows of a table are tried before the run.
const probed = 2000

// sample masks rows of a table from all over it.
func (t *trial) sample(ctx context.Context, table *catalog.Table, columns []string) (before, masked []byte, err error) {
	if len(columns) == 0 {
		return nil, nil, nil
	}
	var raw bytes.Buffer
	sql := fmt.Sprintf("COPY (SELECT %s FROM %s%s WHERE %s LIMIT %d) TO STDOUT",
		strings.Join(t.plan.Masks.Expressions(table, columns), ", "), from(table), blocks(table, fewBlocks),
		t.short(table, columns), atMost(table, probed))
	if err := t.copy(ctx, table, sql, &raw); err != nil {
		return nil, nil, t.source.Explain(t.source.Leader, err)
	}
	masked, err = t.plan.Masks.Block(table, columns, raw.Bytes())
	return raw.Bytes(), masked, err
}

// short leaves out rows with values of megabytes: twenty would not fit into
// memory, and a constraint that they alone break is seen in the run.
func (t *trial) short(table *catalog.Table, columns []string) string {
	const most = 1 << 20
	var conditions []string
	for _, name := range columns {
		size := "pg_column_size"
		if base := t.plan.Details.Columns[table][name]; base.System && !base.Array && !base.Domain &&
			(base.Base == "text" || base.Base == "bytea") {
			size = "octet_length"
		}
		conditions = append(conditions, fmt.Sprintf("(pg_catalog.%s(%s) OPERATOR(pg_catalog.<=) %d) IS NOT FALSE", size,
			catalog.Quote(name), most))
	}
	return strings.Join(conditions, " AND ")
}

func from(t *catalog.Table) string {
	if t.Partitioned {
		return t.Name.String()
	}
	return "ONLY " + t.Name.String()
}

// atMost is so many rows, or fewer where rows are so wide that these would
// not fit into memory.
func atMost(t *catalog.Table, rows int64) int64 {
	const most = 64 << 20 // bytes
	var bytes, all int64
	for _, h := range t.Heaps {
		bytes += h.Bytes
		all += max(int64(h.Rows), h.Pages)
	}
	return max(min(rows, most/max(bytes/max(all, 1), 1)), 20)
}
