package config

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/http/httpguts"

	"github.com/offshoot-dev/offshoot/internal/checks"
)

// Checks is the part about pages that are visited to compare what the code asks of its database.
type Checks struct {
	checks.Settings
	// Unset says that a value here names a variable that is not set. Only who visits minds.
	Unset error
	// Plain are the values without those of variables.
	PlainHeaders, PlainForm map[string]string
}

// forStranger is without what variables hold: a stranger's code would be sent it.
func (c *Checks) forStranger() Checks {
	public := Checks{Settings: c.Settings}
	public.Headers = c.PlainHeaders
	if c.Login != nil {
		public.Login = &checks.Login{Path: c.Login.Path, Form: c.PlainForm}
	}
	return public
}

// checked reads the section, or false in its place.
func (c *Checks) checked() value {
	inner := section(c.fields())
	read := inner.read
	inner.schema = anyOf(inner.schema, &schema{Type: "boolean"})
	inner.read = func(d *decoder, n node, where string) {
		if n.isMapping() {
			read(d, n, where)
			return
		}
		on := true
		yesNo(&on).read(d, n, where)
		c.Off = !on
	}
	return inner
}

func (c *Checks) fields() []field {
	return []field{
		{
			name: "pages", value: c.paths(),
			about:  "paths to visit first; then the links of each are followed",
			absent: "`[/]`", example: []any{"/", "/orders?state=new"},
		},
		{
			name: "most", value: within(&c.Most, 1, 1000),
			about: "how many pages are visited at most", absent: "`40`",
		},
		{
			name: "headers", value: entries("<NAME>", func(name string) value {
				return after(c.secret(&c.Headers, &c.PlainHeaders, name), func(d *decoder, n node, where string) {
					if !httpguts.ValidHeaderFieldName(name) {
						d.problem(n, where+": not the name of a header", "write it like X-Token")
					}
				})
			}),
			about:  "a header that is sent with each request; its value is printed nowhere",
			absent: "none", example: map[string]any{"Cookie": "session=${CHECKS_SESSION}"},
		},
		{
			name: "login", value: section(c.loginFields()),
			about: "a form that is sent before the first page; the cookies of its answer are kept",
		},
		{
			name: "run", value: section(c.runFields()),
			about: "a command of yours, such as end-to-end tests, whose statements are recorded too",
		},
		{
			name: "timeout", value: c.timeout(),
			about: "how long all of it may take", absent: "`5m`",
		},
		{
			name: "fail_on", value: oneOf(&c.FailOn, checks.FailWords),
			about:  "beyond which `up` and `ci` exit with 3; see [Queries](queries.md#limits)",
			absent: "nothing", example: []any{"fails", "repeats"},
		},
		{
			name: "worse_pages", value: c.worsePages(),
			about: "how many pages may be worse before `up` and `ci` exit with 3", absent: "any number",
		},
	}
}

func (c *Checks) loginFields() []field {
	var l checks.Login
	return []field{
		{
			name: "path", required: true, about: "where the form is sent to", absent: "nobody signs in",
			value: after(text(&l.Path), func(d *decoder, n node, where string) {
				c.path(d, n, where, l.Path)
				c.Login = &l
			}),
		},
		{
			name: "form", value: entries("<field>", func(name string) value {
				return c.secret(&l.Form, &c.PlainForm, name)
			}),
			about:  "a field of the form; its value is printed nowhere",
			absent: "none", example: map[string]any{"email": "demo@example.com", "password": "${CHECKS_PASSWORD}"},
		},
	}
}

func (c *Checks) runFields() []field {
	var r checks.Run
	keep := func(*decoder, node, string) { c.Run = &r }
	return []field{
		{
			name: "service", value: after(text(&r.Service), keep), required: true,
			about: "the service in whose container it runs", absent: "nothing is run",
		},
		{
			name: "command", value: after(list(&r.Command), keep), required: true,
			about: "the command as argv, no shell", absent: "nothing is run",
		},
	}
}

// after does something once a value is read.
func after(inner value, then readFunc) value {
	read := inner.read
	inner.read = func(d *decoder, n node, where string) {
		read(d, n, where)
		then(d, n, where)
	}
	return inner
}

func (c *Checks) paths() value {
	return after(texts(&c.Pages), func(d *decoder, n node, where string) {
		for _, page := range c.Pages {
			c.path(d, n, where, page)
		}
	})
}

func (c *Checks) path(d *decoder, n node, where, path string) {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, unicode.IsControl) {
		d.problem(n, where+": not a path", "write it like /orders?state=new")
	}
}

// secret reads a value that may be kept in a variable.
func (c *Checks) secret(into, plain *map[string]string, name string) value {
	return value{schema: refer("text"), read: func(d *decoder, n node, where string) {
		var value, public string
		mayBeUnset(text(&value), &c.Unset).read(d, n, where)
		text(&public).read(&decoder{file: d.file, lookup: NoVariables}, n, where)
		for of, one := range map[*map[string]string]string{into: value, plain: public} {
			if *of == nil {
				*of = map[string]string{}
			}
			(*of)[name] = one
		}
	}}
}

func (c *Checks) timeout() value {
	return after(duration(&c.Timeout), func(d *decoder, n node, where string) {
		if c.Timeout > time.Hour {
			d.problem(n, where+": more than an hour", "")
		}
	})
}

func (c *Checks) worsePages() value {
	n := 0
	return after(within(&n, 0, 1000), func(*decoder, node, string) { c.WorsePages = &n })
}
