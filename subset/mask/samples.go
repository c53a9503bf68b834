package mask

import (
	"regexp"
	"slices"
	"strings"
)

// shapeOf is what values of a topic look like.
type shapeOf struct {
	topic topic
	is    func(c *Classifier, value string) bool
	weak  bool // other things look so too: half of the values must, and two at least
	parts bool // a part of a value may look so
}

var (
	wholeEmail  = regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@]+$`)
	wholePhone  = regexp.MustCompile(`^(?:\+|00)?\(?[0-9][0-9 ()/.-]{6,}[0-9]$`)
	wholeIP     = regexp.MustCompile(`^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$|^[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7}$`)
	wholeSSN    = regexp.MustCompile(`^[0-9]{3}-[0-9]{2}-[0-9]{4}$`)
	wholeCPF    = regexp.MustCompile(`^[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}$`)
	bcrypt      = regexp.MustCompile(`^\$(?:2[aby]|argon2id?|scrypt|pbkdf2[^$]*)\$`)
	streetLine  = regexp.MustCompile(`(?i)(?:^[0-9]+[a-z]?,? .*\b(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|way|close|court|ct|place|boulevard|blvd|rue|chemin|allee)\b|(?:stra(?:ß|ss)e|str\.|weg|gasse|platz|straat|laan) [0-9]+|^(?:calle|avenida|rua|travessa|via|rue|plaza|corso|viale) .*[0-9])`)
	personWords = regexp.MustCompile(`^\p{Lu}[\pL'’-]+(?: \p{Lu}[\pL'’.-]*){1,3}$`)
	oneWord     = regexp.MustCompile(`^\p{Lu}[\pL'’-]+$`)
)

var shapes = []shapeOf{
	{topic: topic{name: "email", as: "email"}, parts: true, is: plainly(wholeEmail.MatchString)},
	{topic: topic{name: "bank account", as: "iban"}, parts: true, is: plainly(isIBAN)},
	{topic: topic{name: "card", as: "card"}, parts: true, is: plainly(func(v string) bool {
		return isCard(v) && len(v) >= 15 && strings.ContainsAny(v[:1], "3456")
	})},
	{
		topic: topic{name: "national number", as: "text"}, parts: true,
		is: plainly(func(v string) bool { return wholeSSN.MatchString(v) || wholeCPF.MatchString(v) }),
	},
	{
		topic: topic{name: "device", as: "mac"}, parts: true,
		is: plainly(func(v string) bool { return isMAC(strings.ToLower(v)) }),
	},
	{topic: topic{name: "network address", as: "ip"}, parts: true, is: plainly(wholeIP.MatchString)},
	{topic: topic{name: "credential", as: "hash"}, parts: true, is: plainly(bcrypt.MatchString)},
	{topic: topic{name: "phone", as: "phone"}, parts: true, is: plainly(func(v string) bool {
		return isWrittenPhone(v) && (strings.ContainsAny(v[:1], "+(") || strings.HasPrefix(v, "00"))
	})},
	{topic: topic{name: "phone", as: "phone"}, weak: true, is: plainly(isWrittenPhone)},
	numberedPhone,
	{topic: topic{name: "street", as: "street"}, parts: true, is: plainly(func(v string) bool {
		return len(v) < 80 && streetLine.MatchString(v)
	})},
	{topic: topic{name: "name", as: "name"}, parts: true, is: (*Classifier).isKnownPerson},
	{topic: topic{name: "name", as: "name"}, weak: true, is: (*Classifier).isPerson},
	{topic: topic{name: "first name", as: "first_name"}, weak: true, is: func(c *Classifier, v string) bool {
		return oneWord.MatchString(v) && c.first[strings.ToLower(v)] == isFirst && !slices.Contains(months, v)
	}},
	{topic: topic{name: "last name", as: "last_name"}, weak: true, is: func(c *Classifier, v string) bool {
		return oneWord.MatchString(v) && c.first[strings.ToLower(v)] == isLast
	}},
	{topic: freeText, is: func(c *Classifier, v string) bool {
		return len(v) > 20 && c.literals.has(v)
	}},
}

// months are words that are first names too, and more often the other.
var months = []string{"April", "May", "June", "Avril", "August", "Summer", "Autumn"}

// freeText is what others have written about people.
var freeText = topic{name: "free text about a person", as: "scrub"}

// numberedPhone is a phone number of digits alone.
var numberedPhone = shapeOf{topic: topic{name: "phone", as: "phone"}, weak: true, is: plainly(isE164)}

func plainly(is func(string) bool) func(*Classifier, string) bool {
	return func(_ *Classifier, v string) bool { return is(v) }
}

// isWrittenPhone wants the signs that people write in phone numbers.
func isWrittenPhone(v string) bool {
	return wholePhone.MatchString(v) && isPhone(v) && strings.ContainsAny(v, "+ ()-/") && !wholeIP.MatchString(v)
}

// fifth is the share of personal values from which on a column is personal.
const fifth = 0.2

// telltales is how many different email addresses make a column personal,
// whatever their share.
const telltales = 5

// mostBytes is how much of a column is looked at.
const mostBytes = 8 << 20

// searched is what the samples of one column have shown.
type searched struct {
	c       *Classifier
	shapes  []shapeOf
	values  int
	hits    []int // by shape
	inside  []int // of these, in a part of the value only
	strong  int   // values that fit one shape or another that is not weak
	keyed   map[string]int
	topics  map[string]topic
	emails  map[string]bool
	mailing int // values with an email address somewhere
}

// bySample finds the topic that the values look like. A fifth of them is
// enough where nothing else looks so.
func (c *Classifier) bySample(l Look) (topic, float64) {
	class := types[l.Type].class
	if !Telling(l.Type) || l.Key && class != text {
		return topic{}, 0
	}
	s := searched{
		c: c, shapes: shapes, hits: make([]int, len(shapes)), inside: make([]int, len(shapes)),
		keyed: map[string]int{}, topics: map[string]topic{}, emails: map[string]bool{},
	}
	if class == integer || class == decimal {
		s.shapes = []shapeOf{numberedPhone}
	}
	bytes := 0
	for _, value := range l.Samples {
		if bytes += len(value); bytes > mostBytes && s.values > 0 {
			break
		}
		if v, ok := newSample(value, class, l.Array); ok {
			s.look(v, l)
		}
	}
	return s.verdict(class)
}

// Telling reports whether values of a type can show what they are.
func Telling(typname string) bool {
	return slices.Contains([]class{text, other, jsonText, hstore, xmlText, bytea, integer, decimal},
		types[typname].class)
}

func (s *searched) look(v sample, l Look) {
	s.values++
	strong := false
	for i, shape := range s.shapes {
		whole := shape.is(s.c, v.whole)
		part := !whole && (shape.parts || l.Array) &&
			slices.ContainsFunc(v.parts, func(p string) bool { return shape.is(s.c, p) })
		if whole || part {
			s.hits[i]++
			strong = strong || !shape.weak
		}
		if part {
			s.inside[i]++
		}
	}
	if strong {
		s.strong++
	}
	s.lookAtKeys(v, l)
	if found := literalEmail.FindString(v.whole); found != "" && notReserved(found) {
		s.mailing++
		if len(s.emails) < telltales {
			s.emails[found] = true
		}
	}
}

// lookAtKeys judges documents by what their members are called.
func (s *searched) lookAtKeys(v sample, l Look) {
	seen := map[string]bool{}
	for _, key := range v.keys {
		t, known := s.topics[key]
		if !known {
			found, sure := s.c.lookUp(nameParts(key), Look{Table: l.Table, Name: key, Type: "text"})
			if sure >= 0.9 {
				t = found
			}
			s.topics[key] = t
		}
		if t.name != "" && !seen[t.name] {
			seen[t.name] = true
			s.keyed[t.name]++
		}
	}
}

func (s *searched) verdict(class class) (topic, float64) {
	var found topic
	most := 0.0
	for i, shape := range s.shapes {
		share := float64(s.hits[i]) / float64(max(s.values, 1))
		if enough := s.enough(shape, share, s.hits[i]); enough && share > most {
			found, most = shape.topic, share
			if 2*s.inside[i] > s.hits[i] && class == text {
				found.as = freeText.as
			}
		}
	}
	if found.name != "" {
		return found, most
	}
	if share := float64(s.strong) / float64(max(s.values, 1)); s.strong > 0 && share >= fifth {
		return freeText, share
	}
	for name, n := range s.keyed {
		share := float64(n) / float64(s.values)
		if n > 1 && share >= Threshold && (share > most || share == most && name < found.name) {
			found, most = topic{name: name, as: "text"}, share
		}
	}
	if found.name == "" && len(s.emails) >= telltales {
		return freeText, float64(s.mailing) / float64(s.values)
	}
	return found, most
}

// enough reports whether so many values are no chance.
func (s *searched) enough(shape shapeOf, share float64, hits int) bool {
	if shape.weak {
		return hits > 1 && share >= Threshold
	}
	return hits > 0 && share >= fifth
}

// isPerson takes two to four words for a person's name when one of them is a
// known first name and comes first, or last after a comma.
func (c *Classifier) isPerson(v string) bool {
	if !personWords.MatchString(v) {
		return false
	}
	head, _, _ := strings.Cut(v, " ")
	return c.first[strings.ToLower(head)] == isFirst
}

// isKnownPerson wants a known last name too.
func (c *Classifier) isKnownPerson(v string) bool {
	last := v[strings.LastIndexByte(v, ' ')+1:]
	return c.isPerson(v) && c.first[strings.ToLower(last)] == isLast
}
