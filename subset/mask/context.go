package mask

import (
	"slices"
	"strings"
)

// What a column holds is often said by its table: a key of a session, the text
// of a letter, a name that somebody wants to have.

// withoutInitials drops the first letters of the words of the table's name in
// front of a column's: ca_city of customer_address.
func withoutInitials(parts []string, table string) []string {
	initials := ""
	for _, word := range nameParts(table[strings.LastIndexByte(table, '.')+1:]) {
		initials += word[:1]
	}
	if len(parts) > 1 && parts[0] == initials {
		return parts[1:]
	}
	return parts
}

// secretive are things that have secrets of their own: a word for one in front
// of a token makes nothing harmless of it.
const secretive = `server service device app application project host bucket queue database webhook module team group bank shop store`

// isOf reports whether such a thing has what the topic is about.
func (t topic) isOf(thing string) bool {
	return t.name == "credential" && slices.Contains(strings.Fields(secretive), thing)
}

// fits excludes columns that are too short, such as flags, and keys that count
// rows: a person's number can be one, anything else cannot.
func fits(t topic, l Look) bool {
	const letter = 2
	class := types[l.Type].class
	numbered := slices.Contains([]string{"national number", "phone", "bank account", "card"}, t.name)
	switch {
	case l.Limit > 0 && l.Limit <= letter && !l.Array:
		return t.name == "health and belief"
	case l.Key && (class == uuid || class == integer && !numbered || class == decimal && !numbered):
		return false
	}
	return true
}

// context is what columns of some tables hold.
type context struct {
	topic   string
	tables  string // a table has one of these in its name
	columns string // and a column is called so and nothing else
	last    bool   // the word is the last one of the table's name
}

var contexts = []context{
	{
		topic: "credential", tables: `apikey apikeys accesskey accesskeys session sessions secret secrets credential credentials`,
		columns: `key hash value secret code`,
	},
	{topic: "credential", tables: `challenge challenges otp otps mfa passkey passkeys`, columns: `code key secret`},
	{topic: "web page", tables: `push pushsubscription pushsubscriptions`, columns: `endpoint`},
	{topic: "username", tables: `account accounts user users actor actors`, columns: `acct handle`},
	{
		topic: freeText.name, last: true,
		tables:  `message messages mail mails email emails dmail dmails dm dms letter letters chat chats`,
		columns: `content body text subject title`,
	},
	{topic: freeText.name, last: true, tables: `note notes`, columns: `content body text title`},
	{topic: freeText.name, tables: `registration signup questionnaire survey`, columns: `answer answers response responses`},
}

// renamed are words for a name that somebody had or wants.
const renamed = `original desired old new previous former requested current preferred`

// inContext knows a column by its table; how sure is 0 when it does not.
func (c *Classifier) inContext(parts []string, l Look) (topic, float64) {
	table := nameParts(l.Table[strings.LastIndexByte(l.Table, '.')+1:])
	for len(parts) > 1 && len(table) > 0 && parts[0] == table[len(table)-1] {
		parts = parts[1:] // note_text of note
	}
	if len(table) == 0 || len(parts) == 0 {
		return topic{}, 0
	}
	for _, know := range contexts {
		t := c.topics[know.topic]
		if know.names(table) && slices.Contains(strings.Fields(know.columns), strings.Join(parts, "")) &&
			c.fitsType(t, l.Type) && fits(t, l) && !l.Key {
			return t, 0.7
		}
	}
	other := func(word string) bool { return !slices.Contains(strings.Fields(renamed), word) }
	if last := len(parts) - 1; last > 0 && parts[last] == "name" && c.people[table[0]] &&
		!slices.ContainsFunc(parts[:last], other) && c.fitsType(c.topics["name"], l.Type) {
		return c.topics["name"], 0.7
	}
	return topic{}, 0
}

// names reports whether a table is one of the context.
func (k context) names(table []string) bool {
	words := strings.Fields(k.tables)
	if k.last {
		return slices.Contains(words, table[len(table)-1])
	}
	for i := range table {
		if slices.Contains(words, table[i]) || i > 0 && slices.Contains(words, table[i-1]+table[i]) {
			return true
		}
	}
	return false
}
