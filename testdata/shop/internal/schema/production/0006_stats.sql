-- +goose Up
-- Written by the worker.
CREATE TABLE product_stats (
    product_id bigint PRIMARY KEY REFERENCES products (id) ON DELETE CASCADE,
    views bigint NOT NULL DEFAULT 0,
    units_sold bigint NOT NULL DEFAULT 0,
    ratings bigint NOT NULL DEFAULT 0,
    rating_average numeric(3, 2),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- A log: no key of its own.
CREATE TABLE search_log (
    at timestamptz NOT NULL DEFAULT now(),
    term text NOT NULL,
    hits integer NOT NULL,
    customer_id bigint REFERENCES crm.customers (id)
);
CREATE INDEX ON search_log (customer_id);

CREATE MATERIALIZED VIEW best_sellers AS
SELECT p.id AS product_id, sum(l.quantity) AS units, sum(l.line_total) AS revenue
FROM order_lines l
JOIN products p ON p.sku = l.product_sku
WHERE NOT p.discontinued
GROUP BY p.id;
CREATE UNIQUE INDEX ON best_sellers (product_id);
CREATE INDEX ON best_sellers (units DESC);

-- +goose StatementBegin
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER touch BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION touch();

-- +goose Down
DROP TRIGGER touch ON products;
DROP FUNCTION touch();
DROP MATERIALIZED VIEW best_sellers;
DROP TABLE search_log, product_stats;
