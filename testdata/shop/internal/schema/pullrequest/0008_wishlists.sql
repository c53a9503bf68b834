-- +goose Up
CREATE TABLE wishlists (
    customer_id bigint NOT NULL REFERENCES crm.customers (id) ON DELETE CASCADE,
    product_id bigint NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, product_id)
);
CREATE INDEX ON wishlists (product_id);

-- What people have wished for so far was only ever an event.
INSERT INTO wishlists (customer_id, product_id, added_at)
SELECT e.customer_id, e.product_id, min(e.at)
FROM events e
JOIN crm.customers c ON c.id = e.customer_id
WHERE e.kind = 'wish' AND e.product_id IS NOT NULL
GROUP BY e.customer_id, e.product_id;

-- +goose Down
DROP TABLE wishlists;
