package subset_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// paced is a shop in which children are found in every way: by integers, by
// texts, by two columns, by references of the configuration, in partitions, in
// a table without a key.
const paced = `
	CREATE TABLE customer (id int PRIMARY KEY, code text UNIQUE NOT NULL);
	CREATE TABLE orders (id bigint PRIMARY KEY, customer int NOT NULL REFERENCES customer);
	CREATE TABLE line (orders bigint REFERENCES orders, no int, PRIMARY KEY (orders, no));
	CREATE TABLE refund (id int PRIMARY KEY, orders bigint NOT NULL, no int NOT NULL,
		FOREIGN KEY (orders, no) REFERENCES line);
	CREATE TABLE visit (code text NOT NULL REFERENCES customer (code), at int NOT NULL);
	CREATE TABLE event (orders bigint NOT NULL REFERENCES orders, at int NOT NULL) PARTITION BY RANGE (at);
	CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (9000);
	CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (9000) TO (70000);
	CREATE TABLE note (id int PRIMARY KEY, kind text NOT NULL, record bigint NOT NULL);
	CREATE INDEX ON orders (customer); CREATE INDEX ON refund (orders, no); CREATE INDEX ON visit (code);
	CREATE INDEX ON event (orders); CREATE INDEX ON note (record);
	INSERT INTO customer SELECT i, 'C' || i FROM generate_series(1, 20900) AS i;
	INSERT INTO orders SELECT i, 1 + i * 31 % 20900 FROM generate_series(1, 21500) AS i;
	INSERT INTO line SELECT 1 + i / 2, i % 2 FROM generate_series(1, 42000) AS i;
	INSERT INTO refund SELECT i, 1 + i * 7 % 20999, i % 2 FROM generate_series(1, 20900) AS i
		WHERE EXISTS (SELECT FROM line WHERE orders = 1 + i * 7 % 20999 AND no = i % 2);
	INSERT INTO visit SELECT 'C' || 1 + i * 11 % 20900, i FROM generate_series(1, 21000) AS i;
	INSERT INTO event SELECT 1 + i * 13 % 21500, i FROM generate_series(1, 22000) AS i;
	INSERT INTO note SELECT i, CASE WHEN i % 2 = 0 THEN 'Order' ELSE 'Customer' END, 1 + i * 5 % 20900
		FROM generate_series(1, 21500) AS i;
	ANALYZE`

// How rows are read depends on the source, which rows are kept does not.
func TestRun_KeepsTheSameRowsOfAColdDiskAsOfMemory(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Fill(t, url, paced)
	spec := plan.Spec{URL: url, Seed: 3, References: []string{
		"public.note.record -> public.orders.id when kind = 'Order'",
		"public.note.record -> public.customer.id when kind = 'Customer'",
	}}
	var first map[string]string
	for _, disk := range []plan.Disk{{Memory: true}, {Reads: 20, Bytes: 1 << 40}, {Reads: 3_000, Bytes: 125 << 20}} {
		spec.Disk = disk
		sink := &memory{}
		take(t, spec, sink)
		if first == nil {
			first = sink.rows
		}
		for heap, rows := range first {
			if sink.rows[heap] != rows {
				t.Errorf("%+v keeps other rows of %s than memory", disk, heap)
			}
		}
	}
}
