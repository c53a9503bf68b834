package planner

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// settingsSQL sets for a database what the planner looks at, and nothing else: an archive may come from anywhere. Units
// are those of the server.
const settingsSQL = `
DO $do$
DECLARE
  one record;
BEGIN
  FOR one IN
    SELECT s.name, f.value
      FROM pg_catalog.json_to_recordset(%s) AS f (name text, value text)
      JOIN pg_catalog.pg_settings AS s ON s.name = f.name
     WHERE s.context = 'user' AND f.value <> '' AND (s.category LIKE 'Query Tuning%%' OR s.name IN (
           'work_mem', 'hash_mem_multiplier', 'max_parallel_workers_per_gather', 'parallel_leader_participation'))
  LOOP
    BEGIN
      EXECUTE pg_catalog.format('ALTER DATABASE %%I SET %%I = %%L', %s, one.name, one.value);
    EXCEPTION WHEN invalid_parameter_value THEN
      NULL; -- of another version
    END;
  END LOOP;
END $do$`

func (d *dresser) putSettings(ctx context.Context, database string) error {
	text, err := json.Marshal(d.facts.Settings)
	if err != nil || len(d.facts.Settings) == 0 {
		return err
	}
	_, err = d.session.Query(ctx, fmt.Sprintf(settingsSQL, sqltext.Literal(string(text)), sqltext.Literal(database)))
	return err
}
