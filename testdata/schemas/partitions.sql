-- Partition trees: keys to and from roots, on single leaves, with rows in
-- several levels, columns in another order, a leaf without any row.
CREATE TABLE tenant (id int PRIMARY KEY, name text);
CREATE TABLE event (
    id bigint NOT NULL,
    at date NOT NULL,
    tenant int NOT NULL REFERENCES tenant,
    actor int,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY HASH (id);
CREATE TABLE event_2025_even PARTITION OF event_2025 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE event_2025_rest (tenant int NOT NULL, actor int, at date NOT NULL, id bigint NOT NULL, dropped text);
ALTER TABLE event_2025_rest DROP COLUMN dropped;
ALTER TABLE event_2025 ATTACH PARTITION event_2025_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE actor (id int PRIMARY KEY);
ALTER TABLE event_2024 ADD CONSTRAINT only_here FOREIGN KEY (actor) REFERENCES actor;
CREATE TABLE attachment (
    id int PRIMARY KEY, event bigint, at date,
    FOREIGN KEY (event, at) REFERENCES event
);
CREATE TABLE audit_2025 (event bigint, at date, note text, FOREIGN KEY (event, at) REFERENCES event_2025);
CREATE TABLE measure (sensor int NOT NULL, v int) PARTITION BY HASH (sensor);
CREATE TABLE measure_0 PARTITION OF measure FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE measure_1 PARTITION OF measure FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE empty_tree (id int) PARTITION BY LIST (id);

INSERT INTO tenant SELECT i, 'Tenant ' || i FROM generate_series(1, 40) AS i;
INSERT INTO actor SELECT generate_series(1, 100);
INSERT INTO event SELECT i, date '2024-01-01' + (i % 720)::int, 1 + i % 40, 1 + i % 100 FROM generate_series(1, 5000) AS i;
INSERT INTO attachment SELECT i, i * 3, date '2024-01-01' + (i * 3 % 720) FROM generate_series(1, 1500) AS i;
INSERT INTO audit_2025 SELECT id, at, 'seen' FROM event_2025 WHERE id % 5 = 0;
INSERT INTO measure SELECT i % 30, i FROM generate_series(1, 2000) AS i;
ANALYZE;
