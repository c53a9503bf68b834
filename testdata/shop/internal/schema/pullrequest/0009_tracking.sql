-- +goose Up
-- The links in our mails will name orders by this, since numbers can be guessed.
ALTER TABLE orders ADD COLUMN tracking uuid NOT NULL DEFAULT gen_random_uuid();
CREATE UNIQUE INDEX ON orders (tracking);

-- +goose Down
ALTER TABLE orders DROP COLUMN tracking;
