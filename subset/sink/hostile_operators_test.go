package sink_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/subset/sink"
)

// trapSQL puts operators in the way of those of the system, in a schema that is searched before it.
const trapSQL = `
CREATE SCHEMA trap;
CREATE FUNCTION trap.oids(oid, oid) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RAISE ''trapped''; END';
CREATE FUNCTION trap.texts(text, text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RAISE ''trapped''; END';
CREATE FUNCTION trap.names(name, name) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RAISE ''trapped''; END';
CREATE OPERATOR trap.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = trap.oids);
CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.texts);
CREATE OPERATOR trap.= (LEFTARG = name, RIGHTARG = name, FUNCTION = trap.names);
CREATE TABLE public.t (id int PRIMARY KEY);
CREATE POLICY p ON public.t TO pg_monitor;
INSERT INTO public.t SELECT generate_series(1, 9);
`

// Whoever may make an operator, and set where a database's sessions look, must not have it called by the role that
// reads the source, nor by the one that loads a target anew.
func TestDatabase_CallsNobodysOperators(t *testing.T) {
	t.Parallel()
	from := searching(t, trapSQL, "trap, pg_catalog, public")
	to := searching(t, trapSQL, "trap, pg_catalog, public")
	for range 2 {
		open(t, from).mustCopyTo(t, to, sink.Options{Replace: true})
	}
	open(t, from).mustCopyTo(t, t.TempDir()+"/x.sql", sink.Options{})
}
