package sqltext_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

func TestLiteral_SurvivesQuotesAndBackslashes(t *testing.T) {
	for in, want := range map[string]string{
		"": "''", "a'b": "'a''b'", `a\b`: ` E'a\\b'`, `\'; DROP TABLE t --`: ` E'\\''; DROP TABLE t --'`,
	} {
		if got := sqltext.Literal(in); got != want {
			t.Errorf("Literal(%q) = %s, want %s", in, got, want)
		}
	}
}
