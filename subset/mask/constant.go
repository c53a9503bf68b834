package mask

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

func keep(Key, field, Rule) apply {
	return always(func(value string) string { return value })
}

func null(Key, field, Rule) apply {
	return func(*row, string) (string, bool) { return "", false }
}

func constant(_ Key, _ field, r Rule) apply {
	return always(func(string) string { return r.Value })
}

// shaped is text of the same length and shape.
func shaped(k Key, _ field, _ Rule) apply {
	p := k.purpose("text")
	return always(func(value string) string { return p.reshape(value, 0) })
}

const (
	hashLength = 32 // hexadecimal digits, 128 bits
	hashUnique = 20 // of these keep values apart as well as a token does
)

func hashed(k Key, f field, _ Rule) apply {
	p := k.purpose("hash")
	return always(func(value string) string {
		d := p.draw(value)
		return hex.EncodeToString(d.sum[:])[:min(hashLength, f.room())]
	})
}

// token is a permutation of numbers, bytes and UUIDs, and 80 bits of a keyed hash of
// anything else.
func token(k Key, f field, _ Rule) apply {
	p := k.purpose("token")
	switch f.class {
	case integer:
		return wholeNumber(p, f)
	case uuid:
		return always(p.uuid)
	case bytea:
		return tokenBytes(p)
	case decimal:
		return always(p.decimal)
	}
	return always(func(value string) string {
		d := p.draw(value)
		return d.token()[:min(tokenLength, f.room())]
	})
}

// decimal permutes the digits of a number on both sides of its point. NaN and
// infinity stay; what is written with an exponent is not kept apart.
func (p *purpose) decimal(value string) string {
	sign, digits := "", value
	if strings.HasPrefix(value, "-") {
		sign, digits = "-", value[1:]
	}
	if digits == "NaN" || digits == "Infinity" {
		return value
	}
	whole, after, point := strings.Cut(digits, ".")
	if strings.Trim(whole+after, "0123456789") != "" || whole == "" {
		return "0"
	}
	if point && after == "" || sign != "" && strings.Trim(whole+after, "0") == "" {
		return "0"
	}
	if whole == "0" && point {
		return sign + "0." + p.among(after, 0, func(s string) bool { return sign == "" || strings.Trim(s, "0") != "" })
	}
	// A single digit may become 0, unless -0 or another shape would come of it.
	out := p.digits(whole+after, sign != "" || point || len(whole) > 1)
	if !point {
		return sign + out
	}
	return sign + out[:len(whole)] + "." + out[len(whole):]
}

// bytes are as many as the value has, drawn from its hash.
func randomBytes(k Key, _ field, _ Rule) apply {
	p := k.purpose("bytes")
	return always(func(value string) string {
		d := p.draw(value)
		raw := make([]byte, max(len(value)-2, 0)/2)
		for i := range raw {
			raw[i] = byte(d.bits())
		}
		return `\x` + hex.EncodeToString(raw)
	})
}

// template is a text with placeholders in braces.
type template struct{ parts []func(*draw) string }

var placeholders = map[string]func(d *draw) string{
	"first_name": func(d *draw) string { return d.of(firstNames()) },
	"last_name":  func(d *draw) string { return d.of(lastNames()) },
	"city":       func(d *draw) string { return d.of(cities()) },
	"token":      func(d *draw) string { return d.token() },
	"hash":       func(d *draw) string { return hex.EncodeToString(d.sum[:hashLength/2]) },
	"digit":      func(d *draw) string { return string(rune('0' + d.below(10))) },
	"letter":     func(d *draw) string { return string(rune('a' + d.below(26))) },
	"base64":     func(d *draw) string { return base64.RawURLEncoding.EncodeToString(d.sum[:]) },
}

// parseTemplate reads a template; the text says what is wrong with it.
func parseTemplate(s string) (*template, string) {
	t := &template{}
	for s != "" {
		open := strings.IndexAny(s, "{}")
		if open < 0 {
			open = len(s)
		}
		if literal := s[:open]; literal != "" {
			t.parts = append(t.parts, func(*draw) string { return literal })
		}
		if s = s[open:]; s == "" {
			break
		}
		if len(s) > 1 && s[1] == s[0] { // doubled braces stand for themselves
			brace := s[:1]
			t.parts = append(t.parts, func(*draw) string { return brace })
			s = s[2:]
			continue
		}
		end := strings.IndexByte(s, '}')
		if s[0] == '}' || end < 0 {
			return nil, "the template has a brace without its other half"
		}
		part, ok := placeholders[s[1:end]]
		if !ok {
			return nil, "the template knows no {" + s[1:end] + "}"
		}
		t.parts = append(t.parts, part)
		s = s[end+1:]
	}
	return t, ""
}

func (t *template) fill(d *draw) string {
	var b strings.Builder
	for _, part := range t.parts {
		b.WriteString(part(d))
	}
	return b.String()
}

// longest is the greatest length that filling can give.
func (t *template) longest() int {
	n := 0
	d := draw{}
	for _, part := range t.parts {
		n += len(part(&d))
	}
	return n
}

func templated(k Key, _ field, r Rule) apply {
	p := k.purpose("template " + r.Value)
	t, problem := parseTemplate(r.Value)
	if problem != "" {
		t = &template{}
	}
	return always(func(value string) string {
		d := p.draw(value)
		return t.fill(&d)
	})
}
