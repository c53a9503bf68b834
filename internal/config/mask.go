package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

// masks reads rules in the order of the file, in which patterns are tried.
func masks(into *[]mask.Rule) decodeFunc {
	return entries(func(column string) decodeFunc {
		return func(d *decoder, n node, where string) {
			if rule, ok := decodeMask(d, n, where); ok {
				rule.Column = column
				*into = append(*into, rule)
			}
		}
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
func literals(into *[]mask.LiteralRule) decodeFunc {
	return entries(func(place string) decodeFunc {
		return func(d *decoder, n node, where string) {
			if as, ok := d.scalar(n, where, "keep, scrub or drop"); ok {
				*into = append(*into, mask.LiteralRule{Place: place, As: as, Where: fmt.Sprintf("%s:%d", d.file, n.Line)})
			}
		}
	})
}

func maskFields(rule *mask.Rule) []field {
	return []field{
		{name: "as", decode: text(&rule.As), required: true},
		{name: "keep", decode: text(&rule.Keep)},
		{name: "value", decode: text(&rule.Value)},
		{name: "days", decode: within(&rule.Days, 1, 36500)},
		{name: "percent", decode: percent(&rule.Percent)},
		{name: "to", decode: text(&rule.To)},
		{name: "by", decode: text(&rule.By)},
		{name: "country", decode: text(&rule.Country)},
		{name: "at", decode: masks(&rule.At)},
	}
}

func percent(into *float64) decodeFunc {
	return func(d *decoder, n node, where string) {
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
	}
}

func privacy(into *mask.Privacy) decodeFunc {
	return func(d *decoder, n node, where string) {
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
	}
}

// scanned reads the columns that each table had when it was scanned.
func scanned(into *map[string][]string) decodeFunc {
	return func(d *decoder, n node, where string) {
		*into = map[string][]string{}
		entries(func(table string) decodeFunc {
			return func(d *decoder, n node, where string) {
				var columns []string
				list(&columns)(d, n, where)
				(*into)[table] = columns
			}
		})(d, n, where)
	}
}
