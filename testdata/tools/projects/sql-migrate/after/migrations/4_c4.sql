-- +migrate Up
ALTER TABLE orders ADD CONSTRAINT c4 CHECK (id > 0);
