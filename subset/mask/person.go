package mask

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// apply masks one value that is not NULL; it reports false for NULL.
type apply func(r *row, value string) (string, bool)

// always makes an apply of what never gives NULL and needs no other column.
func always(mask func(value string) string) apply {
	return func(_ *row, value string) (string, bool) { return mask(value), true }
}

// words picks words that differ from the value.
func words(p *purpose, lists ...[]string) func(value string) string {
	return func(value string) string {
		d := p.draw(value)
		for {
			parts := make([]string, len(lists))
			for i, l := range lists {
				parts[i] = d.of(l)
			}
			if made := strings.Join(parts, " "); !strings.EqualFold(made, value) {
				return made
			}
		}
	}
}

func firstName(k Key, f field, _ Rule) apply {
	return always(words(k.purpose("first_name"), fitting(firstNames(), f.room())))
}

func lastName(k Key, f field, _ Rule) apply {
	return always(words(k.purpose("last_name"), fitting(lastNames(), f.room())))
}

// fullName gives each half of the column to one name.
func fullName(k Key, f field, _ Rule) apply {
	half := (f.room() - 1) / 2
	return always(words(k.purpose("name"), fitting(firstNames(), half), fitting(lastNames(), f.room()-1-half)))
}

func company(k Key, f field, _ Rule) apply {
	const suffix = 5 // characters, with the blank
	return always(words(k.purpose("company"), fitting(lastNames(), f.room()-suffix),
		[]string{"Inc", "Ltd", "LLC", "Corp", "AG"}))
}

// domains are reserved: no mail ever arrives there.
// https://www.rfc-editor.org/rfc/rfc2606#section-3
var domains = []string{"example.com", "example.net", "example.org"}

const domainLength = 11

// email gives an address with names to look at and a token to be different.
func email(k Key, f field, r Rule) apply {
	p := k.purpose("email")
	return always(func(value string) string {
		d := p.draw(value)
		token := d.token()
		name := strings.ToLower(d.of(firstNames()) + "." + d.of(lastNames()))
		domain := d.of(domains)
		if at := strings.LastIndexByte(value, '@'); r.Keep == "domain" && isDomain(value[at+1:]) && at >= 0 {
			domain = value[at+1:]
		}
		return shortest(f, ascii(name)+"."+token+"@"+domain, token+"@"+domain, token+"@"+domains[0])
	})
}

// shortest is the first of the texts that fits, else the last.
func shortest(f field, texts ...string) string {
	for _, t := range texts[:len(texts)-1] {
		if utf8.RuneCountInString(t) <= f.room() {
			return t
		}
	}
	return texts[len(texts)-1]
}

// isDomain keeps what is no domain, but a part of a person's data, from
// passing as one.
func isDomain(s string) bool {
	for _, c := range s {
		if c != '.' && c != '-' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') {
			return false
		}
	}
	return strings.Contains(s, ".") && len(s) <= 253
}

// ascii drops what an address or a user name should not hold.
func ascii(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '.' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' {
			return c
		}
		return -1
	}, s)
}

func username(k Key, f field, _ Rule) apply {
	p := k.purpose("username")
	return always(func(value string) string {
		d := p.draw(value)
		token := d.token()
		name := ascii(strings.ToLower(d.of(firstNames())))
		return shortest(f, name+"_"+token, token[:min(tokenLength, f.room())])
	})
}

// webAddress gives an address on a reserved host, or on the same one.
func webAddress(k Key, f field, r Rule) apply {
	p := k.purpose("url")
	return always(func(value string) string {
		d := p.draw(value)
		token := d.token()
		scheme, host := "https", d.of(domains)
		if u, err := url.Parse(value); err == nil {
			if u.Scheme == "http" {
				scheme = u.Scheme
			}
			if r.Keep == "host" && isDomain(u.Hostname()) {
				host = u.Hostname()
			}
		}
		return shortest(f, scheme+"://"+host+"/"+token, "https://"+domains[0]+"/"+token)
	})
}
