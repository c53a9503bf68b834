CREATE INDEX orders_c3 ON orders (c2);
