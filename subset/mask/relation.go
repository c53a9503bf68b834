package mask

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// relation is how one value leads to another one.
type relation int

// The relations, the closest first.
const (
	same relation = iota
	folded
	digest
	holds
	backwards
	wordsOf
	part
	unrelated
)

// String completes a sentence about a column.
func (r relation) String() string {
	return [...]string{
		"is the same", "is the same but for case and signs", "is a digest of it", "holds it", "holds it backwards",
		"holds its words", "is a part of it", "is another",
	}[r]
}

// original is the values of a sensitive column, prepared to be looked for.
type original struct {
	column string
	texts  []*sought // nil where there is none
}

type sought struct {
	text, plain, turned string
	own                 string // of an email address, what comes before the host: that is not one person's
	words               []string
	digests             map[string]bool
}

func newOriginal(column string, values []*string) original {
	o := original{column: column, texts: make([]*sought, len(values))}
	for i, v := range values {
		if v == nil {
			continue
		}
		s := &sought{text: *v, plain: onlyLetters(*v), words: wordsIn(*v), digests: map[string]bool{}}
		s.turned = backward(s.plain)
		before, _, _ := strings.Cut(*v, "@")
		s.own = onlyLetters(before)
		for _, spelling := range []string{
			*v, strings.ToLower(*v), strings.ToLower(strings.TrimSpace(*v)),
			strings.ToUpper(*v),
		} {
			for _, sum := range digestsOf([]byte(spelling)) {
				s.digests[hex.EncodeToString(sum)] = true
				s.digests[base64.StdEncoding.EncodeToString(sum)] = true
			}
		}
		o.texts[i] = s
	}
	return o
}

// digestsOf are those that PostgreSQL and frameworks make.
func digestsOf(b []byte) [][]byte {
	a, c, d, e, f, g := md5.Sum(b), sha1.Sum(b), sha256.Sum224(b), sha256.Sum256(b), sha512.Sum384(b), sha512.Sum512(b)
	return [][]byte{a[:], c[:], d[:], e[:], f[:], g[:]}
}

var hexInText = regexp.MustCompile(`[0-9a-f]{32,}`)

const (
	fewestLetters = 4 // that say something when they are found in a text
	fewestDigits  = 5
	longestWhole  = 60 // of a value whose parts are looked for
)

// shown is a value of a column that may be a copy, looked at once for all
// originals.
type shown struct {
	text, plain string
	words       []string
	digests     []string
	class       class
}

// longestLook is how much of a value is looked at, in bytes.
const longestLook = 16 << 10

func newShown(value string, class class) shown {
	value = value[:min(len(value), longestLook)]
	return shown{
		text: value, plain: onlyLetters(value), words: wordsIn(value),
		digests: hexInText.FindAllString(strings.ToLower(value), -1), class: class,
	}
}

func (s *sought) relation(v shown) relation {
	if v.text == s.text {
		return same
	}
	if s.digests[v.text] || slices.ContainsFunc(v.digests, func(h string) bool { return s.digests[h] }) {
		return digest
	}
	least := fewestLetters
	if strings.Trim(s.plain, "0123456789") == "" {
		least = fewestDigits
	}
	long := len(s.plain) >= least
	switch {
	case v.plain == s.plain && len(v.plain) > 2:
		return folded
	case long && strings.Contains(v.plain, s.plain):
		return holds
	case long && strings.Contains(v.plain, s.turned):
		return backwards
	case len(s.words) > 1 && long && s.among(v.words):
		return wordsOf
	case len(s.text) <= longestWhole && len(v.plain) >= fewestLetters && (v.class == text || v.class == other) &&
		strings.Contains(s.own, v.plain):
		return part
	}
	return unrelated
}

// among reports whether all words are in the list.
func (s *sought) among(list []string) bool {
	for _, w := range s.words {
		if !slices.Contains(list, w) {
			return false
		}
	}
	return true
}

// onlyLetters leaves of a text what sort keys and slugs leave.
func onlyLetters(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
		case r < utf8.RuneSelf:
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteString(plainLetter(unicode.ToLower(r)))
		}
	}
	return b.String()
}

func wordsIn(s string) []string {
	words := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, w := range words {
		words[i] = onlyLetters(w)
	}
	return slices.DeleteFunc(words, func(w string) bool { return utf8.RuneCountInString(w) < 2 })
}

func backward(s string) string {
	runes := []rune(s)
	slices.Reverse(runes)
	return string(runes)
}
