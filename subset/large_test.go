package subset_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
)

// shopSQL makes a multi-tenant shop whose order lines reference products at
// random: the hard case for balance, in tables too large to be candidates as
// a whole. Some keys have no index, one table was never analyzed.
const shopSQL = `
CREATE TABLE tenant (id int PRIMARY KEY, name text);
CREATE TABLE customer (id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenant, name text);
CREATE TABLE product (id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenant, name text);
CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customer, note text);
CREATE TABLE line (orders int REFERENCES orders, n int, product int NOT NULL REFERENCES product, PRIMARY KEY (orders, n));
CREATE TABLE refund (id int PRIMARY KEY, orders int, n int, approver int REFERENCES customer, FOREIGN KEY (orders, n) REFERENCES line);
CREATE TABLE event (tenant int REFERENCES tenant, customer int REFERENCES customer, what text);
SELECT setseed(0.5);
INSERT INTO tenant SELECT i, 'tenant ' || i FROM generate_series(1, 100) AS i;
INSERT INTO customer SELECT i, 1 + (100 * random() ^ 3)::int % 100, 'customer ' || i FROM generate_series(1, 6000) AS i;
INSERT INTO product SELECT i, 1 + i % 100, 'product ' || i FROM generate_series(1, 3000) AS i;
INSERT INTO orders SELECT i, 1 + (6000 * random() ^ 2)::int % 6000, 'note' FROM generate_series(1, 40000) AS i;
INSERT INTO line SELECT i, n, 1 + (3000 * random())::int % 3000 FROM generate_series(1, 40000) AS i, generate_series(1, 1 + i % 5) AS n;
INSERT INTO refund SELECT row_number() OVER (), orders, n, 1 + orders % 6000 FROM line WHERE (orders * 7 + n) % 6 = 0;
INSERT INTO event SELECT CASE WHEN i % 3 > 0 THEN 1 + i % 100 END, CASE WHEN i % 2 > 0 THEN 1 + i % 6000 END, 'event' FROM generate_series(1, 150000) AS i;
CREATE INDEX ON orders (customer);
CREATE INDEX ON customer (tenant);
ANALYZE tenant, customer, product, orders, line, refund;
`

func TestExploreLarge(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, shopSQL)
	r := take(t, subset.Spec{URL: url, Seed: 1}, &memory{})
	t.Logf("%d of %d target %d over %d in %.2fs %v", r.Rows, r.SourceRows, r.Target, r.Overflow, r.Seconds, r.Steps)
	for _, tab := range r.Tables {
		t.Logf("%-20s %6d target %5d rows %5d (%.2f) sampled %5d forced %5d %v", tab.Name, tab.Source, tab.Target, tab.Rows, float64(tab.Rows)/float64(tab.Target), tab.Sampled, tab.Forced, tab.ForcedBy)
	}
}
