package conninfo

import (
	"net/url"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// pair is a parameter as it is written.
type pair struct{ name, value string }

func split(text string) ([]pair, error) {
	rest, ok := cutScheme(text)
	if !ok {
		return keywords(text)
	}
	var pairs []pair
	for parameter := range strings.SplitSeq(query(rest), "&") {
		if parameter == "" {
			continue
		}
		p, err := decode(parameter)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, p)
	}
	if !strings.Contains(authority(rest), "@") && strings.Contains(query(rest), "@") {
		return nil, malformed() // a slash in the password: what looks like a parameter is a part of it
	}
	return pairs, nil
}

func decode(parameter string) (pair, error) {
	name, value, _ := strings.Cut(parameter, "=")
	name, wrong := url.PathUnescape(name)
	if known[name] != nil && strings.Contains(value, "=") {
		return pair{}, hint.Usage(&ParameterError{name, "an equals sign in its value is to be written as %3D"},
			"mend the parameter %s of the connection string", name)
	}
	value, err := url.PathUnescape(value)
	if wrong != nil || err != nil {
		return pair{}, malformed()
	}
	return pair{name, value}, nil
}

func cutScheme(text string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(text, "postgres://"); ok {
		return rest, true
	}
	return strings.CutPrefix(text, "postgresql://")
}

// authority is what names user and host. As in libpq a question mark may be a
// part of a password, a slash may not.
func authority(rest string) string {
	if at := strings.IndexAny(rest, "@/"); at >= 0 && rest[at] == '@' {
		user, after := rest[:at+1], rest[at+1:]
		return user + after[:end(after, "/?")]
	}
	return rest[:end(rest, "/?")]
}

func query(rest string) string {
	_, query, _ := strings.Cut(rest[len(authority(rest)):], "?")
	return query
}

func end(text, any string) int {
	if i := strings.IndexAny(text, any); i >= 0 {
		return i
	}
	return len(text)
}

// namesHost tells whether a URL names a host in front of its path.
func namesHost(text string) bool {
	rest, ok := cutScheme(text)
	if !ok {
		return false
	}
	names := authority(rest)
	names = names[strings.IndexByte(names, '@')+1:]
	return names != "" && names[0] != ':'
}

// with adds a parameter to a connection string.
func with(text, name, value string) string {
	rest, ok := cutScheme(text)
	if !ok {
		return text + " " + name + "='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
	}
	separator := "?"
	if strings.Contains(rest[len(authority(rest)):], "?") {
		separator = "&"
	}
	return text + separator + name + "=" + url.QueryEscape(value)
}

// keywords reads "name = value" pairs; a value may be in single quotes, and a
// backslash takes the next byte literally.
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
func keywords(s string) ([]pair, error) {
	const space = " \t\r\n\f\v"
	var pairs []pair
	for s = strings.TrimLeft(s, space); s != ""; s = strings.TrimLeft(s, space) {
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			return nil, malformed()
		}
		var value string
		value, s = word(strings.TrimLeft(rest, space))
		pairs = append(pairs, pair{strings.TrimRight(name, space), value})
	}
	return pairs, nil
}

// word splits off the first value.
func word(s string) (value, rest string) {
	quoted := strings.HasPrefix(s, "'")
	s = strings.TrimPrefix(s, "'")
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case quoted && c == '\'', !quoted && strings.IndexByte(" \t\r\n\f\v", c) >= 0:
			return b.String(), s[i+1:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}
