package mask

import (
	"slices"
	"testing"
)

func TestSpace_IsWhatATransformerGivesWhateverItIsGiven(t *testing.T) {
	key := NewKey("k")
	for name, c := range map[string]struct {
		rule  Rule
		field field
		least int // values; 0: none is known
		all   bool
	}{
		"null":                    {Rule{As: "null"}, field{class: text}, 1, true},
		"null in a list":          {Rule{As: "null"}, field{class: text, array: true}, 0, false},
		"a constant":              {Rule{As: "constant", Value: "x"}, field{class: text}, 1, true},
		"first names":             {Rule{As: "first_name"}, field{class: text}, 20, true},
		"last names":              {Rule{As: "last_name"}, field{class: text}, 20, true},
		"names":                   {Rule{As: "name"}, field{class: text}, draws, false},
		"companies":               {Rule{As: "company"}, field{class: text}, draws, false},
		"hashes":                  {Rule{As: "hash"}, field{class: text}, draws, false},
		"addresses of mail":       {Rule{As: "email"}, field{class: text}, draws, false},
		"mail of the same domain": {Rule{As: "email", Keep: "domain"}, field{class: text}, 0, false},
		"streets":                 {Rule{As: "street"}, field{class: text}, draws, false},
		"streets of a country":    {Rule{As: "street", Country: "c"}, field{class: text}, 0, false},
		"tokens":                  {Rule{As: "token"}, field{class: text}, draws, false},
		"tokens of numbers":       {Rule{As: "token"}, field{class: integer, max: 1000}, 0, false},
		"what keeps the form":     {Rule{As: "text"}, field{class: text}, 0, false},
	} {
		k, _ := kindOf(c.rule.As)
		column := &Column{rule: c.rule, kind: k, field: c.field}
		values, all := column.space(key)
		if len(values) < c.least || c.least == 0 && len(values) > 0 || all != c.all {
			t.Errorf("%s: %d values, all %v", name, len(values), all)
		}
		for _, v := range values {
			if v != nil && *v == "" {
				t.Errorf("%s: an empty one", name)
			}
		}
	}
}

func TestSpace_HoldsNamesThatFitAlone(t *testing.T) {
	k, _ := kindOf("first_name")
	column := &Column{rule: Rule{As: "first_name"}, kind: k, field: field{class: text, limit: 4}}
	values, _ := column.space(NewKey("k"))
	if len(values) == 0 || slices.ContainsFunc(values, func(v *string) bool { return len(*v) > 4 }) {
		t.Errorf("%d values", len(values))
	}
}
