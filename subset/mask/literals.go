package mask

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// What may become of personal data that somebody wrote into the schema.
const (
	LiteralKeep  = "keep"  // it stays: a decision that others can review
	LiteralScrub = "scrub" // what looks personal is replaced by what such values become in rows
	LiteralDrop  = "drop"  // the comment is left out
)

// LiteralRule says what becomes of personal data in a place of the schema.
type LiteralRule struct {
	Place string // with * for anything
	As    string
	Where string // file and line, for messages
}

func (r LiteralRule) error(advice, format string, args ...any) error {
	text := "schema: " + r.Place + ": " + fmt.Sprintf(format, args...)
	if r.Where != "" {
		text = r.Where + ": " + text
	}
	return hint.Usage(errors.New(text), "%s", advice)
}

// LiteralFinding is a place of the schema that seems to hold personal data.
// None of it is in the finding.
type LiteralFinding struct {
	Place string `json:"place"`
	Topic string `json:"topic"`          // what is there
	Rule  string `json:"rule,omitempty"` // that says what becomes of it
}

// String says it in one line.
func (f LiteralFinding) String() string { return f.Place + ": holds " + f.Topic }

// Suggest is a rule that takes the data out, or empty where only keep works.
func (f LiteralFinding) Suggest() string {
	if rewritable(f.Place) {
		return LiteralScrub
	}
	return ""
}

// rewritable places can be changed without changing what rows they go with.
func rewritable(place string) bool {
	return !strings.HasPrefix(place, "enum ") && !strings.HasPrefix(place, "bounds of ") &&
		!strings.HasPrefix(place, "partition key of ")
}

// Rewrite is what becomes of the texts of a schema. The zero value changes
// nothing.
type Rewrite struct {
	Replace  map[string]string // in all statements but those of enums and partitions
	Comments map[string]bool   // whole texts of comments that are left out
}

// ResolveLiterals looks for personal data in the schema and says what the
// rules make of it. What is wrong with rules goes to m.
func ResolveLiterals(
	literals []catalog.Passage, rules []LiteralRule, key Key, m *Mistakes,
) ([]LiteralFinding, Rewrite) {
	w := Rewrite{Replace: map[string]string{}, Comments: map[string]bool{}}
	search := newLiteralSearch(key)
	var findings []LiteralFinding
	for _, l := range literals {
		rule := literalRule(rules, l.Place)
		if rule.As == LiteralDrop && isComment(l.Place) {
			w.Comments[l.Text] = true
		}
		topics := search.find(l.Text, func(found, masked string) {
			if rule.As == LiteralScrub && rewritable(l.Place) {
				w.Replace[found] = masked
			}
		})
		if len(topics) > 0 {
			findings = append(findings,
				LiteralFinding{Place: l.Place, Topic: strings.Join(topics, ", "), Rule: rule.As})
		}
	}
	for _, r := range rules {
		m.literal(r, literals)
	}
	return findings, w
}

func isComment(place string) bool { return strings.HasPrefix(place, "comment on ") }

func literalRule(rules []LiteralRule, place string) LiteralRule {
	for _, r := range rules {
		if r.Place == place {
			return r
		}
	}
	i := slices.IndexFunc(rules, func(r LiteralRule) bool {
		able := r.As != LiteralScrub || rewritable(place) // else nobody has decided about it
		return able && strings.Contains(r.Place, "*") && matches(strings.ToLower(r.Place), strings.ToLower(place))
	})
	if i < 0 {
		return LiteralRule{}
	}
	return rules[i]
}

// literal adds what is wrong with a rule.
func (m *Mistakes) literal(r LiteralRule, literals []catalog.Passage) {
	var err error
	switch pattern := strings.Contains(r.Place, "*"); {
	case !slices.Contains([]string{LiteralKeep, LiteralScrub, LiteralDrop}, r.As):
		err = r.error("known are keep, scrub and drop", "nothing is called %q", r.As)
	case r.As == LiteralDrop && !isComment(r.Place):
		err = r.error("scrub it, or change the source", "only comments can be dropped")
	case r.As == LiteralScrub && !rewritable(r.Place):
		err = r.error("keep it, or change the source", "rows depend on it, so it has to stay")
	case !pattern && !slices.ContainsFunc(literals, func(l catalog.Passage) bool { return l.Place == r.Place }):
		err = r.error("places are named as offshoot mask scan prints them", "the source has no such place")
	}
	if err != nil {
		m.list = append(m.list, mistake{r.Where, err})
	}
}

// literalSearch finds personal data in the texts of a schema. It is stricter
// than what scrubs free text: code is full of numbers and names of things.
type literalSearch struct {
	kinds []literalKind
	first map[string]int
}

type literalKind struct {
	topic   string
	pattern *regexp.Regexp
	is      func(string) bool
	mask    apply
}

const (
	topicEmail = "an email address"
	topicName  = "a name"
)

var (
	literalEmail = regexp.MustCompile(`[\pL\pN][\pL\pN._+-]*@[\pL\pN-]+(?:\.[\pL\pN-]+)*\.\pL{2,}`)
	literalPhone = regexp.MustCompile(`\+[1-9][0-9 ()/.-]{6,18}[0-9]\b|\(?\b[2-9][0-9]{2}\)?[ .-][0-9]{3}[ .-][0-9]{4}\b`)
	literalSSN   = regexp.MustCompile(`\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b`)
	literalIP    = regexp.MustCompile(`\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b`)
	literalName  = regexp.MustCompile(`\b\p{Lu}\p{Ll}+ \p{Lu}\p{Ll}+\b`)
)

func newLiteralSearch(key Key) *literalSearch {
	any := field{class: text}
	s := &literalSearch{first: knownNames()}
	s.kinds = []literalKind{
		{topicEmail, literalEmail, notReserved, email(key, any, Rule{})},
		{"a bank account", ibanInText, isIBAN, iban(key, any, Rule{})},
		{"a card number", cardInText, func(v string) bool { return isCard(v) && len(v) >= 15 }, card(key, any, Rule{})},
		{"a national number", literalSSN, anything, shaped(key, any, Rule{})},
		{"a phone number", literalPhone, isPhone, phone(key, any, Rule{})},
		{"an IP address", literalIP, public, ip(key, any, Rule{})},
		{topicName, literalName, s.isName, fullName(key, any, Rule{})},
	}
	return s
}

// find names what kinds of data are in a text, and hands on each piece with
// what it becomes.
func (s *literalSearch) find(text string, each func(found, masked string)) []string {
	var topics []string
	for _, k := range s.kinds {
		for _, found := range k.pattern.FindAllString(text, -1) {
			if !k.is(found) {
				continue
			}
			masked, _ := k.mask(&row{}, found)
			each(found, strings.NewReplacer("'", "", `\`, "").Replace(masked))
			if !slices.Contains(topics, k.topic) {
				topics = append(topics, k.topic)
			}
		}
	}
	return topics
}

// has reports whether a text holds anything of the kind.
func (s *literalSearch) has(text string) bool {
	return slices.ContainsFunc(s.kinds, func(k literalKind) bool {
		return slices.ContainsFunc(k.pattern.FindAllString(text, -1), k.is)
	})
}

// notReserved excuses addresses at domains that exist for examples.
// https://www.rfc-editor.org/rfc/rfc2606
func notReserved(address string) bool {
	domain := strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
	for _, reserved := range []string{
		"example.com", "example.net", "example.org", ".example", ".invalid",
		".localhost",
	} {
		if domain == reserved || strings.HasSuffix(domain, "."+strings.TrimPrefix(reserved, ".")) {
			return false
		}
	}
	return true
}

// public excuses addresses that lead to nobody, and what is rather the number
// of a version.
func public(address string) bool {
	const versions = 20
	a, err := netip.ParseAddr(address)
	return err == nil && a.IsGlobalUnicast() && !a.IsPrivate() && a.As4()[0] >= versions
}

// isName wants a known first name and a known last name.
func (s *literalSearch) isName(words string) bool {
	head, tail, _ := strings.Cut(strings.ToLower(words), " ")
	return s.first[head] == isFirst && s.first[tail] == isLast
}
