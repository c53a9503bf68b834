package ui

import (
	"encoding/json"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Redacted stands where a secret was.
const Redacted = "***"

// shortest is the length under which a value is left alone: replacing "abc"
// everywhere would say what it is and spare nobody.
const shortest = 4

// ordinary words are found in any output: a development password that is one
// of them protects nothing, and replacing it would only give it away.
var ordinary = []string{
	"admin", "changeme", "database", "default", "develop", "development", "docker", "example", "false", "guest",
	"localhost",
	"offshoot", "pass", "passwd", "password", "postgres", "postgresql", "public", "root", "secret", "test", "testing",
	"true", "user",
}

// Secrets is the last line of defence: values that must not be printed, and
// the writers that replace them. The zero value holds none. It may be used
// from several goroutines.
type Secrets struct {
	mu     sync.RWMutex
	values []string // longest first
}

// Add remembers values, in the forms in which a URL or JSON would carry them
// too. Empty, very short and ordinary words are ignored.
func (s *Secrets) Add(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range values {
		if len(value) < shortest || slices.Contains(ordinary, strings.ToLower(value)) {
			continue
		}
		for _, form := range forms(value) {
			if !slices.Contains(s.values, form) {
				s.values = append(s.values, form)
			}
		}
	}
	slices.SortStableFunc(s.values, func(a, b string) int { return len(b) - len(a) })
}

func forms(value string) []string {
	quoted, _ := json.Marshal(value)
	userinfo := strings.TrimPrefix(url.UserPassword("", value).String(), ":")
	return []string{
		value, url.QueryEscape(value), url.PathEscape(value), userinfo,
		strings.Trim(string(quoted), `"`), strings.ReplaceAll(value, "'", "''"), strings.ReplaceAll(value, "'", `\'`),
	}
}

// keyword finds the passwords in a string of key=value pairs, as libpq has it.
var keyword = regexp.MustCompile(`(?i)\b(?:ssl)?password\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^\s&]+))`)

// AddURL remembers the password of a URL or of key=value pairs, if it has one.
func (s *Secrets) AddURL(text string) {
	for _, m := range keyword.FindAllStringSubmatch(text, -1) {
		s.Add(m[1], m[2])
	}
	_, rest, _ := strings.Cut(text, "://")
	u, err := url.Parse(text)
	if err != nil {
		// Its error message and ours may quote the text.
		s.addUserinfo(rest)
		return
	}
	if password, ok := u.User.Password(); ok {
		s.Add(password)
		// As it is written too: %2f and %2F are the same password.
		s.addUserinfo(rest[:firstOfAny(rest, "/?#")])
	}
	s.Add(u.Query().Get("password"), u.Query().Get("sslpassword"))
}

func firstOfAny(text, chars string) int {
	if i := strings.IndexAny(text, chars); i >= 0 {
		return i
	}
	return len(text)
}

// addUserinfo remembers the password of user:password@ as it is written.
func (s *Secrets) addUserinfo(text string) {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return
	}
	if _, password, ok := strings.Cut(text[:at], ":"); ok {
		s.Add(password)
	}
}

// AddEnv remembers the values of variables whose names say that they are
// secret, and the passwords inside those that hold a connection string.
func (s *Secrets) AddEnv(environ []string) {
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		name = strings.ToUpper(name)
		for _, suffix := range []string{"PASSWORD", "PASSWD", "_PASS", "_PWD", "_TOKEN", "SECRET", "_KEY"} {
			if strings.HasSuffix(name, suffix) {
				s.Add(value)
			}
		}
		if strings.Contains(value, "://") || strings.Contains(strings.ToLower(value), "password") {
			s.AddURL(value)
		}
	}
}

// Redact replaces every secret in text.
func (s *Secrets) Redact(text string) string {
	clean, rest := s.replace([]byte(text), true)
	return string(append(clean, rest...))
}

// replace returns the longest part of data that is safe to write and, unless
// data is all there is, the rest that may be the start of a secret.
func (s *Secrets) replace(data []byte, all bool) (clean, rest []byte) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.values) == 0 {
		return data, nil
	}
	for i := 0; i < len(data); {
		secret, partial := s.at(data[i:])
		if partial && !all {
			return clean, data[i:]
		}
		if secret != "" {
			clean = append(clean, Redacted...)
			i += len(secret)
			continue
		}
		clean = append(clean, data[i])
		i++
	}
	return clean, nil
}

// at reports the longest secret that data starts with, and whether data is the
// start of a longer one.
func (s *Secrets) at(data []byte) (secret string, partial bool) {
	for _, value := range s.values {
		if value[0] != data[0] {
			continue
		}
		if len(data) < len(value) && strings.HasPrefix(value, string(data)) {
			partial = true
		}
		if secret == "" && len(data) >= len(value) && string(data[:len(value)]) == value {
			secret = value
		}
	}
	return secret, partial
}

// Writer returns a writer that passes everything on to w with secrets
// replaced, however they are split over calls. The start of a possible secret
// is held back until the next Write or Close.
func (s *Secrets) Writer(w io.Writer) io.WriteCloser {
	return &redactor{secrets: s, w: w}
}

type redactor struct {
	secrets *Secrets
	w       io.Writer
	mu      sync.Mutex
	held    []byte
}

func (r *redactor) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	clean, rest := r.secrets.replace(append(r.held, p...), false)
	r.held = slices.Clone(rest)
	if len(clean) == 0 {
		return len(p), nil
	}
	if _, err := r.w.Write(clean); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close writes what was held back: it did not become a secret.
func (r *redactor) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	clean, rest := r.secrets.replace(r.held, true)
	r.held = nil
	_, err := r.w.Write(append(clean, rest...))
	return err
}
