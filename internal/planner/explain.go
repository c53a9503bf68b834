package planner

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/queryplan"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// Explain asks a dressed database for the plan of a statement, which is not run. Generic plans are those of statements
// with parameters ($1) whose values nobody knows.
func Explain(ctx context.Context, session Session, statement string, generic bool) (*queryplan.Plan, error) {
	if err := Check(statement); err != nil {
		return nil, err
	}
	ask := explainStatement
	if generic {
		ask = explainGeneric
	}
	text, err := ask(ctx, session, statement)
	if err != nil {
		return nil, err
	}
	return queryplan.Parse([]byte(text))
}

// Check refuses what no plan can be asked for.
func Check(statement string) error {
	switch sqltext.Verb(statement) {
	case "":
		return hint.Usage(errors.New("no statement"), "give a SELECT, INSERT, UPDATE, DELETE, MERGE or VALUES")
	case "EXPLAIN":
		return hint.Usage(errors.New("EXPLAIN is added already"), "give the statement alone")
	}
	return nil
}

const options = "FORMAT JSON, VERBOSE, COSTS"

func explainStatement(ctx context.Context, session Session, statement string) (string, error) {
	return first(session.Query(ctx, "EXPLAIN ("+options+") "+statement))
}

// explainGeneric has the statement prepared, since EXPLAIN takes no parameters before version 16, and later no casts of
// them. NULL stands for each: a generic plan does not look at it.
func explainGeneric(ctx context.Context, session Session, statement string) (string, error) {
	const name = "offshoot_explain"
	if _, err := session.Query(ctx, "SET plan_cache_mode = force_generic_plan"); err != nil {
		return "", err
	}
	if _, err := session.Query(ctx, "PREPARE "+name+" AS "+statement); err != nil {
		return "", err
	}
	count, err := session.Query(ctx, "SELECT pg_catalog.cardinality(parameter_types) "+
		"FROM pg_catalog.pg_prepared_statements WHERE name = '"+name+"'")
	number, err := first(count, err)
	if err != nil {
		return "", err
	}
	parameters, err := strconv.Atoi(number)
	if err != nil {
		return "", err
	}
	values := ""
	if parameters > 0 {
		values = "(NULL" + strings.Repeat(", NULL", parameters-1) + ")"
	}
	text, err := first(session.Query(ctx, "EXPLAIN ("+options+") EXECUTE "+name+values))
	if err != nil {
		return "", err
	}
	_, err = session.Query(ctx, "DEALLOCATE "+name)
	return text, err
}

func first(rows [][]string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	if len(rows) == 0 || len(rows[0]) == 0 {
		return "", errors.New("no answer")
	}
	return rows[0][0], nil
}
