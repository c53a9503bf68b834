package subset

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// sequences is where each sequence goes on: where the source stands, or past
// the kept rows when the role may not ask the source. Then a sequence that no
// kept row used begins anew.
func (r *run) sequences(ctx context.Context) ([]SequenceValue, error) {
	var values []SequenceValue
	for _, s := range r.src.Database.Sequences {
		if slices.Contains(r.plan.Unreadable, s.Owner) {
			continue // pg_dump leaves it out along with its table
		}
		if s.Extension != "" && slices.Contains(r.plan.Skip, s.Extension) {
			continue
		}
		if s.Known {
			values = append(values, SequenceValue{s.Name, s.LastValue, s.Called, s.Extension})
			continue
		}
		v, err := r.furthest(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name.Dotted(), err)
		}
		if v != nil {
			values = append(values, SequenceValue{s.Name, *v, true, s.Extension})
		}
	}
	return values, nil
}

// furthest is the last number of a sequence that kept rows use.
func (r *run) furthest(ctx context.Context, s *catalog.Sequence) (*int64, error) {
	function, further := "max", func(a, b int64) bool { return a > b }
	if s.Increment < 0 {
		function, further = "min", func(a, b int64) bool { return a < b }
	}
	var furthest *int64
	for _, q := range r.numberQueries(s, function) {
		err := r.src.Each(ctx, 1, func(ctx context.Context, c *pgx.Conn, _ int) error {
			var v *int64
			err := c.QueryRow(ctx, q.sql, q.rows).Scan(&v)
			if v != nil && (furthest == nil || further(*v, *furthest)) {
				furthest = v
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return furthest, nil
}

// numberQuery asks for the furthest number in some rows of one heap.
type numberQuery struct {
	sql  string
	rows []pgtype.TID
}

// numberQueries ask for the furthest number in the columns that use a
// sequence. Columns that hold no numbers cannot tell.
func (r *run) numberQueries(s *catalog.Sequence, function string) []numberQuery {
	var queries []numberQuery
	for _, user := range s.UsedBy {
		t := r.src.Database.Table(user.Table.Dotted())
		if t == nil || !holdsNumbers(t, user.Column) {
			continue
		}
		for _, h := range t.Heaps {
			sql := fmt.Sprintf("SELECT pg_catalog.%s(%s)::bigint FROM ONLY %s WHERE ctid = ANY($1)",
				function, catalog.Quote(user.Column), h.Name)
			for batch := range slices.Chunk(r.kept.Of(h), snapshot.MostPlaces) {
				queries = append(queries, numberQuery{sql, snapshot.TIDs(batch)})
			}
		}
	}
	return queries
}

func holdsNumbers(t *catalog.Table, column string) bool {
	return slices.ContainsFunc(t.Columns, func(c catalog.Column) bool {
		return c.Name == column && slices.Contains([]string{"smallint", "integer", "bigint", "numeric"}, c.Type)
	})
}
