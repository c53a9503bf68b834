// Package checks compares what the code of a pull request asks of its database with what main's code does, which both
// were recorded on the same rows.
//
//	main's commit ──► stack ─► record ──► Kept, by commit and archive ─┐
//	pull request ───► stack ─► record ─────────────────────────────────┴─► Report ─► limits
//
// Whoever brings the stacks up is not here: a Stack is one that is up.
package checks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/offshoot-dev/offshoot/internal/queries"
)

// Settings say what is visited, and what is too much. Two recordings that are compared have the same.
type Settings struct {
	Off     bool
	Pages   []string          // paths to begin with; none: /
	Most    int               // pages at most; 0: DefaultPages
	Headers map[string]string // sent with each request; their values are secrets
	Login   *Login            // nil: nobody signs in
	Run     *Run              // nil: nothing is run
	Timeout time.Duration     // for all of it; 0: DefaultTimeout
	FailOn  []string          // FailWords
	// WorsePages is how many pages may be worse; nil: any number.
	WorsePages *int
}

// A Login is a form that is sent before any page is visited. The cookies of the answer are kept.
type Login struct {
	Path string
	Form map[string]string // their values are secrets
}

// A Run is a command in the container of a service.
type Run struct {
	Service string
	Command []string // argv
}

// What holds where nobody says.
const (
	DefaultPages   = 40
	DefaultTimeout = 5 * time.Minute
)

// format changes with what is recorded of the same code and rows.
const format = 1

// first are the pages to begin with.
func (s Settings) first() []string {
	if len(s.Pages) == 0 {
		return []string{"/"}
	}
	return s.Pages
}

// MostPages is how many are visited at most.
func (s Settings) MostPages() int { return cmp.Or(s.Most, DefaultPages) }

// MostTime is how long all of it may take.
func (s Settings) MostTime() time.Duration { return cmp.Or(s.Timeout, DefaultTimeout) }

// Secrets are the values that belong in no output.
func (s Settings) Secrets() []string {
	var all []string
	for _, values := range []map[string]string{s.Headers, s.form()} {
		all = append(all, slices.Sorted(maps.Values(values))...)
	}
	return slices.DeleteFunc(all, func(value string) bool { return value == "" })
}

func (s Settings) form() map[string]string {
	if s.Login == nil {
		return nil
	}
	return s.Login.Form
}

// Digest tells recordings apart that were made in another way. Of secrets it knows the names, and which have a value.
func (s Settings) Digest() string {
	names := func(values map[string]string) []string {
		var all []string
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if values[name] == "" {
				name += " (empty)"
			}
			all = append(all, name)
		}
		return all
	}
	of := struct {
		Format, Version, Most int
		Pages, Headers, Form  []string
		Login                 string
		Run                   *Run
	}{
		Format: format, Version: queries.Version, Most: s.MostPages(), Pages: s.first(), Headers: names(s.Headers),
		Form: names(s.form()), Run: s.Run,
	}
	if s.Login != nil {
		of.Login = s.Login.Path
	}
	text, _ := json.Marshal(of) // has nothing that cannot be written
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}
