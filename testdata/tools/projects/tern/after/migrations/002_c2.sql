ALTER TABLE orders ADD COLUMN c2 timestamptz DEFAULT clock_timestamp();
UPDATE orders SET c2 = now() WHERE note <> 'c2';
---- create above / drop below ----
ALTER TABLE orders DROP COLUMN c2;
