-- What PostgreSQL 18 brought: keys over periods, virtual columns, constraints that are not enforced, NOT NULL that is not valid.
CREATE EXTENSION btree_gist;

CREATE TABLE room (
    id int,
    open tstzrange,
    name text NOT NULL,
    shout text GENERATED ALWAYS AS (upper(name)) VIRTUAL,
    whisper text GENERATED ALWAYS AS (lower(name)) STORED,
    PRIMARY KEY (id, open WITHOUT OVERLAPS)
);
INSERT INTO room (id, open, name)
SELECT i, tstzrange(timestamptz '2026-01-01 UTC' + d * interval '1 day', timestamptz '2026-01-02 UTC' + d * interval '1 day'), 'Room ' || i
FROM generate_series(1, 60) AS i, generate_series(0, 20) AS d;

-- Each stay spans two rows of its room.
CREATE TABLE stay (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room int,
    during tstzrange,
    guest text CONSTRAINT has_a_guest NOT NULL,
    FOREIGN KEY (room, PERIOD during) REFERENCES room (id, PERIOD open)
);
INSERT INTO stay (room, during, guest)
SELECT i % 60 + 1, tstzrange(timestamptz '2026-01-01 12:00 UTC' + (i % 19) * interval '1 day', timestamptz '2026-01-02 12:00 UTC' + (i % 19) * interval '1 day'),
       'guest ' || i
FROM generate_series(1, 5000) AS i;

-- A third of the parents do not exist; some rows break what is not enforced, and what was not looked at.
CREATE TABLE loose (
    id int PRIMARY KEY,
    weight int,
    label text,
    parent int,
    CONSTRAINT loose_parent FOREIGN KEY (parent) REFERENCES loose NOT ENFORCED,
    CONSTRAINT loose_positive CHECK (weight > 0) NOT ENFORCED
);
INSERT INTO loose SELECT i, i - 100, CASE WHEN i % 5 > 0 THEN 'label ' || i END, i * 3 / 2 FROM generate_series(1, 2000) AS i;
ALTER TABLE loose ADD CONSTRAINT loose_labelled NOT NULL label NOT VALID;

CREATE TABLE parted (
    id int GENERATED ALWAYS AS IDENTITY,
    k int,
    twice int GENERATED ALWAYS AS (k * 2) VIRTUAL,
    PRIMARY KEY (id, k)
) PARTITION BY RANGE (k);
CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (100);
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
INSERT INTO parted (k) SELECT i % 200 FROM generate_series(1, 3000) AS i;
ANALYZE;
