-- +goose Up
CREATE TABLE orders (id int PRIMARY KEY, note text);
INSERT INTO orders SELECT n, n FROM generate_series(1, 500) AS n;
