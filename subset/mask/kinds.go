package mask

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// distinct says how well a transformer keeps different values apart.
type distinct int

const (
	merges      distinct = iota // different values may become one
	apart                       // different values stay different
	foldedApart                 // and stay so when case is ignored
)

// kind is one transformer.
type kind struct {
	name    string
	classes []class // that it takes; empty means all
	options []string
	check   func(Rule) string                  // what is wrong with the options
	need    func(Rule) int                     // the least number of characters a column must hold
	apart   func(f field, r Rule) distinct     // nil means merges
	make    func(k Key, f field, r Rule) apply // for one goroutine
	why     string                             // it merges
}

// works reports whether a rule of this kind works on a class: a whole number is
// shifted only as a part of a date.
func (k kind) works(r Rule, c class) bool {
	return k.takes(c) && (r.As != "shift" || (c == integer) == (len(r.Date) > 0))
}

func (k kind) takes(c class) bool { return len(k.classes) == 0 || slices.Contains(k.classes, c) }

// known is a hint about the options.
func (k kind) known() string {
	if len(k.options) == 0 {
		return k.name + " takes no options"
	}
	return k.name + " takes " + strings.Join(k.options, ", ")
}

func constantly(d distinct) func(field, Rule) distinct {
	return func(field, Rule) distinct { return d }
}

// tokened keeps values apart where the whole token fits.
func tokened(f field, _ Rule) distinct {
	if f.room() < tokenLength {
		return merges
	}
	return foldedApart
}

func letters(n int) func(Rule) int { return func(Rule) int { return n } }

// fromList is why values of a list cannot stay unique.
const fromList = "its values come from a list that is shorter than the values of a table may be"

func kinds() []kind {
	texts := []class{text}
	return []kind{
		{name: "name", classes: texts, need: letters(15), make: fullName, why: fromList},
		{name: "first_name", classes: texts, need: letters(3), make: firstName, why: fromList},
		{name: "last_name", classes: texts, need: letters(5), make: lastName, why: fromList},
		{name: "company", classes: texts, need: letters(10), make: company, why: fromList},
		{
			name: "email", classes: texts, options: []string{"keep"}, check: keeps("domain"),
			need: letters(tokenLength + 1 + domainLength), apart: constantly(foldedApart), make: email,
		},
		{
			name: "username", classes: texts, need: letters(4), apart: tokened, make: username,
			why: "the column is too short for a value that nothing else has",
		},
		{
			name: "url", classes: texts, options: []string{"keep"}, check: keeps("host"),
			need: letters(len("https:///") + domainLength + tokenLength), apart: constantly(foldedApart),
			make: webAddress,
		},
		{name: "phone", classes: []class{text, integer}, apart: constantly(apart), make: phone},
		{name: "street", classes: texts, options: []string{"country"}, need: letters(30), make: street, why: fromList},
		{name: "city", classes: texts, options: []string{"country"}, need: letters(12), make: city, why: fromList},
		{
			name: "postcode", classes: texts, options: []string{"country"}, apart: postcodes, make: postcode,
			why: "it draws postcodes of the country",
		},
		{
			name: "address", classes: texts, options: []string{"country"}, need: letters(80), make: address,
			why: fromList,
		},
		{
			name: "ip", classes: []class{text, inet, cidr}, options: []string{"keep"}, check: keeps("prefix"),
			need: letters(widestIPv4), apart: constantly(apart), make: ip,
		},
		{
			name: "mac", classes: []class{text, mac}, options: []string{"keep"}, check: keeps("vendor"),
			apart: constantly(apart), make: macAddress,
		},
		{name: "uuid", classes: []class{text, uuid}, apart: constantly(apart), make: uuidText},
		{name: "iban", classes: texts, apart: constantly(apart), make: iban},
		{name: "card", classes: texts, apart: constantly(apart), make: card},
		{name: "text", classes: texts, apart: constantly(apart), make: shaped},
		{
			name: "scrub", classes: texts, make: scrub,
			why: "it changes what it finds in a text, and may make two texts equal",
		},
		{
			name: "hash", classes: texts, need: letters(8), apart: hashes, make: hashed,
			why: "the column is too short for a value that nothing else has",
		},
		{
			name: "token", classes: []class{text, integer, decimal, uuid, bytea}, need: letters(8), apart: tokens,
			make: token,
			why:  "the column is too short, or its numbers have no fixed number of digits",
		},
		{
			name: "template", classes: texts, options: []string{"value"}, check: templates, need: templateNeeds,
			apart: templateApart, make: templated, why: "the template holds neither {token} nor {hash}",
		},
		{name: "constant", options: []string{"value"}, make: constant, why: "all its values are the same"},
		{name: "null", make: null, apart: constantly(foldedApart)},
		{name: "keep", make: keep, apart: constantly(foldedApart)},
		{
			name: "sql", options: []string{"value"}, check: given("value"), make: keep,
			why: "nothing is known about the values of an expression",
		},
		{
			name: "shift", classes: []class{date, timestamp, integer}, options: []string{"days", "by", "date"},
			check: shifts, make: shift,
			why: "two days may be moved to the same one",
		},
		{
			name: "noise", classes: []class{integer, decimal}, options: []string{"percent"}, check: noises, make: noise,
			why: "two numbers may become the same one",
		},
		{
			name: "bucket", classes: []class{integer, decimal, date, timestamp}, options: []string{"to"},
			check: buckets,
			make:  bucket, why: "it makes one value of many",
		},
		{name: "bytes", classes: []class{bytea}, make: randomBytes, why: "short values may become the same one"},
		{
			name: "json", classes: []class{jsonText}, options: []string{"at"}, check: given("at"), make: jsonAt,
			why: "it may make two documents equal",
		},
		{
			name: "hstore", classes: []class{hstore}, options: []string{"at"}, check: given("at"), make: hstoreAt,
			why: "it may make two values equal",
		},
		{
			name: "xml", classes: []class{xmlText}, options: []string{"at"}, check: given("at"), make: xmlAt,
			why: "it may make two documents equal",
		},
	}
}

// Kinds lists the names of all transformers.
func Kinds() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

func kindOf(name string) (kind, bool) {
	for _, k := range kinds() {
		if k.name == name {
			return k, true
		}
	}
	return kind{}, false
}

func keeps(part string) func(Rule) string {
	return func(r Rule) string {
		if r.Keep != "" && r.Keep != part {
			return fmt.Sprintf("%s can keep the %s, not %q", r.As, part, r.Keep)
		}
		return ""
	}
}

func given(name string) func(Rule) string {
	return func(r Rule) string {
		for _, o := range r.options() {
			if o.name == name {
				return ""
			}
		}
		return r.As + " needs " + name
	}
}

func templates(r Rule) string {
	if text := given("value")(r); text != "" {
		return text
	}
	_, problem := parseTemplate(r.Value)
	return problem
}

func templateNeeds(r Rule) int {
	t, problem := parseTemplate(r.Value)
	if problem != "" {
		return 0
	}
	n := t.longest()
	n += strings.Count(r.Value, "{first_name}")*longest(firstNames()) +
		strings.Count(r.Value, "{last_name}")*longest(lastNames()) +
		strings.Count(r.Value, "{city}")*longest(cities())
	return n
}

func templateApart(_ field, r Rule) distinct {
	if strings.Contains(strings.ReplaceAll(r.Value, "{{", ""), "{token}") ||
		strings.Contains(strings.ReplaceAll(r.Value, "{{", ""), "{hash}") {
		return foldedApart
	}
	return merges
}

func postcodes(_ field, r Rule) distinct {
	if r.Country != "" {
		return merges
	}
	return apart
}

func hashes(f field, _ Rule) distinct {
	if f.room() < hashUnique {
		return merges
	}
	return foldedApart
}

func tokens(f field, r Rule) distinct {
	switch f.class {
	case integer, uuid, bytea:
		return foldedApart
	case decimal:
		if f.fixed {
			return foldedApart
		}
		return merges
	}
	return tokened(f, r)
}

func shifts(r Rule) string {
	if r.Days < 0 || r.Days > 36500 {
		return "shift takes between 1 and 36500 days"
	}
	if len(r.Date) > len(partWords) {
		return "date names the columns with the year, the month and the day, in that order"
	}
	return ""
}

func noises(r Rule) string {
	if r.Percent < 0 || r.Percent > 100 {
		return "noise takes between 0 and 100 percent"
	}
	return ""
}

func buckets(r Rule) string {
	switch r.To {
	case "year", "month", "day":
		return ""
	}
	size, ok := new(big.Rat).SetString(r.To)
	if _, err := strconv.ParseFloat(r.To, 64); err != nil || !ok || size.Sign() <= 0 {
		return "bucket needs to: year, month, day or a number above 0"
	}
	return ""
}
