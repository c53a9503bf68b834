-- What a role may not read, and row-level security.
CREATE TABLE open_table (id int PRIMARY KEY);
CREATE TABLE secret (id int PRIMARY KEY, open_id int REFERENCES open_table);
CREATE TABLE refers_to_secret (id int PRIMARY KEY, secret int REFERENCES secret);
CREATE TABLE guarded (id int PRIMARY KEY, owner text);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON guarded USING (owner = current_user);
INSERT INTO open_table SELECT generate_series(1, 100);
INSERT INTO secret SELECT i, i FROM generate_series(1, 100) AS i;
INSERT INTO refers_to_secret SELECT i, i FROM generate_series(1, 100) AS i;
INSERT INTO guarded SELECT i, 'nobody' FROM generate_series(1, 100) AS i;
