ALTER TABLE orders ADD COLUMN c2 timestamptz DEFAULT clock_timestamp();
--> statement-breakpoint
UPDATE orders SET c2 = now() WHERE note <> 'c2';
