package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

// masks reads rules in the order of the file, in which patterns are tried.
func masks(into *[]mask.Rule) value {
	return entries("<column>", func(column string) value {
		return value{schema: refer("mask"), read: func(d *decoder, n node, where string) {
			if rule, ok := decodeMask(d, n, where); ok {
				rule.Column = column
				*into = append(*into, rule)
			}
		}}
	})
}

// decodeMask reads the name of a transformer, or a mapping with as and its
// options.
func decodeMask(d *decoder, n node, where string) (mask.Rule, bool) {
	rule := mask.Rule{Where: fmt.Sprintf("%s:%d", d.file, n.Line)}
	switch {
	case n.isNull():
		rule.As = "null"
		return rule, true
	case n.isMapping():
		d.mapping(n, where, maskFields(&rule))
		return rule, rule.As != ""
	}
	as, ok := d.scalar(n, where, "the name of a transformer or {as, …}")
	rule.As = as
	return rule, ok
}

// literals reads what becomes of personal data in places of the schema.
func literals(into *[]mask.LiteralRule) value {
	return entries("<place>", func(place string) value {
		return value{schema: words("keep", "scrub", "drop"), read: func(d *decoder, n node, where string) {
			if as, ok := d.scalar(n, where, "keep, scrub or drop"); ok {
				at := fmt.Sprintf("%s:%d", d.file, n.Line)
				*into = append(*into, mask.LiteralRule{Place: place, As: as, Where: at})
			}
		}}
	})
}

func maskFields(rule *mask.Rule) []field {
	return []field{
		{name: "as", value: text(&rule.As), required: true, about: "the transformer"},
		{
			name: "keep", value: text(&rule.Keep).as(words("domain", "host", "prefix", "vendor")),
			about: "the part that stays",
		},
		{name: "value", value: anyText(&rule.Value), about: "of constant, template and sql"},
		{name: "days", value: within(&rule.Days, 1, 36500), about: "of shift: at most so many, either way"},
		{name: "percent", value: percent(&rule.Percent), about: "of noise: at most so many, either way"},
		{name: "to", value: anyText(&rule.To), about: "of bucket: year, month, day or a number"},
		{name: "by", value: text(&rule.By), about: "of shift: the column that decides how far"},
		{name: "country", value: text(&rule.Country), about: "the column that holds a country code"},
		{name: "date", value: list(&rule.Date), about: "of shift: columns with year, month and day"},
		{name: "at", value: masks(&rule.At), about: "of json, hstore and xml: transformers by path"},
	}
}

func percent(into *float64) value {
	known := orVariable(&schema{Type: "number", Above: bound(0.0), Maximum: bound(100.0)})
	return value{schema: known, read: func(d *decoder, n node, where string) {
		value, ok := d.scalar(n, where, "a number")
		if !ok {
			return
		}
		parsed, err := strconv.ParseFloat(value, 64)
		if err != nil || !(parsed > 0 && parsed <= 100) {
			d.problem(n, where+": not between 0 and 100", "")
			return
		}
		*into = parsed
	}}
}

func privacy(into *mask.Privacy) value {
	levels := words(string(mask.PrivacyStrict), string(mask.PrivacyWarn), string(mask.PrivacyOff))
	return value{schema: levels, read: func(d *decoder, n node, where string) {
		value, ok := d.scalar(n, where, "text")
		if !ok {
			return
		}
		level, err := mask.ParsePrivacy(value)
		if err != nil {
			d.problem(n, fmt.Sprintf("%s: %v", where, err), strings.Join(hint.Of(err), "; "))
			return
		}
		*into = level
	}}
}

// scanned reads the columns that each table had when it was scanned.
func scanned(into *map[string][]string) value {
	v := entries("<schema.table>", func(table string) value {
		var columns []string
		v := list(&columns)
		return value{schema: v.schema, read: func(d *decoder, n node, where string) {
			v.read(d, n, where)
			(*into)[table] = columns
		}}
	})
	read := v.read
	v.read = func(d *decoder, n node, where string) {
		*into = map[string][]string{}
		read(d, n, where)
	}
	return v
}
