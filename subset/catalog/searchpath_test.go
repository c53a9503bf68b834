package catalog

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSearched_IsWhatPostgreSQLSearches(t *testing.T) {
	schemas := []string{"public", "extensions", "shop", "Odd, \"one", "$User"}
	for path, want := range map[string][]string{
		`"$user", public`:              {"shop", "public"},
		`public,extensions`:            {"public", "extensions"},
		`PUBLIC , missing, pg_catalog`: {"public"},
		`"PUBLIC"`:                     nil,
		`"Odd, ""one", public, public`: {`Odd, "one`, "public"},
		`""`:                           nil,
		``:                             nil,
		`"never closed`:                nil,
	} {
		if diff := cmp.Diff(want, searched(path, "shop", schemas)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestSearchPathSQL_QuotesNames(t *testing.T) {
	const want = `SELECT pg_catalog.set_config('search_path', '"public", "it''s"', false);`
	if got := SearchPathSQL([]string{"public", "it's"}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
