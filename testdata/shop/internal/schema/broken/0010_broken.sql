-- +goose Up
ALTER TABLE products ADD COLUMN watering_days smallint;
-- This names a column nobody has.
UPDATE products SET watering_days = waterings_per_month / 30;

-- +goose Down
ALTER TABLE products DROP COLUMN watering_days;
