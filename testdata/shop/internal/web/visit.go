package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// visitor is the customer one shops as; there is no sign-in.
type visitor struct {
	ID       int64
	FullName string
}

// features are what the branch's migrations add, if they have run.
type features struct{ Care, Wishes bool }

// care is the SQL of a product's care level, NULL before there are any.
func (f features) care() string {
	if f.Care {
		return `(SELECT c.name FROM care_levels c WHERE c.id = p.care_level_id)`
	}
	return `NULL::text`
}

type visit struct {
	visitor  *visitor
	features features
}

type visitKey struct{}

func withVisit(r *http.Request, v visit) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
}

func visitOf(r *http.Request) (visit, bool) {
	v, ok := r.Context().Value(visitKey{}).(visit)
	return v, ok
}

// visit looks on every request, because a migration may run at any time.
func (s *site) visit(r *http.Request) (visit, error) {
	var v visit
	err := s.db.QueryRow(r.Context(), `SELECT to_regclass('public.care_levels') IS NOT NULL,
		to_regclass('public.wishlists') IS NOT NULL`).Scan(&v.features.Care, &v.features.Wishes)
	if err != nil {
		return v, err
	}
	var id int64
	if cookie, err := r.Cookie("customer"); err == nil {
		id, _ = strconv.ParseInt(cookie.Value, 10, 64)
	}
	found, err := one[visitor](r.Context(), s.db, `SELECT id, full_name FROM crm.customers WHERE id = $1`, id)
	if errors.Is(err, pgx.ErrNoRows) {
		found, err = one[visitor](r.Context(), s.db, `SELECT id, full_name FROM crm.customers ORDER BY id LIMIT 1`)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return v, nil
	}
	v.visitor = &found
	return v, err
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// many reads rows into structs by column name.
func many[T any](ctx context.Context, db querier, sql string, args ...any) ([]T, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[T])
}

// one reads the first row, or returns pgx.ErrNoRows.
func one[T any](ctx context.Context, db querier, sql string, args ...any) (T, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		var none T
		return none, err
	}
	return pgx.CollectOneRow(rows, pgx.RowToStructByName[T])
}

// number reads a number from the path; what is not one is not found.
func number(r *http.Request, name string) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil || n < 1 {
		return 0, errMissing
	}
	return n, nil
}
