package sink

import (
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// What may go wrong in a target with a statement that is guarded.
const (
	missingObject = "undefined_object" // such as a role
	notSuperuser  = "insufficient_privilege OR undefined_object"

	// A function may raise an error under any code.
	anyFault = "OTHERS OR assert_failure"
)

// serverFaults are the classes of errors that say nothing of a query or its rows: deadlocks, a full disk, an operator
// who intervenes, an error of the system's own.
var serverFaults = []string{"40", "53", "57", "58", "XX"}

// unlessServer passes such an error on.
func unlessServer() string {
	return "IF pg_catalog.left(SQLSTATE, 2) IN ('" + strings.Join(serverFaults, "', '") + "') THEN RAISE; END IF; "
}

const eventTriggerLeftOut = "event trigger left out, only a superuser may create it"

// guarded runs a statement and turns the named errors into a warning.
func guarded(statement, conditions, warning string) string {
	return guard(statement, conditions, "RAISE WARNING USING MESSAGE = "+catalog.Literal(warning)+";")
}

func guard(statement, conditions, instead string) string {
	body := "BEGIN EXECUTE " + catalog.Literal(statement) + "; EXCEPTION WHEN " + conditions + " THEN " + instead +
		" END"
	return "DO LANGUAGE plpgsql " + catalog.Literal(body) + ";\n\n"
}

// refreshSQL fills a materialized view. One whose query fails on a subset
// stays empty, with a warning, as in a target database.
func refreshSQL(view catalog.Name) string {
	warning := catalog.Literal(unfilled(view, "its query fails on the subset"))
	return guard("REFRESH MATERIALIZED VIEW "+view.String(), anyFault,
		unlessServer()+"RAISE WARNING USING MESSAGE = "+warning+";")
}
