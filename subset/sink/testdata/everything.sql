-- What PostgreSQL allows, small.
CREATE SCHEMA "Grüße & ""Co""";
COMMENT ON SCHEMA "Grüße & ""Co""" IS 'quoted';
CREATE TYPE mood AS ENUM ('glücklich', 'so lala');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text);
CREATE FUNCTION upper_name(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT upper($1) $$;
CREATE FUNCTION odd_body() RETURNS text LANGUAGE plpgsql AS $f$
BEGIN
	-- lines that look like those of a dump
	RETURN '
\restrict inside
--
-- Name: inside; Type: TABLE; Schema: public; Owner: -
--
SET transaction_timeout = 0;
--
-- PostgreSQL database dump complete
--
$offshoot$';
END
$f$;
CREATE TABLE "Grüße & ""Co"""."Élan ""x""" (
	"Id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	"Näme" text NOT NULL,
	upper text GENERATED ALWAYS AS (upper_name("Näme")) STORED,
	feeling mood, amount positive, both_ pair, list text[], doc jsonb, raw bytea,
	at timestamptz DEFAULT now(), gone date
);
ALTER TABLE "Grüße & ""Co"""."Élan ""x""" DROP COLUMN gone;
INSERT INTO "Grüße & ""Co"""."Élan ""x""" ("Näme", feeling, amount, both_, list, doc, raw, at) VALUES
	('tab	newline
backslash \ dot \. end', 'glücklich', 1, (1, 'x'), '{a,NULL,"b c"}', '{"k": "v\\n"}', '\x00ff', '2020-02-29 12:00+00'),
	('\.', NULL, NULL, NULL, NULL, NULL, '', NULL),
	('', 'so lala', 7, (NULL, NULL), '{}', 'null', NULL, '-infinity'),
	('日本語 🎉', NULL, NULL, NULL, NULL, NULL, NULL, 'infinity');
SELECT setval('"Grüße & ""Co"""."Élan ""x""_Id_seq"', 41);

CREATE TABLE person (
	id int PRIMARY KEY, boss int CONSTRAINT "has boss" REFERENCES person, mentor int REFERENCES person DEFERRABLE INITIALLY DEFERRED,
	elan bigint REFERENCES "Grüße & ""Co"""."Élan ""x""", email text UNIQUE
);
COMMENT ON CONSTRAINT "has boss" ON person IS 'everybody
has one';
INSERT INTO person VALUES (1, 1, NULL, 1, 'ann@example.org'), (2, 1, 3, NULL, 'bob@example.org'), (3, 2, 2, 4, NULL);
CREATE INDEX ON person (upper(email)) WHERE boss IS NOT NULL;
CREATE STATISTICS person_stats ON boss, mentor FROM person;

CREATE TABLE event (id int, day date, who int REFERENCES person, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE event_old PARTITION OF event FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE event_new PARTITION OF event FOR VALUES FROM ('2020-01-01') TO (MAXVALUE) PARTITION BY LIST (id);
CREATE TABLE event_new_1 PARTITION OF event_new FOR VALUES IN (1, 2);
CREATE TABLE event_new_rest PARTITION OF event_new DEFAULT;
INSERT INTO event VALUES (1, '2019-01-01', 1), (2, '2021-01-01', 2), (3, '2022-01-01', 3);

CREATE TABLE base (id int PRIMARY KEY, note text DEFAULT 'n');
CREATE TABLE derived (extra int CHECK (extra > 0)) INHERITS (base);
INSERT INTO base VALUES (1, 'b');
INSERT INTO derived VALUES (1, 'd', 5);
CREATE TABLE nothing ();
CREATE TABLE no_rows (a int);
CREATE TABLE broken (id int PRIMARY KEY, who int);
INSERT INTO broken VALUES (1, 99), (2, 1);
ALTER TABLE broken ADD CONSTRAINT broken_fkey FOREIGN KEY (who) REFERENCES person NOT VALID;

CREATE SEQUENCE lonely START 5;
CREATE VIEW people AS SELECT id, email FROM person;
CREATE RULE people_del AS ON DELETE TO people DO INSTEAD NOTHING;
CREATE MATERIALIZED VIEW counts AS SELECT count(*) AS n FROM person;
CREATE MATERIALIZED VIEW counts2 AS SELECT n + 1 AS n FROM counts;
CREATE UNIQUE INDEX ON counts2 (n);

CREATE FUNCTION noise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a trigger fired while loading'; END $$;
CREATE TRIGGER loud BEFORE INSERT ON no_rows FOR EACH ROW EXECUTE FUNCTION noise();
CREATE TRIGGER loud BEFORE INSERT OR UPDATE ON broken FOR EACH ROW EXECUTE FUNCTION noise();
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON person USING (true);
CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
	IF tg_tag NOT LIKE 'COMMENT%' THEN RAISE EXCEPTION 'an event trigger fired while loading'; END IF;
END $$;
CREATE EVENT TRIGGER watcher ON ddl_command_end EXECUTE FUNCTION watch();
COMMENT ON EVENT TRIGGER watcher IS 'it watches';
