package mask

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Rule says how the columns that a pattern names are masked.
type Rule struct {
	Column string // schema.table.column, with * for anything; of a nested rule, the path inside the value
	As     string // the transformer, one of Kinds
	Where  string // file and line, for messages

	Proposed bool // by a scan: Where then only tells it from others

	Keep    string   // the part of a value that stays: domain, host, prefix or vendor
	Value   string   // of constant, template and sql
	Days    int      // of shift: at most so many, either way; 0 means 30
	Percent float64  // of noise: at most so many, either way; 0 means 10
	To      string   // of bucket: year, month or day, or a number
	By      string   // of shift: the column of the same table that decides how far
	Country string   // of street, city, postcode and address: the column of the same table that holds a country code
	Date    []string // of shift: columns with the year, the month and the day; the empty name for none
	At      []Rule   // of json, hstore and xml: what is inside, the first that fits counts
}

// error says what is wrong with a rule, and where it is.
func (r Rule) error(advice, format string, args ...any) error {
	text := "mask: " + r.Column + ": " + fmt.Sprintf(format, args...)
	if r.Where != "" && !r.Proposed {
		text = r.Where + ": " + text
	}
	return hint.Usage(errors.New(text), "%s", advice)
}

// String describes the rule in the words of the configuration file, without
// the values in it, which may be confidential.
func (r Rule) String() string {
	parts := []string{r.As}
	for _, o := range r.options() {
		switch o.name {
		case "value", "at":
		default:
			parts = append(parts, o.name+" "+o.text)
		}
	}
	return strings.Join(parts, ", ")
}

// option is one option that a rule gives.
type option struct{ name, text string }

func (r Rule) options() []option {
	var given []option
	add := func(name, text string, is bool) {
		if is {
			given = append(given, option{name, text})
		}
	}
	add("keep", r.Keep, r.Keep != "")
	add("value", r.Value, r.Value != "")
	add("days", fmt.Sprint(r.Days), r.Days != 0)
	add("percent", fmt.Sprint(r.Percent), r.Percent != 0)
	add("to", r.To, r.To != "")
	add("by", r.By, r.By != "")
	add("country", r.Country, r.Country != "")
	add("date", strings.Join(r.Date, " "), len(r.Date) > 0)
	add("at", fmt.Sprint(len(r.At), " paths"), len(r.At) > 0)
	return given
}

// check finds what is wrong with a rule by itself, whatever the column.
func (r Rule) check() []error {
	k, ok := kindOf(r.As)
	if !ok {
		return []error{r.error("known are "+strings.Join(Kinds(), ", "), "no transformer is called %q", r.As)}
	}
	var errs []error
	for _, o := range r.options() {
		if !slices.Contains(k.options, o.name) {
			errs = append(errs, r.error(k.known(), "%s takes no option %q", r.As, o.name))
		}
	}
	if k.check != nil {
		if text := k.check(r); text != "" {
			errs = append(errs, r.error("", "%s", text))
		}
	}
	for _, inner := range r.At {
		errs = append(errs, inner.checkInside(r)...)
	}
	return errs
}

func (r Rule) checkInside(outer Rule) []error {
	r.Where = first(r.Where, outer.Where)
	r.Column = outer.Column + " at " + r.Column
	errs := r.check()
	if r.As == "sql" || r.By != "" || r.Country != "" || len(r.Date) > 0 {
		errs = append(errs, r.error("", "sql, by, country and date do not work inside a value"))
	}
	return errs
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// fits reports whether the pattern names the column. A star stands for any
// text; the pattern is compared as it is, and else without regard to case.
func (r Rule) fits(column string) bool {
	return matches(strings.ToLower(r.Column), strings.ToLower(column))
}

// exact reports whether the pattern can name one column only.
func (r Rule) exact() bool { return !strings.Contains(r.Column, "*") }

// matches matches greedily from star to star.
func matches(pattern, text string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, head)
	if !ok {
		return false
	}
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(text, rest)
		}
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text, rest = text[i+len(part):], after
	}
}
