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
	{topic{name: "email", as: "email"}, func(_ *Classifier, v string) bool { return wholeEmail.MatchString(v) }},
	{topic{name: "bank account", as: "iban"}, func(_ *Classifier, v string) bool { return isIBAN(v) }},
	{topic{name: "card", as: "card"}, func(_ *Classifier, v string) bool {
		return isCard(v) && len(v) >= 15 && strings.ContainsAny(v[:1], "3456")
	}},
	{
		topic{name: "national number", as: "text"},
		func(_ *Classifier, v string) bool { return wholeSSN.MatchString(v) || wholeCPF.MatchString(v) },
	},
	{topic{name: "device", as: "mac"}, func(_ *Classifier, v string) bool { return isMAC(strings.ToLower(v)) }},
	{topic{name: "network address", as: "ip"}, func(_ *Classifier, v string) bool { return wholeIP.MatchString(v) }},
	{topic{name: "credential", as: "hash"}, func(_ *Classifier, v string) bool { return bcrypt.MatchString(v) }},
	{topic{name: "phone", as: "phone"}, func(_ *Classifier, v string) bool {
		return wholePhone.MatchString(v) && isPhone(v) && strings.ContainsAny(v, "+ ()-/") && !wholeIP.MatchString(v)
	}},
	{
		topic{name: "street", as: "street"},
		func(_ *Classifier, v string) bool { return streetLine.MatchString(v) && len(v) < 80 },
	},
	{topic{name: "name", as: "name"}, (*Classifier).isPerson},
	{topic{name: "first name", as: "first_name"}, func(c *Classifier, v string) bool {
		return oneWord.MatchString(v) && c.first[strings.ToLower(v)] == isFirst
	}},
	{topic{name: "last name", as: "last_name"}, func(c *Classifier, v string) bool {
		return oneWord.MatchString(v) && c.first[strings.ToLower(v)] == isLast
	}},
	{
		topic{name: "free text about a person", as: "scrub"},
		func(_ *Classifier, v string) bool { return len(v) > 20 && emailInText.MatchString(v) },
	},
}

// fewestSamples is how many values must be there to judge by them.
const fewestSamples = 3

// bySample finds the topic that most of the values look like.
func (c *Classifier) bySample(l Look) (topic, float64) {
	if cl := types[l.Type].class; !slices.Contains([]class{text, other, jsonText, hstore, xmlText}, cl) {
		return topic{}, 0
	}
	values := slices.DeleteFunc(slices.Clone(l.Samples), func(s string) bool { return strings.TrimSpace(s) == "" })
	if len(values) < fewestSamples {
		return topic{}, 0
	}
	var found topic
	most := 0.0
	for _, s := range shapes {
		n := 0
		for _, v := range values {
			if s.is(c, strings.TrimSpace(v)) {
				n++
			}
		}
		if share := float64(n) / float64(len(values)); share > most {
			found, most = s.topic, share
		}
	}
	return found, most
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
