package catalog_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestQuote_AlwaysQuotesAndDoublesQuotes(t *testing.T) {
	for _, c := range []struct {
		parts []string
		want  string
	}{
		{[]string{"public", "orders"}, `"public"."orders"`},
		{[]string{`weird "Schema`, "Größe"}, `"weird ""Schema"."Größe"`},
		{[]string{"select"}, `"select"`},
		{[]string{`a"; DROP TABLE x; --`}, `"a""; DROP TABLE x; --"`},
	} {
		if got := catalog.Quote(c.parts...); got != c.want {
			t.Errorf("Quote(%q) = %s, want %s", c.parts, got, c.want)
		}
	}
}

func TestLiteral_SurvivesQuotesAndBackslashes(t *testing.T) {
	for in, want := range map[string]string{
		"plain":   `'plain'`,
		"it's":    `'it''s'`,
		`back\sl`: ` E'back\\sl'`,
	} {
		if got := catalog.Literal(in); got != want {
			t.Errorf("Literal(%q) = %s, want %s", in, got, want)
		}
	}
}
