package mask

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestFolds_KnowsKeysThatTellTokensApart(t *testing.T) {
	for key, want := range map[string]bool{
		"email": true, `"email"`: true, "lower(email)": true, "lower((email)::text)": true, `lower("email")`: true,
		"upper(btrim((email)::character varying(60)))": true, "md5(email)": true, "public.f_unaccent(email)": true,
		"COALESCE(email, ''::text)": true, `lower((email)::"public.citext")`: true,
		"substr(email, 1, 3)": false, "(email || nick)": false, "(lower(email) || '@x'::text)": false,
		"(email <> 'x'::text)": false, "split_part(email, '@'::text, 2)": false, "length(email)": false,
	} {
		if got := folds(catalog.Unique{Keys: []string{key}}, "email"); got != want {
			t.Errorf("%s: %v", key, got)
		}
	}
	if !folds(catalog.Unique{Keys: []string{"lower(email)", "length(nick)"}}, "email") {
		t.Error("a key that does not read the column counts")
	}
	if folds(catalog.Unique{Keys: []string{"lower(email)", "length(email)"}}, "email") {
		t.Error("one of two keys that read the column does not count")
	}
}

func TestCompares_IsAnExclusionByMoreThanEquality(t *testing.T) {
	for name, c := range map[string]struct {
		index catalog.Unique
		want  bool
	}{
		"unique":            {catalog.Unique{Keys: []string{"room"}, Operators: []string{"&&"}}, false},
		"by equality":       {catalog.Unique{Exclusion: true, Keys: []string{"room"}, Operators: []string{"="}}, false},
		"by overlap":        {catalog.Unique{Exclusion: true, Keys: []string{"room"}, Operators: []string{"&&"}}, true},
		"by what is unsaid": {catalog.Unique{Exclusion: true, Keys: []string{"room"}}, true},
		"of another column": {
			catalog.Unique{Exclusion: true, Keys: []string{"room", "span"}, Operators: []string{"=", "&&"}}, false,
		},
		"of an expression": {
			catalog.Unique{Exclusion: true, Keys: []string{"id", "range(ROOM)"}, Operators: []string{"=", "&&"}}, true,
		},
	} {
		if got := compares(c.index, "room"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCheckUnique_RefusesWhatCannotKeepAnIndexUnique(t *testing.T) {
	plain := catalog.Unique{Name: "i", Columns: []string{"nick"}, Keys: []string{"nick"}, Plain: true}
	of := func(keys ...string) catalog.Unique {
		return catalog.Unique{Name: "i", Columns: []string{"nick"}, Keys: keys}
	}
	oneNull, exclusion := plain, plain
	oneNull.OneNull = true
	exclusion.Exclusion, exclusion.Operators = true, []string{"&&"}
	for name, c := range map[string]struct {
		as     string
		index  catalog.Unique
		loose  bool
		refuse string
	}{
		"tokens":                       {"token", plain, false, ""},
		"texts":                        {"text", plain, false, ""},
		"nothing":                      {"null", plain, false, ""},
		"nothing, once":                {"null", oneNull, false, "takes one NULL only"},
		"nothing, of an expression":    {"null", of("lower(nick)"), false, ""},
		"names":                        {"name", plain, false, "its values come from a list"},
		"ranges":                       {"token", exclusion, false, "may not hold"},
		"by a loose collation":         {"token", plain, true, "calls different texts equal"},
		"tokens without case":          {"token", of("lower(nick)"), false, ""},
		"texts without case":           {"text", of("lower(nick)"), false, "whose keys are expressions"},
		"tokens by an unknown measure": {"token", of("length(nick)"), false, "whose keys are expressions"},
	} {
		s, customers, _ := store()
		s.Details.Unique[customers] = []catalog.Unique{c.index}
		detail := s.Details.Columns[customers]["nick"]
		detail.Loose = c.loose
		s.Details.Columns[customers]["nick"] = detail
		_, err := resolved(s, Rule{Column: "shop.customers.nick", As: c.as})
		if (err == nil) != (c.refuse == "") || err != nil && !strings.Contains(err.Error(), c.refuse) {
			t.Errorf("%s: %v, want %q", name, err, c.refuse)
		}
	}
}
