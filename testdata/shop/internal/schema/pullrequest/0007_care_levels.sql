-- +goose Up
CREATE TABLE care_levels (
    id smallint PRIMARY KEY,
    name text NOT NULL UNIQUE,
    advice text NOT NULL
);
INSERT INTO care_levels (id, name, advice) VALUES
    (1, 'Forgiving', 'Water it when you remember. It has seen worse.'),
    (2, 'Steady', 'A drink every week and a window nearby.'),
    (3, 'Devoted', 'Humidity, rainwater and a kind word most days.');

ALTER TABLE products ADD COLUMN care_level_id smallint;
UPDATE products
SET care_level_id = CASE
    WHEN form IN ('cactus', 'succulent', 'snake') THEN 1
    WHEN form IN ('fern', 'flower') OR light = 'shade' THEN 3
    ELSE 2
END;
ALTER TABLE products
    ALTER COLUMN care_level_id SET DEFAULT 2,
    ALTER COLUMN care_level_id SET NOT NULL,
    ADD FOREIGN KEY (care_level_id) REFERENCES care_levels (id);
CREATE INDEX ON products (care_level_id);

-- +goose Down
ALTER TABLE products DROP COLUMN care_level_id;
DROP TABLE care_levels;
