package mask

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Finding is a column that looks as if it held personal data.
type Finding struct {
	Table      string  `json:"table"` // schema.table
	Name       string  `json:"name"`
	Topic      string  `json:"topic"`           // what it seems to hold
	As         string  `json:"as"`              // the transformer that would mask it
	Confidence float64 `json:"confidence"`      // from 0 to 1
	Reason     string  `json:"reason"`          // without any value
	Unfit      string  `json:"unfit,omitempty"` // why no transformer fits, where none does
}

// Column is the column's full name.
func (f Finding) Column() string { return f.Table + "." + f.Name }

// String says it in one line.
func (f Finding) String() string {
	text := fmt.Sprintf("%s: %s", f.Column(), f.Reason)
	if f.Topic != "" {
		text = fmt.Sprintf("%s: looks like %s (%.0f %%: %s)", f.Column(), f.Topic, 100*f.Confidence, f.Reason)
	}
	if f.Unfit != "" {
		text += "; no transformer fits: " + f.Unfit
	}
	return text
}

// Look is what a column shows of itself.
type Look struct {
	Table, Name string
	Type        string // pg_type.typname of the type below domains and arrays
	Array       bool
	Limit       int  // of characters; 0 for any number
	Key         bool // it is the whole primary key, or refers to another table
	Comment     string
	Samples     []string // some of its values; they go nowhere
}

// Classifier knows what columns with personal data look like.
type Classifier struct {
	words, alone, topics  map[string]topic
	people, aside, things map[string]bool
	first                 map[string]int
	literals              *literalSearch

	lines, numbers, context, addresses map[string]bool // see addressLine
}

// NewClassifier reads the dictionary.
func NewClassifier() *Classifier {
	c := &Classifier{
		words: map[string]topic{}, alone: map[string]topic{}, topics: map[string]topic{},
		people: wordSet(people), aside: wordSet(aside), things: wordSet(things), first: knownNames(),
		literals: newLiteralSearch(Key{}),
		lines:    wordSet(lineWords), numbers: wordSet(lineNumbers), context: wordSet(lineContext),
		addresses: wordSet(addressTables),
	}
	for _, t := range topics() {
		c.topics[t.name] = t
		for w := range wordSet(t.words) {
			c.words[w] = t
		}
		for w := range wordSet(t.alone) {
			c.alone[w] = t
		}
	}
	return c
}

// Threshold is the confidence from which on a column counts as sensitive.
const Threshold = 0.5

// Classify says what a column seems to hold; false when it seems harmless.
func (c *Classifier) Classify(l Look) (Finding, bool) {
	byName, sure, why := c.byName(l)
	bySample, share := c.bySample(l)
	f := Finding{Table: l.Table, Name: l.Name, Topic: byName.name, Confidence: sure, Reason: why}
	as := byName.as
	if bySample.name != "" && (share > sure || byName.name == "") {
		f.Topic, f.Confidence, as = bySample.name, max(share, Threshold), bySample.as
		f.Reason = fmt.Sprintf("%.0f %% of sampled values look so", 100*share)
	}
	if byName.name != "" && byName.name == bySample.name {
		f.Confidence = 1 - (1-sure)*(1-share)
		f.Reason = why + " and sampled values"
	}
	if f.Topic == "" || f.Confidence < Threshold {
		return Finding{}, false
	}
	f.As = suited(as, l.Type)
	return f, true
}

// suited is the transformer, or one like it that takes the type.
func suited(as, typname string) string {
	f := types[typname]
	if k, ok := kindOf(as); ok && k.takes(f.class) {
		return as
	}
	switch f.class {
	case text:
		return "text"
	case integer, decimal:
		return "noise"
	case date, timestamp:
		return "shift"
	case uuid:
		return "uuid"
	case inet, cidr:
		return "ip"
	case mac:
		return "mac"
	case jsonText:
		return "json"
	case hstore:
		return "hstore"
	case xmlText:
		return "xml"
	case bytea:
		return "bytes"
	}
	return "null"
}

// byName looks the name up, then the comment.
func (c *Classifier) byName(l Look) (topic, float64, string) {
	if types[l.Type].class == boolean {
		return topic{}, 0, ""
	}
	parts := withoutInitials(nameParts(l.Name), l.Table)
	for _, spelled := range [][]string{parts, inFull(parts)} {
		if t, sure := c.lookUp(spelled, l); t.name != "" {
			return t, sure, "its name"
		}
	}
	for _, know := range []func([]string, Look) (topic, float64){c.addressLine, c.inContext} {
		if t, sure := know(parts, l); sure > 0 {
			return t, sure, "its name"
		}
	}
	for _, w := range nameParts(l.Comment) {
		if t, ok := c.words[w]; ok && len(w) > 4 && c.fitsType(t, l.Type) {
			return t, 0.6, "its comment"
		}
	}
	if t, ok := typed[l.Type]; ok {
		return t, 0.7, "its type"
	}
	return topic{}, 0, ""
}

// inFull spells out what is shortened.
func inFull(parts []string) []string {
	long := make([]string, len(parts))
	for i, p := range parts {
		long[i] = first(shortened[p], p)
	}
	return long
}

// typed are types that say by themselves what is in them.
var typed = map[string]topic{
	"inet": {name: "network address", as: "ip"}, "macaddr": {name: "device", as: "mac"},
	"macaddr8": {name: "device", as: "mac"},
}

// lookUp tries runs of the name's parts, the longest first.
func (c *Classifier) lookUp(parts []string, l Look) (topic, float64) {
	parts = trimNumbers(parts)
	for n := len(parts); n > 0; n-- {
		for i := len(parts) - n; i >= 0; i-- {
			word := strings.Join(parts[i:i+n], "")
			t, ok := c.word(word)
			if !ok && n == 1 {
				t, ok = c.compound(word)
			}
			sure := 0.9
			if !ok {
				if t, ok = c.alone[word]; !ok || !(n == len(parts) && c.ofPeople(l.Table)) {
					continue
				}
				sure = 0.7
			}
			if c.excused(parts, i, n, t) || c.ofThing(word, l.Table) || !c.fitsType(t, l.Type) || !fits(t, l) {
				continue
			}
			return t, sure
		}
	}
	return topic{}, 0
}

// word also knows plurals and compounds with the words of German, in which
// parts are not set apart.
func (c *Classifier) word(w string) (topic, bool) {
	for _, form := range []string{w, strings.TrimSuffix(w, "s"), strings.TrimSuffix(w, "es")} {
		if t, ok := c.words[form]; ok {
			return t, true
		}
	}
	return topic{}, false
}

// compound knows a long word that begins with one: firstnamephonetic.
func (c *Classifier) compound(w string) (topic, bool) {
	const enough = 8 // letters
	for n := len(w) - 1; n >= enough; n-- {
		if t, ok := c.words[w[:n]]; ok {
			return t, true
		}
	}
	return topic{}, false
}

// ofThing reports whether the table makes a word one about things: the family
// name of a species, the gender of a product.
func (c *Classifier) ofThing(word, table string) bool {
	if !slices.Contains([]string{"fullname", "familyname", "displayname", "gender"}, word) {
		return false
	}
	last := lastPart(table)
	return c.things[last] || c.things[strings.TrimSuffix(last, "s")]
}

// lastPart is the last word of a table's name.
func lastPart(table string) string {
	parts := nameParts(table[strings.LastIndexByte(table, '.')+1:])
	if len(parts) == 0 {
		return ""
	}
	return parts[len(parts)-1]
}

// excused reports whether the parts around a word make it one about
// something else: email_verified, file_name, phone_type.
func (c *Classifier) excused(parts []string, i, n int, t topic) bool {
	for _, after := range parts[i+n:] {
		if c.aside[after] {
			return true
		}
	}
	for _, before := range parts[:i] {
		if slices.Contains(excuses, before) || t.ofThings && c.things[before] && !t.isOf(before) {
			return true
		}
	}
	return false
}

// excuses are words that make what follows a fact about it, or a number of it.
var excuses = []string{
	"is", "has", "num", "count", "requires", "allow", "ist", "hat", "max", "min", "default",
}

// fitsType excludes what cannot hold the topic.
func (c *Classifier) fitsType(t topic, typname string) bool {
	switch class := types[typname].class; class {
	case boolean, enum:
		return false
	case date, timestamp, integer, decimal, bytea, inet, cidr, uuid:
		return slices.Contains(t.holds, class)
	}
	return true
}

func (c *Classifier) ofPeople(table string) bool {
	parts := nameParts(table[strings.LastIndexByte(table, '.')+1:])
	if n := len(parts); n > 1 &&
		slices.Contains([]string{"entity", "data", "info", "details", "record", "records"}, parts[n-1]) {
		parts = parts[:n-1]
	}
	return len(parts) > 0 && (c.people[parts[len(parts)-1]] || c.people[strings.Join(parts, "")])
}

func trimNumbers(parts []string) []string {
	for len(parts) > 1 && strings.Trim(parts[len(parts)-1], "0123456789") == "" {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// nameParts takes a name apart: snake_case, kebab-case, camelCase, blanks.
// Prefixes of Hungarian kind go, and accents with them.
func nameParts(name string) []string {
	var parts []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			parts = append(parts, string(word))
			word = nil
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			continue
		case i > 0 && unicode.IsUpper(r) &&
			(unicode.IsLower(runes[i-1]) ||
				i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1])):
			end()
		case i > 0 && unicode.IsDigit(r) != unicode.IsDigit(runes[i-1]):
			end()
		}
		word = append(word, []rune(plainLetter(unicode.ToLower(r)))...)
	}
	end()
	if len(parts) > 1 &&
		slices.Contains([]string{"str", "txt", "c", "s", "vc", "fld", "tbl", "col", "dt", "nm"}, parts[0]) {
		parts = parts[1:]
	}
	return parts
}

// plainLetter writes a letter as people do who have only ASCII.
func plainLetter(r rune) string {
	const accented = "áàâãåéèêëíìîïóòôõúùûçñýÿ"
	const plain = "aaaaaeeeeiiiioooouuucnyy"
	switch r {
	case 'ä', 'æ':
		return "ae"
	case 'ö', 'œ', 'ø':
		return "oe"
	case 'ü':
		return "ue"
	case 'ß':
		return "ss"
	}
	if i := slices.Index([]rune(accented), r); i >= 0 {
		return plain[i : i+1]
	}
	return string(r)
}

// Values takes COPY text apart: the values of each column, without NULLs.
func Values(raw []byte, columns int) [][]string {
	values := make([][]string, columns)
	for i, column := range table(raw, columns) {
		for _, v := range column {
			if v != nil {
				values[i] = append(values[i], *v)
			}
		}
	}
	return values
}
