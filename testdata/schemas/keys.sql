-- Every shape of foreign key that PostgreSQL knows.
CREATE TABLE country (code char(2) PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE city (
    country char(2) NOT NULL REFERENCES country,
    name text NOT NULL,
    PRIMARY KEY (country, name)
);
-- A composite key in another order than the parent's columns have.
CREATE TABLE address (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city text,
    country char(2),
    street text NOT NULL,
    UNIQUE (street, id),
    FOREIGN KEY (country, city) REFERENCES city (country, name)
);
-- A reference to a unique key that is not the primary key, of another type.
CREATE TABLE flag (country_name varchar(100) NOT NULL REFERENCES country (name), colour text);
CREATE UNIQUE INDEX country_upper ON country (code) INCLUDE (name);
-- MATCH FULL and MATCH SIMPLE over NULLs.
CREATE TABLE visit_full (id int PRIMARY KEY, country char(2), city text,
    FOREIGN KEY (country, city) REFERENCES city MATCH FULL);
CREATE TABLE visit_simple (id int PRIMARY KEY, country char(2), city text,
    FOREIGN KEY (country, city) REFERENCES city);
-- Several references of one table to itself.
CREATE TABLE person (
    id int PRIMARY KEY,
    mother int REFERENCES person,
    father int REFERENCES person DEFERRABLE INITIALLY DEFERRED,
    boss int NOT NULL REFERENCES person
);
-- A cycle of two tables, NOT NULL on both sides.
CREATE TABLE shop (id int PRIMARY KEY, manager int NOT NULL);
CREATE TABLE staff (id int PRIMARY KEY, shop int NOT NULL REFERENCES shop);
ALTER TABLE shop ADD FOREIGN KEY (manager) REFERENCES staff DEFERRABLE INITIALLY DEFERRED;
-- A key that old rows break, and one that was validated before the catalog lost its rows.
CREATE TABLE old_parent (id int PRIMARY KEY);
CREATE TABLE old_child (id int PRIMARY KEY, parent int);
CREATE INDEX ON old_child (parent);
-- A child without any key whose rows may be equal.
CREATE TABLE note (country char(2) REFERENCES country, body text);

INSERT INTO country SELECT chr(65 + i / 26) || chr(65 + i % 26), 'Country ' || i FROM generate_series(0, 199) AS i;
INSERT INTO city SELECT code, 'City ' || i FROM country, generate_series(1, 5) AS i;
INSERT INTO address (city, country, street)
    SELECT CASE WHEN i % 7 = 0 THEN NULL ELSE 'City ' || 1 + i % 5 END,
           chr(65 + i % 200 / 26) || chr(65 + i % 200 % 26), 'Street ' || i
      FROM generate_series(1, 3000) AS i;
INSERT INTO flag SELECT name, 'red' FROM country;
INSERT INTO visit_full SELECT i, CASE WHEN i % 3 > 0 THEN 'AB' END, CASE WHEN i % 3 > 0 THEN 'City 3' END FROM generate_series(1, 300) AS i;
INSERT INTO visit_simple SELECT i, CASE WHEN i % 3 > 0 THEN 'AC' ELSE 'ZZ' END, CASE WHEN i % 3 > 0 THEN 'City 2' END FROM generate_series(1, 300) AS i;
INSERT INTO person SELECT i, NULLIF(i / 2, 0), NULLIF(i / 3, 0), greatest(i / 10, 1) FROM generate_series(1, 2000) AS i;
BEGIN;
INSERT INTO shop SELECT i, i * 10 FROM generate_series(1, 50) AS i;
INSERT INTO staff SELECT i, 1 + (i * 7) % 50 FROM generate_series(1, 500) AS i;
COMMIT;
INSERT INTO old_parent SELECT generate_series(1, 50);
INSERT INTO old_child SELECT i, i FROM generate_series(1, 100) AS i;
ALTER TABLE old_child ADD CONSTRAINT old_child_parent_fkey FOREIGN KEY (parent) REFERENCES old_parent NOT VALID;
INSERT INTO note SELECT CASE WHEN i % 4 > 0 THEN 'AD' END, 'same' FROM generate_series(1, 400) AS i;
ANALYZE;
