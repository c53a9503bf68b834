package compat

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
)

// Answers are what a database says of statements.
type Answers struct {
	of       []answer
	required map[string]map[int]string // schema.table → place → column that has to have a value
}

// An answer is that of one statement.
type answer struct {
	Code       string   `json:"code"` // SQLSTATE; empty: it can be executed
	Message    string   `json:"message"`
	Parameters []string `json:"parameters"` // types
	Results    []string `json:"results"`    // types; none before PostgreSQL 16
	Plan       []struct {
		Plan node `json:"Plan"`
	} `json:"plan"`
}

// A node is one of a plan.
type node struct {
	Type      string   `json:"Node Type"`
	Operation string   `json:"Operation"`
	Relation  string   `json:"Relation Name"`
	Schema    string   `json:"Schema"`
	Parent    string   `json:"Parent Relationship"`
	Output    []string `json:"Output"`
	Plans     []node   `json:"Plans"`
}

// askSQL prepares and plans statements, one after the other, in the path that the session has. What the server calls
// operators and functions is written out: a path leads where its owner wants.
const askSQL = `
CREATE OR REPLACE FUNCTION pg_temp.offshoot_ask(texts pg_catalog.text) RETURNS SETOF pg_catalog.text LANGUAGE plpgsql
   SET plan_cache_mode = 'force_generic_plan' SET client_min_messages = 'error' AS $offshoot$
DECLARE
  one pg_catalog.text; code pg_catalog.text; message pg_catalog.text; plan pg_catalog.json; known pg_catalog.jsonb;
  kept pg_catalog.int4;
BEGIN
  FOR one IN SELECT t FROM pg_catalog.json_array_elements_text(texts::pg_catalog.json) AS t LOOP
    code := NULL; message := NULL; plan := NULL; known := NULL;
    BEGIN
      EXECUTE pg_catalog.concat('PREPARE offshoot_one AS ', one);
      SELECT pg_catalog.to_jsonb(p) INTO known
        FROM pg_catalog.pg_prepared_statements AS p WHERE p.name OPERATOR(pg_catalog.=) 'offshoot_one';
      kept := pg_catalog.jsonb_array_length(known OPERATOR(pg_catalog.->) 'parameter_types');
      EXECUTE pg_catalog.concat('EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) EXECUTE offshoot_one',
        CASE WHEN kept OPERATOR(pg_catalog.>) 0
             THEN pg_catalog.concat('(NULL', pg_catalog.repeat(', NULL', kept OPERATOR(pg_catalog.-) 1), ')') END)
        INTO plan;
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
    END;
    IF EXISTS (SELECT FROM pg_catalog.pg_prepared_statements AS p
                WHERE p.name OPERATOR(pg_catalog.=) 'offshoot_one') THEN
      DEALLOCATE offshoot_one;
    END IF;
    RETURN NEXT pg_catalog.json_build_object('code', code, 'message', message, 'plan', plan,
      'parameters', known OPERATOR(pg_catalog.->) 'parameter_types',
      'results', known OPERATOR(pg_catalog.->) 'result_types')::pg_catalog.text;
  END LOOP;
END $offshoot$`

// requiredSQL lists columns that take no NULL, by their place.
const requiredSQL = `
SELECT pg_catalog.concat(n.nspname, '.', c.relname), a.attnum, a.attname
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
 WHERE (a.attnotnull OR t.typnotnull) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
   AND c.relkind IN ('r', 'p') AND n.nspname <> 'pg_catalog'`

// Ask puts statements to a database. They are neither executed nor changed.
func Ask(ctx context.Context, db Database, database string, statements []Statement) (*Answers, error) {
	texts := make([]string, len(statements))
	for i, s := range statements {
		if Askable(s.Text) { // else the server says that it is none
			texts[i] = s.Text
		}
	}
	list, err := json.Marshal(texts)
	if err != nil {
		return nil, err
	}
	for _, sql := range []string{"SET standard_conforming_strings = on", askSQL} {
		if _, err := db.Query(ctx, database, sql); err != nil {
			return nil, fmt.Errorf("prepare to ask about statements: %w", err)
		}
	}
	// In hexadecimal digits, so that no text can be taken for anything else on its way.
	rows, err := db.Query(ctx, database, "SELECT pg_temp.offshoot_ask(pg_catalog.convert_from(pg_catalog.decode('"+
		hex.EncodeToString(list)+"', 'hex'), 'UTF8'))")
	if err != nil {
		return nil, fmt.Errorf("ask about statements: %w", err)
	}
	if len(rows) != len(statements) {
		return nil, fmt.Errorf("ask about statements: %d answers for %d", len(rows), len(statements))
	}
	a := &Answers{of: make([]answer, len(rows)), required: map[string]map[int]string{}}
	for i, row := range rows {
		if err := json.Unmarshal([]byte(row[0]), &a.of[i]); err != nil {
			return nil, fmt.Errorf("ask about statements: %w", err)
		}
	}
	rows, err = db.Query(ctx, database, requiredSQL)
	if err != nil {
		return nil, fmt.Errorf("read columns: %w", err)
	}
	for _, row := range rows {
		if len(row) != 3 {
			return nil, fmt.Errorf("read columns: %d fields", len(row))
		}
		place, _ := strconv.Atoi(row[1])
		if a.required[row[0]] == nil {
			a.required[row[0]] = map[int]string{}
		}
		a.required[row[0]][place] = row[2]
	}
	return a, nil
}

// A missing value is one that a statement does not give for a column that has to have one.
type missing struct{ table, column string }

// missing finds them in a plan: what is inserted is what the node below gives, column for column.
func (a *Answers) missing(i int) []missing {
	var found []missing
	var visit func(n node)
	visit = func(n node) {
		if n.Type == "ModifyTable" && n.Operation == "Insert" {
			table := n.Schema + "." + n.Relation
			for _, below := range n.Plans {
				if below.Parent != "Outer" && below.Parent != "Member" {
					continue
				}
				for at, value := range below.Output {
					if column := a.required[table][at+1]; column != "" && isNull(value) {
						found = append(found, missing{table, column})
					}
				}
			}
		}
		for _, below := range n.Plans {
			visit(below)
		}
	}
	for _, p := range a.of[i].Plan {
		visit(p.Plan)
	}
	return found
}

func isNull(expression string) bool {
	return expression == "NULL" || len(expression) > 6 && expression[:6] == "NULL::"
}
