package sink

import "github.com/offshoot-dev/offshoot/subset/catalog"

// What may go wrong in a target with a statement that is guarded.
const (
	missingObject = "undefined_object" // such as a role
	notSuperuser  = "insufficient_privilege OR undefined_object"
	queryFaults   = "data_exception OR cardinality_violation OR integrity_constraint_violation OR " +
		"syntax_error_or_access_rule_violation OR raise_exception"
)

const eventTriggerLeftOut = "event trigger left out, only a superuser may create it"

// guarded runs a statement and turns the named errors into a warning.
func guarded(statement, conditions, warning string) string {
	body := "BEGIN EXECUTE " + catalog.Literal(statement) + "; EXCEPTION WHEN " + conditions +
		" THEN RAISE WARNING USING MESSAGE = " + catalog.Literal(warning) + "; END"
	return "DO LANGUAGE plpgsql " + catalog.Literal(body) + ";\n\n"
}

// refreshSQL fills a materialized view. One whose query fails on a subset
// stays empty, with a warning, as in a target database.
func refreshSQL(view catalog.Name) string {
	return guarded("REFRESH MATERIALIZED VIEW "+view.String(), queryFaults+" OR object_not_in_prerequisite_state",
		unfilled(view, "its query fails on the subset"))
}
