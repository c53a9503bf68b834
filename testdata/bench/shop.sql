-- A shop of many tenants, made in the server: about 12 million rows at scale 1.
--
--	psql -X -v ON_ERROR_STOP=1 -v scale=1 -v cross=0.02 -f shop.sql
--
-- scale    how many times the sizes below
-- cross    which share of the references leave their tenant: 0 none, 1 as good as all
-- tenants  how many tenants, when not 500 times the scale
--
-- Nothing is left to chance: every value follows from its row's number by a
-- hash, so that the same variables make the same bytes in the same order.

\if :{?scale} \else
	\set scale 1
\endif
\if :{?cross} \else
	\set cross 0.02
\endif
\if :{?tenants} \else
	SELECT greatest(3, round(500 * :scale))::int AS tenants \gset
\endif

SELECT
	greatest(20, round(2000 * :scale))::int AS categories,
	greatest(:tenants, round(50000 * :scale))::int AS products,
	greatest(:tenants, round(200000 * :scale))::int AS users,
	greatest(:tenants, round(400000 * :scale))::int AS customers,
	round(2000000 * :scale)::int AS orders,
	round(60000 * :scale)::int AS refunds,
	round(800000 * :scale)::int AS events,
	round(300000 * :scale)::int AS reviews,
	round(200000 * :scale)::int AS audits,
	greatest(5, round(500 * :scale))::int AS tags,
	greatest(5, round(20 * :scale))::int AS warehouses
\gset

SET client_min_messages = warning;
SET work_mem = '1GB';
SET maintenance_work_mem = '1GB';
-- Rows lie in the order in which they came to be, as those of a shop do: one
-- worker, one scan, the big side of a join streams past a hash of the small
-- one, and what a join of more than memory holds would mix is sorted.
SET max_parallel_workers_per_gather = 0;
SET synchronize_seqscans = off;
SET enable_mergejoin = off;
SET enable_nestloop = off;

BEGIN;

-- chance is a number from 0 up to but not including 1, another for each salt.
CREATE FUNCTION chance(n bigint, salt bigint) RETURNS float8 IMMUTABLE PARALLEL SAFE LANGUAGE sql
	AS $$ SELECT (hashint8extended(n, salt) & 9007199254740991) / 9007199254740992.0::float8 $$;

-- pick is a number from 1 to most; the greater the skew, the more often a low one.
CREATE FUNCTION pick(n bigint, salt bigint, most int, skew float8) RETURNS int IMMUTABLE PARALLEL SAFE LANGUAGE sql
	AS $$ SELECT 1 + floor(most * power(chance(n, salt), skew))::int $$;

-- price is an amount below most, more often a low one.
CREATE FUNCTION price(n bigint, salt bigint, most int) RETURNS numeric IMMUTABLE PARALLEL SAFE LANGUAGE sql
	AS $$ SELECT pick(n, salt, most * 100, 2) * 0.01 $$;

-- word is a text of eight letters and digits.
CREATE FUNCTION word(n bigint, salt bigint) RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE sql
	AS $$ SELECT lpad(to_hex(hashint8extended(n, salt) & 4294967295), 8, '0') $$;

-- lines is how many lines an order has: 1 to 20, 3 on average.
CREATE FUNCTION lines(n bigint) RETURNS int IMMUTABLE PARALLEL SAFE LANGUAGE sql
	AS $$ SELECT 1 + least(19, floor(-2.4663 * ln(1 - chance(n, 30))))::int $$;

CREATE TABLE settings (
	id         int PRIMARY KEY CHECK (id = 1),
	shop_name  text NOT NULL,
	version    int NOT NULL
);
CREATE TABLE tenants (
	id             int NOT NULL,
	name           text NOT NULL,
	slug           text NOT NULL,
	plan           text NOT NULL,
	owner_user_id  int,
	created_at     timestamptz NOT NULL
);
CREATE TABLE users (
	id          int NOT NULL,
	tenant_id   int NOT NULL,
	email       text NOT NULL,
	name        text NOT NULL,
	role        text NOT NULL,
	created_at  timestamptz NOT NULL,
	active      boolean NOT NULL
);
CREATE TABLE categories (
	id         int NOT NULL,
	parent_id  int,
	name       text NOT NULL
);
CREATE TABLE products (
	id           int NOT NULL,
	tenant_id    int NOT NULL,
	category_id  int NOT NULL,
	sku          text NOT NULL,
	name         text NOT NULL,
	description  text,
	price        numeric(10, 2) NOT NULL,
	attributes   jsonb NOT NULL
);
CREATE TABLE warehouses (
	id       int NOT NULL,
	name     text NOT NULL,
	country  char(2) NOT NULL
);
CREATE TABLE inventory (
	product_id    int NOT NULL,
	warehouse_id  int NOT NULL,
	quantity      int NOT NULL,
	counted_at    timestamptz
);
CREATE TABLE tags (
	id    int NOT NULL,
	name  text NOT NULL
);
CREATE TABLE product_tags (
	product_id  int NOT NULL,
	tag_id      int NOT NULL
);
CREATE TABLE customers (
	id          int NOT NULL,
	tenant_id   int NOT NULL,
	email       text NOT NULL,
	first_name  text NOT NULL,
	last_name   text NOT NULL,
	street      text NOT NULL,
	city        text NOT NULL,
	postcode    text NOT NULL,
	phone       text,
	created_at  timestamptz NOT NULL
);
CREATE TABLE coupons (
	id         int PRIMARY KEY,
	tenant_id  int NOT NULL,
	code       text NOT NULL
);
CREATE TABLE orders (
	id           bigint NOT NULL,
	tenant_id    int NOT NULL,
	customer_id  int NOT NULL,
	placed_by    int,
	status       text NOT NULL,
	total        numeric(12, 2) NOT NULL,
	note         text,
	created_at   timestamptz NOT NULL
);
CREATE TABLE order_lines (
	order_id    bigint NOT NULL,
	line_no     int NOT NULL,
	product_id  int NOT NULL,
	quantity    int NOT NULL,
	unit_price  numeric(10, 2) NOT NULL,
	tax         numeric(10, 2) NOT NULL,
	sku         text NOT NULL,
	shipped_at  timestamptz,
	note        text
);
CREATE TABLE refunds (
	id          int NOT NULL,
	order_id    bigint NOT NULL,
	line_no     int NOT NULL,
	user_id     int NOT NULL,
	amount      numeric(10, 2) NOT NULL,
	reason      text,
	created_at  timestamptz NOT NULL
);
CREATE TABLE payments (
	id          bigint NOT NULL,
	order_id    bigint NOT NULL,
	method      text NOT NULL,
	amount      numeric(12, 2) NOT NULL,
	reference   uuid NOT NULL,
	paid_at     timestamptz
);
CREATE TABLE reviews (
	id           int NOT NULL,
	product_id   int NOT NULL,
	customer_id  int NOT NULL,
	stars        int NOT NULL,
	body         text NOT NULL,
	created_at   timestamptz NOT NULL
);
CREATE TABLE events (
	id         bigint NOT NULL,
	tenant_id  int NOT NULL,
	user_id    int NOT NULL,
	kind       text NOT NULL,
	detail     jsonb NOT NULL,
	at         timestamptz NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE audit_log (
	at         timestamptz NOT NULL,
	tenant_id  int NOT NULL,
	user_id    int,
	action     text NOT NULL,
	detail     text NOT NULL
);
SELECT format('CREATE TABLE events_2025_%s PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
	to_char(month, 'MM'), month || '+00', (month + interval '1 month') || '+00')
FROM generate_series(timestamp '2025-01-01', timestamp '2025-12-01', interval '1 month') month \gexec

-- The first so many rows go round, so that no tenant is without; the low tenants are the big ones.
INSERT INTO users
SELECT n, CASE WHEN n <= :tenants THEN n ELSE pick(n, 1, :tenants, 2.5) END,
	'user' || n || '@' || word(n, 2) || '.example', 'User ' || word(n, 3),
	(ARRAY['clerk', 'clerk', 'clerk', 'manager', 'admin'])[pick(n, 4, 5, 1)],
	timestamptz '2022-01-01 00:00+00' + n * (interval '1400 days' / :users), chance(n, 5) < 0.9
FROM generate_series(1, :users) n;

-- Who is how popular, within each tenant, and as tenant 0 among all.
CREATE TEMP TABLE ranked_users ON COMMIT DROP AS
SELECT tenant_id, row_number() OVER (PARTITION BY tenant_id ORDER BY word(id, 6), id)::int AS rank, id,
	(count(*) OVER (PARTITION BY tenant_id))::int AS many
FROM (SELECT id, tenant_id FROM users UNION ALL SELECT id, 0 FROM users) u;
ANALYZE ranked_users;

INSERT INTO tenants
SELECT n, 'Tenant ' || word(n, 7), 'tenant-' || n, (ARRAY['free', 'team', 'business'])[pick(n, 8, 3, 1)],
	CASE WHEN chance(n, 9) < 0.95 THEN u.id END, timestamptz '2021-06-01 00:00+00' + n * interval '1 hour'
FROM generate_series(1, :tenants) n JOIN ranked_users u ON u.tenant_id = n AND u.rank = 1;

INSERT INTO categories
SELECT n, CASE WHEN n > 12 THEN pick(n, 10, n - 1, 1.5) END, 'Category ' || word(n, 11)
FROM generate_series(1, :categories) n;

INSERT INTO products
SELECT n, CASE WHEN n <= :tenants THEN n ELSE pick(n, 12, :tenants, 2.5) END, pick(n, 13, :categories, 1.5),
	upper(word(n, 14)), 'Product ' || word(n, 15),
	CASE WHEN chance(n, 16) < 0.8 THEN repeat(word(n, 17) || ' ', pick(n, 18, 30, 1)) END,
	price(n, 19, 200),
	jsonb_build_object('colour', (ARRAY['red', 'green', 'blue', 'grey'])[pick(n, 20, 4, 1)], 'grams', pick(n, 21, 5000, 2))
FROM generate_series(1, :products) n;

CREATE TEMP TABLE ranked_products ON COMMIT DROP AS
SELECT tenant_id, row_number() OVER (PARTITION BY tenant_id ORDER BY word(id, 22), id)::int AS rank, id,
	(count(*) OVER (PARTITION BY tenant_id))::int AS many, sku, price
FROM (SELECT id, tenant_id, sku, price FROM products UNION ALL SELECT id, 0, sku, price FROM products) p;

CREATE TEMP TABLE sizes ON COMMIT DROP AS
SELECT u.tenant_id, u.many AS users, p.many AS products
FROM ranked_users u JOIN ranked_products p ON p.tenant_id = u.tenant_id WHERE u.rank = 1 AND p.rank = 1;
ANALYZE ranked_products, sizes;

INSERT INTO warehouses
SELECT n, 'Warehouse ' || n, (ARRAY['DE', 'FR', 'PL', 'US'])[pick(n, 23, 4, 1)] FROM generate_series(1, :warehouses) n;

INSERT INTO inventory
SELECT n, 1 + (n + k * (1 + n % 3)) % :warehouses, pick(n * 3 + k, 24, 500, 2) - 1,
	CASE WHEN chance(n * 3 + k, 25) < 0.5 THEN timestamptz '2025-12-01 00:00+00' END
FROM generate_series(1, :products) n, generate_series(0, pick(n, 26, 5, 1) - 1) k
ON CONFLICT DO NOTHING;

INSERT INTO tags SELECT n, 'tag ' || n FROM generate_series(1, :tags) n;

INSERT INTO product_tags
SELECT DISTINCT n, pick(n * 4 + k, 27, :tags, 2)
FROM generate_series(1, :products) n, generate_series(1, 2) k ORDER BY 1, 2;

INSERT INTO customers
SELECT n, CASE WHEN n <= :tenants THEN n ELSE pick(n, 28, :tenants, 2.5) END,
	'customer' || n || '@' || word(n, 29) || '.example', initcap(word(n, 31)), initcap(word(n, 32)),
	pick(n, 33, 200, 1) || ' ' || initcap(word(n, 34)) || ' Street', initcap(word(n, 35)), lpad(pick(n, 36, 99999, 1)::text, 5, '0'),
	CASE WHEN chance(n, 37) < 0.6 THEN '+49 30 ' || pick(n, 38, 9999999, 1) END,
	timestamptz '2022-01-01 00:00+00' + n * (interval '1400 days' / :customers)
FROM generate_series(1, :customers) n;
ANALYZE users, customers;

-- The good customers are spread over the table: 7919 is prime and divides no size in use.
INSERT INTO orders
SELECT o.n, c.tenant_id, c.id, CASE WHEN chance(o.n, 39) < 0.3 THEN u.id END,
	(ARRAY['paid', 'paid', 'paid', 'shipped', 'shipped', 'returned', 'open'])[pick(o.n, 40, 7, 1)],
	price(o.n, 41, 300),
	CASE WHEN chance(o.n, 42) < 0.1 THEN 'please ' || word(o.n, 43) END,
	timestamptz '2023-01-01 00:00+00' + o.n * (interval '1000 days' / :orders) + chance(o.n, 44) * interval '6 hours'
FROM (SELECT n, (1 + (pick(n, 45, :customers, 2)::bigint * 7919) % :customers)::int AS customer_id FROM generate_series(1, :orders) n) o
JOIN customers c ON c.id = o.customer_id
JOIN sizes s ON s.tenant_id = CASE WHEN chance(o.n, 46) < :cross THEN 0 ELSE c.tenant_id END
JOIN ranked_users u ON u.tenant_id = s.tenant_id AND u.rank = pick(o.n, 47, s.users, 1.5)
ORDER BY 1;

INSERT INTO order_lines
SELECT l.order_id, l.line_no, p.id, pick(l.n, 50, 5, 2), p.price, price(l.n, 51, 20), p.sku,
	CASE WHEN chance(l.n, 56) < 0.8 THEN l.created_at + interval '2 days' END, CASE WHEN chance(l.n, 52) < 0.05 THEN 'gift for ' || word(l.n, 53) END
FROM (SELECT o.id AS order_id, o.tenant_id, o.created_at, k AS line_no, o.id * 20 + k AS n FROM orders o, generate_series(1, lines(o.id)) k) l
JOIN sizes s ON s.tenant_id = CASE WHEN chance(l.n, 54) < :cross THEN 0 ELSE l.tenant_id END
JOIN ranked_products p ON p.tenant_id = s.tenant_id AND p.rank = pick(l.n, 55, s.products, 2.5)
ORDER BY 1, 2;
ANALYZE orders;

INSERT INTO refunds
SELECT r.n, o.id, pick(r.n, 60, lines(o.id), 1), u.id, price(r.n, 61, 100),
	CASE WHEN chance(r.n, 62) < 0.7 THEN 'reason ' || word(r.n, 63) END, o.created_at + chance(r.n, 64) * interval '30 days'
FROM (SELECT n, ((n - 1)::bigint * :orders / :refunds + pick(n, 65, :orders / :refunds, 1))::bigint AS order_id FROM generate_series(1, :refunds) n) r
JOIN orders o ON o.id = r.order_id
JOIN sizes s ON s.tenant_id = CASE WHEN chance(r.n, 66) < :cross THEN 0 ELSE o.tenant_id END
JOIN ranked_users u ON u.tenant_id = s.tenant_id AND u.rank = pick(r.n, 67, s.users, 1)
ORDER BY 1;

-- Most orders are paid once, some not at all, some in parts.
INSERT INTO payments
SELECT n, CASE WHEN chance(n, 70) < 0.9 THEN n ELSE pick(n, 71, :orders, 1) END,
	(ARRAY['card', 'card', 'invoice', 'transfer'])[pick(n, 72, 4, 1)], price(n, 41, 300),
	(word(n, 73) || word(n, 74) || word(n, 75) || word(n, 76))::uuid,
	CASE WHEN chance(n, 77) < 0.95 THEN timestamptz '2023-01-02 00:00+00' + n * (interval '1000 days' / :orders) END
FROM generate_series(1, :orders) n;

INSERT INTO reviews
SELECT r.n, p.id, c.id, pick(r.n, 80, 5, 0.5), repeat(word(r.n, 81) || ' ', pick(r.n, 82, 25, 2)),
	timestamptz '2024-01-01 00:00+00' + r.n * (interval '700 days' / :reviews)
FROM (SELECT n, (1 + (pick(n, 83, :customers, 2)::bigint * 7919) % :customers)::int AS customer_id FROM generate_series(1, :reviews) n) r
JOIN customers c ON c.id = r.customer_id
JOIN sizes s ON s.tenant_id = CASE WHEN chance(r.n, 84) < :cross THEN 0 ELSE c.tenant_id END
JOIN ranked_products p ON p.tenant_id = s.tenant_id AND p.rank = pick(r.n, 85, s.products, 2.5)
ORDER BY 1;

INSERT INTO events
SELECT e.n, u.tenant_id, u.id, (ARRAY['login', 'view', 'view', 'view', 'edit', 'export'])[pick(e.n, 90, 6, 1)],
	jsonb_build_object('session', word(e.n, 91), 'page', pick(e.n, 92, 400, 2)),
	timestamptz '2025-01-01 00:00+00' + e.n * (interval '364 days' / :events)
FROM (SELECT n, (1 + (pick(n, 93, :users, 2.5)::bigint * 7919) % :users)::int AS user_id FROM generate_series(1, :events) n) e
JOIN users u ON u.id = e.user_id;

INSERT INTO audit_log
SELECT timestamptz '2025-01-01 00:00+00' + a.n * (interval '364 days' / :audits), u.tenant_id, CASE WHEN chance(a.n, 94) < 0.8 THEN u.id END,
	(ARRAY['insert', 'update', 'update', 'delete'])[pick(a.n, 95, 4, 1)], repeat(word(a.n, 96), pick(a.n, 97, 12, 1))
FROM (SELECT n, pick(n, 98, :users, 1) AS user_id FROM generate_series(1, :audits) n) a
JOIN users u ON u.id = a.user_id;

INSERT INTO settings VALUES (1, 'Shop of shops', 42);

DROP FUNCTION price, pick, chance, word, lines;
COMMIT;

ALTER TABLE tenants ADD PRIMARY KEY (id);
ALTER TABLE users ADD PRIMARY KEY (id);
ALTER TABLE categories ADD PRIMARY KEY (id);
ALTER TABLE products ADD PRIMARY KEY (id);
ALTER TABLE warehouses ADD PRIMARY KEY (id);
ALTER TABLE inventory ADD PRIMARY KEY (product_id, warehouse_id);
ALTER TABLE tags ADD PRIMARY KEY (id);
ALTER TABLE product_tags ADD PRIMARY KEY (product_id, tag_id);
ALTER TABLE customers ADD PRIMARY KEY (id);
ALTER TABLE orders ADD PRIMARY KEY (id);
ALTER TABLE order_lines ADD PRIMARY KEY (order_id, line_no);
ALTER TABLE refunds ADD PRIMARY KEY (id);
ALTER TABLE payments ADD PRIMARY KEY (id);
ALTER TABLE reviews ADD PRIMARY KEY (id);
ALTER TABLE events ADD PRIMARY KEY (id, at);

CREATE UNIQUE INDEX ON tenants (slug);
CREATE UNIQUE INDEX ON users (email);
CREATE INDEX ON users (tenant_id);
CREATE INDEX ON categories (parent_id);
CREATE INDEX ON products (tenant_id);
CREATE INDEX ON products (category_id);
CREATE INDEX ON inventory (warehouse_id);
CREATE UNIQUE INDEX ON tags (name);
CREATE INDEX ON product_tags (tag_id);
CREATE UNIQUE INDEX ON customers (email);
CREATE INDEX ON customers (tenant_id);
CREATE INDEX ON orders (tenant_id);
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON orders (placed_by);
CREATE INDEX ON order_lines (product_id);
CREATE INDEX ON refunds (order_id, line_no);
CREATE INDEX ON refunds (user_id);
CREATE INDEX ON payments (order_id);
CREATE INDEX ON reviews (product_id); -- none on customer_id, as happens
CREATE INDEX ON events (user_id);
CREATE INDEX ON events (tenant_id);
CREATE INDEX ON audit_log (user_id);

ALTER TABLE users ADD FOREIGN KEY (tenant_id) REFERENCES tenants;
ALTER TABLE tenants ADD FOREIGN KEY (owner_user_id) REFERENCES users;
ALTER TABLE categories ADD FOREIGN KEY (parent_id) REFERENCES categories;
ALTER TABLE products ADD FOREIGN KEY (tenant_id) REFERENCES tenants, ADD FOREIGN KEY (category_id) REFERENCES categories;
ALTER TABLE inventory ADD FOREIGN KEY (product_id) REFERENCES products, ADD FOREIGN KEY (warehouse_id) REFERENCES warehouses;
ALTER TABLE product_tags ADD FOREIGN KEY (product_id) REFERENCES products, ADD FOREIGN KEY (tag_id) REFERENCES tags;
ALTER TABLE customers ADD FOREIGN KEY (tenant_id) REFERENCES tenants;
ALTER TABLE coupons ADD FOREIGN KEY (tenant_id) REFERENCES tenants;
ALTER TABLE orders ADD FOREIGN KEY (tenant_id) REFERENCES tenants, ADD FOREIGN KEY (customer_id) REFERENCES customers,
	ADD FOREIGN KEY (placed_by) REFERENCES users;
ALTER TABLE order_lines ADD FOREIGN KEY (order_id) REFERENCES orders, ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE refunds ADD FOREIGN KEY (order_id, line_no) REFERENCES order_lines, ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE payments ADD FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE reviews ADD FOREIGN KEY (product_id) REFERENCES products, ADD FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE events ADD FOREIGN KEY (tenant_id) REFERENCES tenants, ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE audit_log ADD FOREIGN KEY (tenant_id) REFERENCES tenants, ADD FOREIGN KEY (user_id) REFERENCES users;

VACUUM (FREEZE, ANALYZE);
