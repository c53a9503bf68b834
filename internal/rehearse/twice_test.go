package rehearse_test

import (
	"context"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

func TestRunTwice_TellsWhatASecondRunChanges(t *testing.T) {
	url := fresh(t, "CREATE TABLE t (id int, note text); INSERT INTO t VALUES (1, 'canary')")
	s, database := server(t), databaseOf(t, url)
	for sql, want := range map[string]string{
		"SELECT 1":                "run a second time, it changes nothing",
		"ALTER TABLE t ADD a int": "run a second time, it changes more: column a of t is new",
		"ALTER TABLE t ALTER note SET DEFAULT 'canary'": "run a second time, it changes more: column note of t is another",
		"CREATE TABLE u (id int); TRUNCATE t": "run a second time, it changes more: " +
			"column id of u is new, table t is another, table u is new",
		"ALTER TABLE nowhere ADD a int": "run a second time, it fails with exit 1 and changes nothing",
		"CREATE TABLE w (a int, b int, c int, d int, e int, f int)": "run a second time, it changes more: column a of w is new, " +
			"column b of w is new, column c of w is new, column d of w is new, column e of w is new and 2 more",
	} {
		r := &rehearse.Report{}
		err := r.RunTwice(t.Context(), s, database, func(ctx context.Context) (int, error) {
			return runs(ctx, t, s, database, sql)
		})
		if err != nil || r.Twice.String() != want {
			t.Errorf("%s: %v, %v", sql, err, r.Twice)
		}
		if text := written(t, r.WriteText); !strings.Contains(strings.Join(strings.Fields(text), " "), want) ||
			strings.Contains(written(t, r.WriteJSON), "canary") {
			t.Errorf("%s: %s", sql, text)
		}
	}
	failed := &rehearse.Report{Exit: 1}
	if err := failed.RunTwice(t.Context(), s, database, nil); err != nil || failed.Twice != nil {
		t.Errorf("%v, %v", err, failed.Twice)
	}
}
