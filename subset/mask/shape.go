package mask

import (
	"unicode"
	"unicode/utf8"
)

// alphabet is the letters that a letter may be replaced by.
type alphabet struct{ first, last rune }

// alphabets lists ranges that hold letters of one kind and nothing else. A
// letter of none of them is replaced by a letter of its block of 64.
var alphabets = []alphabet{
	{'0', '9'},
	{'a', 'z'},
	{'A', 'Z'},
	{'ß', 'ö'},
	{'ø', 'ÿ'},
	{'À', 'Ö'},
	{'Ø', 'Þ'},
	{'α', 'ω'},
	{'а', 'я'},
	{'А', 'Я'},
	{'א', 'ת'},
	{'ぁ', 'ゖ'},
	{'ァ', 'ヺ'},
	{'一', '鿿'},
	{'가', '힣'},
}

const block = 64

// place is one replaceable character of a text.
type place struct {
	base    rune
	letters []rune // when the alphabet is not a range
}

// placeOf says what a character may be replaced by; false for what stays:
// blanks, punctuation and signs.
func placeOf(r rune) (place, symbol, bool) {
	for _, a := range alphabets {
		if r >= a.first && r <= a.last {
			return place{base: a.first}, symbol{uint32(r - a.first), uint32(a.last - a.first + 1)}, true
		}
	}
	if r < utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
		return place{}, symbol{}, false
	}
	letters := neighbours(r)
	for i, l := range letters {
		if l == r {
			return place{letters: letters}, symbol{uint32(i), uint32(len(letters))}, true
		}
	}
	return place{}, symbol{}, false
}

// neighbours lists letters of the same block and case that no alphabet holds.
func neighbours(r rune) []rune {
	var letters []rune
	for l := r - r%block; l < r-r%block+block; l++ {
		if like(l, r) && !inAlphabet(l) {
			letters = append(letters, l)
		}
	}
	return letters
}

func like(a, b rune) bool {
	return unicode.IsLetter(a) == unicode.IsLetter(b) && unicode.IsDigit(a) == unicode.IsDigit(b) &&
		unicode.IsUpper(a) == unicode.IsUpper(b) && utf8.RuneLen(a) == utf8.RuneLen(b)
}

func inAlphabet(r rune) bool {
	for _, a := range alphabets {
		if r >= a.first && r <= a.last {
			return true
		}
	}
	return false
}

func (l place) rune(s symbol) rune {
	if l.letters != nil {
		return l.letters[s.value]
	}
	return l.base + rune(s.value)
}

// reshape replaces letters by letters and digits by digits: a permutation of
// all texts of the same length and shape. The first skip characters that
// could be replaced stay.
func (p *purpose) reshape(text string, skip int) string {
	if len(text) > longText {
		return p.reshapeLong(text, skip)
	}
	symbols := p.pad.a[:0]
	places := p.pad.places[:0]
	kept := skip
	for _, r := range text {
		l, s, ok := placeOf(r)
		if ok && kept > 0 {
			kept--
			ok = false
		}
		if !ok {
			l.base = -1
		} else {
			symbols = append(symbols, s)
		}
		places = append(places, l)
	}
	p.pad.a, p.pad.places = symbols, places
	p.permute(symbols)
	out := make([]byte, 0, len(text))
	at, next := 0, 0
	for _, r := range text {
		if places[at].base < 0 {
			out = utf8.AppendRune(out, r)
		} else {
			out = utf8.AppendRune(out, places[at].rune(symbols[next]))
			next++
		}
		at++
	}
	return string(out)
}

// longText is how many bytes a text has of which places are not remembered:
// they take more memory than looking at each letter twice takes time.
const longText = 1 << 16

// reshapeLong is reshape with a tenth of the memory.
func (p *purpose) reshapeLong(text string, skip int) string {
	symbols := make([]symbol, 0, len(text))
	each := func(do func(r rune, l place, s symbol, ok bool)) {
		kept := skip
		for _, r := range text {
			l, s, ok := placeOf(r)
			if ok && kept > 0 {
				kept--
				ok = false
			}
			do(r, l, s, ok)
		}
	}
	each(func(_ rune, _ place, s symbol, ok bool) {
		if ok {
			symbols = append(symbols, s)
		}
	})
	p.permute(symbols)
	out := make([]byte, 0, len(text))
	next := 0
	each(func(r rune, l place, _ symbol, ok bool) {
		if ok {
			r = l.rune(symbols[next])
			next++
		}
		out = utf8.AppendRune(out, r)
	})
	return string(out)
}

// among permutes the texts of one shape that satisfy is, and keeps to them:
// from one that does, the permutation is followed until it meets another.
// https://en.wikipedia.org/wiki/Format-preserving_encryption#FPE_from_a_prefix_cipher
func (p *purpose) among(text string, skip int, is func(string) bool) string {
	for {
		if text = p.reshape(text, skip); is(text) {
			return text
		}
	}
}
