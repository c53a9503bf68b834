package sqltext_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

func TestParameterized_NumbersWhatWasALiteral(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT a FROM t WHERE b = 'canary' AND c = 3 ;":                  "SELECT a FROM t WHERE b = $1 AND c = $2",
		"SELECT a FROM t\n WHERE b = $2 AND c = $1 LIMIT 1":               "SELECT a FROM t WHERE b = $2 AND c = $1 LIMIT $3",
		"SELECT a::numeric(8, 2), \"x 1\" FROM t1 /* canary */ -- canary": "SELECT a::numeric(8, 2), \"x 1\" FROM t1",
		"INSERT INTO t VALUES ('a', 1), ($1, E'canary\\'')":               "INSERT INTO t VALUES ($2, $3), ($1, $4)",
	} {
		if got := sqltext.Parameterized(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}
