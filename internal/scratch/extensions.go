package scratch

import "strings"

// harmless are the extensions that it takes a superuser to create and with which a role can do no more than without:
// nothing in them reads files, runs programs or opens connections.
var harmless = []string{
	"address_standardizer", "address_standardizer_data_us", "bloom", "dict_xsyn", "earthdistance", "postgis",
	"postgis_sfcgal", "postgis_topology",
}

// extensionsSQL has the superuser create those when the role that loads asks for one, as archives do before they make
// anything else but schemas. Where the role owns anything else already, that might be what the extension's script calls
// with the rights of the superuser.
// https://www.postgresql.org/docs/current/extend-extensions.html#EXTEND-EXTENSIONS-SECURITY
func extensionsSQL() string {
	return strings.ReplaceAll(`
CREATE SCHEMA offshoot_scratch;
CREATE FUNCTION offshoot_scratch.extend() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
	asked text[] := regexp_match(current_query(),
		'CREATE EXTENSION IF NOT EXISTS ([a-z_]+) WITH SCHEMA ("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*);');
	member regclass;
BEGIN
	IF asked IS NULL OR asked[1] <> ALL ('{HARMLESS}') OR current_setting('offshoot.extends', true) = 'on'
		OR EXISTS (SELECT FROM pg_extension WHERE extname = asked[1])
		OR EXISTS (SELECT FROM pg_shdepend AS o JOIN pg_database AS d ON d.oid = o.dbid
		            WHERE d.datname = current_database() AND o.deptype = 'o'
		              AND o.classid NOT IN ('pg_namespace'::regclass, 'pg_extension'::regclass)) THEN
		RETURN;
	END IF;
	PERFORM set_config('offshoot.extends', 'on', true);
	EXECUTE format('CREATE EXTENSION %I WITH SCHEMA %s', asked[1], asked[2]);
	PERFORM set_config('offshoot.extends', '', true);
	FOR member IN
		SELECT c.oid FROM pg_depend AS d JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
		  JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
		 WHERE d.deptype = 'e' AND c.relkind IN ('r', 'v', 'S') AND e.extname = asked[1]
	LOOP
		EXECUTE format('GRANT ALL ON %s TO loader', member);
	END LOOP;
END $f$;
CREATE EVENT TRIGGER offshoot_scratch ON ddl_command_start WHEN TAG IN ('CREATE EXTENSION')
	EXECUTE FUNCTION offshoot_scratch.extend();`, "HARMLESS", strings.Join(harmless, ","))
}
