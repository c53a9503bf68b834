-- +goose Up
-- +goose StatementBegin
DO $$ BEGIN
  ALTER TABLE orders ADD CONSTRAINT c4 CHECK (id > 0);
END $$;
-- +goose StatementEnd
