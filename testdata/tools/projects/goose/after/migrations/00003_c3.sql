-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY orders_c3 ON orders (c2);
