package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestRead_KnowsWhatAnalyzeFound(t *testing.T) {
	db := made(t, `
		CREATE TABLE t (id int PRIMARY KEY, five int, half int, "Long ""name" text);
		INSERT INTO t SELECT i, i % 5, CASE WHEN i % 2 = 0 THEN -i END, repeat('x', 19) FROM generate_series(1, 1000) AS i;
		CREATE TABLE never (id int);
		INSERT INTO never VALUES (1);
		ANALYZE t`)
	want := map[string]catalog.Statistics{
		"id":         {Distinct: -1, Correlation: 1, Width: 4},
		"five":       {Distinct: 5, Correlation: 0.2, Width: 4},
		"half":       {Distinct: -0.5, Null: 0.5, Correlation: -1, Width: 4},
		`Long "name`: {Distinct: 1, Correlation: 1, Width: 20},
	}
	if diff := cmp.Diff(want, table(t, db, "public.t").Heaps[0].Statistics,
		cmpopts.EquateApprox(0, 0.001)); diff != "" {
		t.Errorf("statistics (-want +got):\n%s", diff)
	}
	if got := table(t, db, "public.never").Heaps[0].Statistics; len(got) > 0 {
		t.Errorf("never analyzed: %v", got)
	}
}

func TestRead_TellsStatisticsOfATreeFromThoseOfItsParts(t *testing.T) {
	db := made(t, `
		CREATE TABLE tree (id int, part int) PARTITION BY LIST (part);
		CREATE TABLE tree_1 PARTITION OF tree FOR VALUES IN (1);
		CREATE TABLE tree_2 PARTITION OF tree FOR VALUES IN (2);
		INSERT INTO tree SELECT i, 1 + i % 2 FROM generate_series(1, 1000) AS i;
		CREATE TABLE parent (kind int);
		CREATE TABLE child () INHERITS (parent);
		INSERT INTO parent SELECT 1 FROM generate_series(1, 100);
		INSERT INTO child SELECT i FROM generate_series(1, 100) AS i;
		ANALYZE`)
	tree := table(t, db, "public.tree")
	wantDiff(t, "tree", catalog.Statistics{Distinct: 2, Correlation: 1, Width: 4}, tree.Statistics["part"])
	for _, leaf := range tree.Heaps {
		wantDiff(t, leaf.Name.Name, catalog.Statistics{Distinct: 1, Correlation: 1, Width: 4}, leaf.Statistics["part"])
	}
	parent := table(t, db, "public.parent")
	wantDiff(t, "without its children", catalog.Statistics{Distinct: 1, Correlation: 1, Width: 4},
		parent.Heaps[0].Statistics["kind"])
	if parent.Statistics != nil {
		t.Errorf("not a tree: %v", parent.Statistics)
	}
}

func TestRead_ShowsARoleTheStatisticsOfWhatItMayRead(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `
		CREATE TABLE open (id int);
		CREATE TABLE shut (id int);
		INSERT INTO open SELECT generate_series(1, 10);
		INSERT INTO shut SELECT generate_series(1, 10);
		ANALYZE`)
	role := pgtest.Role(t, url, "statistics_reader", "")
	pgtest.Exec(t, url, "GRANT SELECT ON open TO statistics_reader")
	db := readURL(t, role)
	wantDiff(t, "open", map[string]catalog.Statistics{"id": {Distinct: -1, Correlation: 1, Width: 4}},
		table(t, db, "public.open").Heaps[0].Statistics)
	wantDiff(t, "shut", map[string]catalog.Statistics{}, table(t, db, "public.shut").Heaps[0].Statistics)
}

func TestStatistics_CountValuesOfManyRows(t *testing.T) {
	for _, c := range []struct{ distinct, rows, want float64 }{
		{0, 10, 0},
		{7, 1000, 7},
		{-1, 1000, 1000},
		{-0.25, 1000, 250},
	} {
		if got := (catalog.Statistics{Distinct: c.distinct}).Values(c.rows); got != c.want {
			t.Errorf("%v of %v rows: %v, want %v", c.distinct, c.rows, got, c.want)
		}
	}
}

func TestRead_NamesTheIndexThatServesAKey(t *testing.T) {
	db := made(t, `
		CREATE TABLE p (a int PRIMARY KEY);
		CREATE TABLE one (a int CONSTRAINT k REFERENCES p);
		CREATE INDEX "by A" ON one (a);
		CREATE TABLE leaves (a int CONSTRAINT k REFERENCES p) PARTITION BY LIST (a);
		CREATE TABLE leaves_1 PARTITION OF leaves FOR VALUES IN (1);
		CREATE INDEX ON leaves_1 (a);
		CREATE TABLE none (a int CONSTRAINT k REFERENCES p);`)
	for name, want := range map[string]string{"one": "by A", "leaves": "", "none": ""} {
		if k := key(t, db, "public."+name+".k"); k.Index != want || k.Indexed == (name == "none") {
			t.Errorf("%s: index %q, indexed %v", name, k.Index, k.Indexed)
		}
	}
}

func TestRead_MeasuresToastAlone(t *testing.T) {
	db := made(t, `
		CREATE TABLE toasted (v text);
		ALTER TABLE toasted ALTER v SET STORAGE EXTERNAL;
		INSERT INTO toasted VALUES (repeat('x', 100000));
		CREATE TABLE small (v text);
		INSERT INTO small VALUES ('x');
		CREATE TABLE numbers (v int);`)
	if h := table(t, db, "public.toasted").Heaps[0]; h.Toast < 100000 || h.Toast >= h.Bytes {
		t.Errorf("%d of %d bytes in TOAST", h.Toast, h.Bytes)
	}
	for _, name := range []string{"small", "numbers"} {
		if h := table(t, db, "public."+name).Heaps[0]; h.Toast != 0 {
			t.Errorf("%s: %d bytes in TOAST", name, h.Toast)
		}
	}
}
