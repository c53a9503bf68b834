package mask

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestFieldOf_SaysWhatAColumnTakes(t *testing.T) {
	numeric := func(precision, scale int) int { return precision<<16 | scale&0x7ff + 4 }
	for name, c := range map[string]struct {
		detail catalog.ColumnDetail
		want   field
	}{
		"a text":                 {catalog.ColumnDetail{Base: "text", System: true, Modifier: -1}, field{class: text}},
		"a text with a modifier": {catalog.ColumnDetail{Base: "text", System: true, Modifier: 64}, field{class: text}},
		"of so many characters":  {catalog.ColumnDetail{Base: "varchar", System: true, Modifier: 64}, field{class: text, limit: 60}},
		"of any number":          {catalog.ColumnDetail{Base: "varchar", System: true, Modifier: -1}, field{class: text}},
		"padded":                 {catalog.ColumnDetail{Base: "bpchar", System: true, Modifier: 14}, field{class: text, limit: 10, padded: true}},
		"without case":           {catalog.ColumnDetail{Base: "citext", Modifier: -1}, field{class: text, folded: true}},
		"hstore":                 {catalog.ColumnDetail{Base: "hstore", Modifier: -1}, field{class: hstore}},
		"of the same name":       {catalog.ColumnDetail{Base: "text", Modifier: -1}, field{class: other}},
		"unknown":                {catalog.ColumnDetail{Base: "point", System: true, Modifier: -1}, field{class: other}},
		"an enum": {
			catalog.ColumnDetail{Base: "mood", Modifier: -1, Labels: []string{"a"}},
			field{class: enum, labels: []string{"a"}},
		},
		"a list":       {catalog.ColumnDetail{Base: "text", System: true, Modifier: -1, Array: true}, field{class: text, array: true}},
		"a number":     {catalog.ColumnDetail{Base: "numeric", System: true, Modifier: -1}, field{class: decimal}},
		"a price":      {catalog.ColumnDetail{Base: "numeric", System: true, Modifier: numeric(8, 2)}, field{class: decimal, scale: 2, digits: 6, fixed: true}},
		"whole":        {catalog.ColumnDetail{Base: "numeric", System: true, Modifier: numeric(5, 0)}, field{class: decimal, digits: 5, fixed: true}},
		"all behind":   {catalog.ColumnDetail{Base: "numeric", System: true, Modifier: numeric(3, 3)}, field{class: decimal, scale: 3, fixed: true}},
		"a time":       {catalog.ColumnDetail{Base: "timestamp", System: true, Modifier: 3}, field{class: timestamp}},
		"only zeros":   {catalog.ColumnDetail{Base: "numeric", System: true, Modifier: numeric(2, 5)}, field{class: other, scale: 5, digits: -3, fixed: true}},
		"of thousands": {catalog.ColumnDetail{Base: "numeric", System: true, Modifier: numeric(5, -3)}, field{class: other, scale: 2045, digits: -2040}},
	} {
		table := &catalog.Table{}
		r := &resolver{source: Source{Details: &catalog.Details{
			Columns: map[*catalog.Table]map[string]catalog.ColumnDetail{table: {"c": c.detail}},
		}}}
		got := r.fieldOf(table, catalog.Column{Name: "c"})
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(field{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if !r.fieldOf(table, catalog.Column{Name: "c", NotNull: true}).notNull {
			t.Errorf("%s: it takes NULL", name)
		}
	}
}
