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
		"is the same", "is the same but for case and signs", "is a digest of it", "holds it", "holds it backwards", "holds its words", "is a part of it", "is another",
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
		for _, spelling := range []string{*v, strings.ToLower(*v), strings.ToLower(strings.TrimSpace(*v)), strings.ToUpper(*v)} {
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

var hexInText = regexp.MustCompile(`[0-9a-fA-F]{32,}`)

const (
	fewestLetters = 4 // that say something when they are found in a text
	fewestDigits  = 5
	longestWhole  = 60 // of a value whose parts are looked for
)

func (s *sought) relation(value string, class class) relation {
	if value == s.text {
		return same
	}
	if s.digests[value] || slices.ContainsFunc(hexInText.FindAllString(value, -1), func(h string) bool { return s.digests[strings.ToLower(h)] }) {
		return digest
	}
	plain := onlyLetters(value)
	least := fewestLetters
	if strings.Trim(s.plain, "0123456789") == "" {
		least = fewestDigits
	}
	long := len(s.plain) >= least
	switch {
	case plain == s.plain && len(plain) > 2:
		return folded
	case long && strings.Contains(plain, s.plain):
		return holds
	case long && strings.Contains(plain, s.turned):
		return backwards
	case len(s.words) > 1 && long && s.among(wordsIn(value)):
		return wordsOf
	case len(s.text) <= longestWhole && len(plain) >= fewestLetters && (class == text || class == other) && strings.Contains(s.own, plain):
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
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
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
