---- tern: disable-tx ----
CREATE INDEX CONCURRENTLY orders_c3 ON orders (c2);
