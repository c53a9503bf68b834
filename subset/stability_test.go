package subset_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
)

func compared(t *testing.T, first, second string) *score.Stability {
	t.Helper()
	s, err := score.Compare(t.Context(), first, second)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// growth is a percent more of everything, at the end of each table as new rows
// are, and a few rows less.
const growth = `
	INSERT INTO customer SELECT i, 'Customer ' || i FROM generate_series(10001, 10100) AS i;
	INSERT INTO orders SELECT 1000000 + i, 1 + i * 37 % 10100, CASE WHEN i % 3 > 0 THEN 1 + i % 500 END, 'new'
	  FROM generate_series(1, 600) AS i;
	INSERT INTO item SELECT 2000000 + i, 1000001 + i % 600, 1 + i * 7 % 500 FROM generate_series(1, 1800) AS i;
	DELETE FROM item WHERE id % 5000 = 0;
	ANALYZE`

// A source that grows by a percent keeps nearly the same subset: whoever works
// with it finds the rows of yesterday again.
func TestRun_IsStableWhenTheSourceGrows(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Fill(t, url, `
		CREATE TABLE product (id int PRIMARY KEY); CREATE TABLE customer (id int PRIMARY KEY, name text);
		CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customer,
			gift int REFERENCES product, state text);
		CREATE TABLE item (id int PRIMARY KEY, orders int NOT NULL REFERENCES orders,
			product int NOT NULL REFERENCES product);
		INSERT INTO product SELECT generate_series(1, 500);
		INSERT INTO customer SELECT i, 'Customer ' || i FROM generate_series(1, 10000) AS i;
		INSERT INTO orders SELECT i, 1 + i * 31 % 10000, CASE WHEN i % 3 > 0 THEN 1 + i % 500 END, 'old'
		  FROM generate_series(1, 60000) AS i;
		INSERT INTO item SELECT i, 1 + i * 3 % 60000, 1 + i * 11 % 500 FROM generate_series(1, 180000) AS i;
		CREATE INDEX ON orders (customer); CREATE INDEX ON item (orders); CREATE INDEX ON item (product); ANALYZE`)
	spec := plan.Spec{URL: url, Seed: 7}
	_, before := takeInto(t, spec)
	pgtest.Exec(t, url, growth)
	_, after := takeInto(t, spec)
	s := compared(t, before, after)
	for _, table := range s.Tables {
		t.Logf("%s: %d and %d rows, Jaccard %.3f", table.Name, table.First, table.Second, table.Jaccard)
		if table.Jaccard < 0.8 {
			t.Errorf("%s shares %d rows of %d and %d", table.Name, table.Shared, table.First, table.Second)
		}
	}
	_, other := takeInto(t, plan.Spec{URL: url, Seed: 8})
	if unlike := compared(t, before, other); unlike.Jaccard > s.Jaccard/2 {
		t.Errorf("another seed keeps %v of the same rows, the same seed %v", unlike.Jaccard, s.Jaccard)
	}
}
