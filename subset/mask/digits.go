package mask

import (
	"strconv"
	"strings"
)

// whole permutes whole numbers of the same sign and number of digits, up to
// the greatest that the type holds.
func (p *purpose) whole(value string, most int64) string {
	sign, digits, greatest := "", value, uint64(most)
	if strings.HasPrefix(value, "-") {
		sign, digits = "-", value[1:]
		greatest++ // of two's complement
	}
	for {
		digits = p.digits(digits, sign != "" || len(digits) > 1)
		if n, err := strconv.ParseUint(digits, 10, 64); err == nil && n <= greatest {
			return sign + digits
		}
	}
}

// digits permutes numerals of the same length, whose first digit is not 0
// where some is true.
func (p *purpose) digits(value string, some bool) string {
	symbols := p.pad.b[:0]
	out := []byte(value)
	for i, c := range out {
		low := lowest(i, some)
		symbols = append(symbols, symbol{uint32(c - low), uint32('9' - low + 1)})
	}
	p.pad.b = symbols
	p.permute(symbols)
	for i := range out {
		out[i] = lowest(i, some) + byte(symbols[i].value)
	}
	return string(out)
}

func lowest(i int, some bool) byte {
	if i == 0 && some {
		return '1'
	}
	return '0'
}

// phone keeps blanks, brackets and dashes, and the country's code after a +.
func phone(k Key, f field, _ Rule) apply {
	p := k.purpose("phone")
	if f.class == integer {
		return wholeNumber(p, f)
	}
	const code = 2 // digits
	return always(func(value string) string {
		if strings.HasPrefix(value, "+") &&
			strings.IndexFunc(value[1:], func(r rune) bool { return r < '0' || r > '9' }) != 0 {
			return "+" + p.reshape(value[1:], code)
		}
		return p.reshape(value, 0)
	})
}

func wholeNumber(p *purpose, f field) apply {
	return always(func(value string) string { return p.whole(value, f.max) })
}

// card keeps the first digit, which names the network, and has a valid check
// digit where the value has.
func card(k Key, _ field, _ Rule) apply {
	p := k.purpose("card")
	return always(func(value string) string {
		if !isCard(value) {
			return p.among(value, 0, func(s string) bool { return !isCard(s) })
		}
		return withLuhn(p.reshape(value[:len(value)-1], 1))
	})
}

// isCard reports whether a text is a card number: 12 to 19 digits that end in
// the right check digit, with blanks or dashes between them.
func isCard(s string) bool {
	digits := 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c != ' ' && c != '-':
			return false
		}
	}
	return digits >= 12 && digits <= 19 && s[len(s)-1] >= '0' && s[len(s)-1] <= '9' && withLuhn(s[:len(s)-1]) == s
}

// withLuhn appends the check digit. https://www.iso.org/standard/70484.html
func withLuhn(s string) string {
	sum, double := 0, true
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		n := int(s[i] - '0')
		if double {
			n *= 2
		}
		sum += n/10 + n%10
		double = !double
	}
	return s + strconv.Itoa((10-sum%10)%10)
}

// iban keeps the country, the length and the blanks, and has valid check
// digits where the value has.
func iban(k Key, _ field, _ Rule) apply {
	p := k.purpose("iban")
	return always(func(value string) string {
		if !isIBAN(value) {
			return p.among(value, 0, func(s string) bool { return !isIBAN(s) })
		}
		account := p.reshape(value[4:], 0)
		rest := 98 - mod97(account+value[:2]+"00")
		return value[:2] + string([]byte{byte('0' + rest/10), byte('0' + rest%10)}) + account
	})
}

// isIBAN reports whether a text is an account number with the right check
// digits, in blocks or not. https://www.iso.org/standard/81090.html
func isIBAN(s string) bool {
	if len(s) < 15 || len(s) > 42 || !isUpper(s[0]) || !isUpper(s[1]) || !isDigit(s[2]) || !isDigit(s[3]) {
		return false
	}
	n := 0
	for i := range len(s) {
		switch {
		case isUpper(s[i]), isDigit(s[i]):
			n++
		case s[i] != ' ':
			return false
		}
	}
	check := int(s[2]-'0')*10 + int(s[3]-'0')
	// 98 - (0…96) lies between 2 and 98: 00, 01 and 99 are never right.
	return n >= 15 && n <= 34 && check >= 2 && check <= 98 && mod97(s[4:]+s[:4]) == 1
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func mod97(s string) int {
	n := 0
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			n = (n*10 + int(c-'0')) % 97
		case isUpper(c):
			n = (n*100 + int(c-'A') + 10) % 97
		}
	}
	return n
}
