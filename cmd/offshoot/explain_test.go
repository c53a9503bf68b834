package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/facts"
)

// millions is an archive of the tiny shop that tells of millions of orders.
func millions(t *testing.T, dir string) string {
	t.Helper()
	const pages = 50_000
	known := facts.Facts{
		Format: facts.Format, Server: 150000,
		Database: &facts.Database{Encoding: "UTF8", Collate: "C", Ctype: "C"},
		Tables: []facts.Table{{
			Schema: "public", Name: "orders", Kind: "r", Rows: 9e6, Pages: pages, Bytes: pages * 8192,
			Indexes: []facts.Index{{
				Name: "orders_pkey", Method: "btree", Unique: true, Rows: 9e6, Pages: pages / 2,
				Bytes: pages / 2 * 8192,
			}},
			Columns: []facts.Column{{
				Name: "id", Width: 4, Distinct: -1, Correlation: 1,
				Bounds: []string{"1", "3000000", "6000000", "9000000"},
			}},
		}},
	}
	lines, err := known.Comments()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "millions.sql")
	write(t, path, lines+tinyArchive)
	return path
}

// explains plans statements on the schema that the preview's migrations have left.
func (l *life) explains(t *testing.T) {
	archive := millions(t, t.TempDir())
	p := offshoot(t, l.dir, 0, "explain", "--archive", archive, "--branch", "feature",
		"SELECT * FROM orders WHERE paid; SELECT * FROM orders WHERE id < 90000")
	for _, want := range []string{
		"Seq Scan on public.orders\n", "public.orders  9,000,000           409.6 MB",
		`with the archive's schema there is no plan: column "paid" does not exist`,
		"before, 3,078 after: another plan", "89,999  Index Only Scan using orders_pkey on public.orders",
	} {
		if !strings.Contains(p.stdout.String(), want) {
			t.Errorf("explain does not print %q:\n%s", want, p.stdout.String())
		}
	}
	p = offshoot(t, l.dir, 0, "explain", "--archive", archive, "--branch", "feature", "--what-if",
		"CREATE INDEX ON orders (id) WHERE paid", "SELECT id FROM orders WHERE id = 7")
	if got := p.stdout.String(); !strings.Contains(got, "after: the same plan") {
		t.Errorf("explain prints\n%s", got)
	}
	offshoot(t, l.dir, 1, "explain", "--archive", archive, "--branch", "feature", "SELECT nowhere FROM orders")
	offshoot(t, l.dir, 10, "explain", "--archive", archive, "--pr", "99", "SELECT 1")
	offshoot(t, l.dir, 12, "explain", "--archive", archive, "--pr", "9", "--branch", "feature", "SELECT 1")
}
