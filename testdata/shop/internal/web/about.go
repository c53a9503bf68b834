package web

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

type tableRow struct {
	Schema, Name string
	Rows         int64
	Keys         int64
}

type aboutPage struct {
	Tables      []tableRow
	Total       int64
	Migration   *int64
	Server      string
	Size        string
	Keys, Loose int64
	Environment []variable
}

type variable struct{ Name, Value string }

func (s *site) about(w http.ResponseWriter, r *http.Request) error {
	var data aboutPage
	ctx := r.Context()
	err := s.db.QueryRow(ctx,
		`SELECT split_part(current_setting('server_version'), ' ', 1), pg_size_pretty(pg_database_size(current_database())),
		count(*), count(*) FILTER (WHERE NOT convalidated) FROM pg_constraint WHERE contype = 'f' AND conparentid = 0`).
		Scan(&data.Server, &data.Size, &data.Keys, &data.Loose)
	if err != nil {
		return err
	}
	if err := s.db.QueryRow(ctx,
		`SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&data.Migration); err != nil {
		return err
	}
	if data.Tables, err = s.tables(ctx); err != nil {
		return err
	}
	for _, t := range data.Tables {
		data.Total += t.Rows
	}
	data.Environment = s.previewVariables()
	return s.show(w, r, "about", "About this preview", data)
}

// tables counts every table's rows; a partitioned table is one table.
func (s *site) tables(ctx context.Context) ([]tableRow, error) {
	tables, err := many[tableRow](ctx, s.db, `SELECT n.nspname AS schema, c.relname AS name, 0::bigint AS rows,
		(SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f') AS keys
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ('public', 'crm') ORDER BY 1, 2`)
	if err != nil {
		return nil, err
	}
	for i, t := range tables {
		err := s.db.QueryRow(ctx,
			`SELECT count(*) FROM `+pgx.Identifier{t.Schema, t.Name}.Sanitize()).Scan(&tables[i].Rows)
		if err != nil {
			return nil, err
		}
	}
	return tables, nil
}

var secretName = regexp.MustCompile(`TOKEN|SECRET|PASSWORD|KEY|URL`)

// previewVariables are the OFFSHOOT_ variables that are no secret by their name.
func (s *site) previewVariables() []variable {
	var found []variable
	for _, pair := range s.o.Environment {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "OFFSHOOT_") && !secretName.MatchString(name) {
			found = append(found, variable{name, value})
		}
	}
	slices.SortFunc(found, func(a, b variable) int { return strings.Compare(a.Name, b.Name) })
	return found
}
