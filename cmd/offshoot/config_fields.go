package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

func curve(into *plan.Curve) decodeFunc {
	return func(d *decoder, n node, where string) {
		points := map[int64]int64{}
		d.pairs(n, where, func(key, value node) {
			var from, kept int64
			if d.integer(key, where, &from) && d.integer(value, fmt.Sprintf("%s.%d", where, from), &kept) {
				points[from] = kept
			}
		})
		if d.failedSince(n) {
			return
		}
		made, err := plan.NewCurve(points)
		if err != nil {
			d.wrap(n, err)
			return
		}
		*into = made
	}
}

// table reads "all", "none" or {where, rows, share}.
func mode(into *plan.Mode) decodeFunc {
	return func(d *decoder, n node, where string) {
		name, ok := d.scalar(n, where, "text")
		if !ok {
			return
		}
		m, err := plan.ParseMode(name)
		if err != nil {
			d.problem(n, fmt.Sprintf("%s: %v", where, err), strings.Join(hint.Of(err), "; "))
		}
		*into = m
	}
}

// root reads the condition, or several, for rows of a table.
func (s *SubsetConfig) root(table string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var conditions []string
		texts(&conditions)(d, n, where)
		for _, condition := range conditions {
			s.Roots = append(s.Roots, plan.Root{Table: table, Where: condition})
		}
	}
}

func (s *SubsetConfig) table(name string) decodeFunc {
	return func(d *decoder, n node, where string) {
		rule, ok := decodeRule(d, n, where)
		if !ok {
			return
		}
		if !strings.Contains(name, ".") {
			d.problem(n, fmt.Sprintf("%s: table without its schema", where), fmt.Sprintf("write public.%s", name))
			return
		}
		if s.Tables == nil {
			s.Tables = map[string]plan.Rule{}
		}
		s.Tables[name] = rule
	}
}

func ruleFields(rule *plan.Rule) []field {
	return []field{
		{name: "where", decode: text(&rule.Where)},
		{name: "rows", decode: func(d *decoder, n node, where string) {
			if d.integer(n, where, &rule.Rows) && rule.Rows < 1 {
				d.problem(n, fmt.Sprintf("%s: %d is not a number of rows", where, rule.Rows), "use none to keep no row")
			}
		}},
		{name: "share", decode: func(d *decoder, n node, where string) {
			value, ok := d.scalar(n, where, "a number between 0 and 1")
			if !ok {
				return
			}
			share, err := strconv.ParseFloat(value, 64)
			if err != nil || !(share > 0 && share <= 1) {
				d.problem(n, where+": not a share", "a share lies above 0 and is at most 1")
				return
			}
			rule.Share = share
		}},
	}
}

func decodeRule(d *decoder, n node, where string) (rule plan.Rule, ok bool) {
	if n.isMapping() {
		d.mapping(n, where, ruleFields(&rule))
		if rule.Rows > 0 && rule.Share > 0 {
			d.problem(n, where+": rows and share", "keep one of them")
		}
		return rule, !d.failedSince(n)
	}
	value, ok := d.scalar(n, where, "all, none or {where, rows, share}")
	switch {
	case !ok:
		return rule, false
	case value == "all":
		return plan.Rule{All: true}, true
	case value == "none":
		return plan.Rule{None: true}, true
	}
	d.problem(n, where+": not all, none or {where, rows, share}", "")
	return rule, false
}

// expose reads a service's port; without a value the port is found.
func (p *PreviewConfig) expose(service string) decodeFunc {
	return func(d *decoder, n node, where string) {
		if p.Expose == nil {
			p.Expose = map[string]int{}
		}
		port := 0
		if !n.isNull() {
			within(&port, 1, 65535)(d, n, where)
		}
		p.Expose[service] = port
	}
}

// envFile reads the file to take in place of one that is missing.
func (p *PreviewConfig) envFile(missing string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var other string
		text(&other)(d, n, where)
		if other == "" && !d.failedSince(n) {
			d.problem(n, where+": no file", "name one that is checked in, such as .env.example")
		}
		if p.EnvFiles == nil {
			p.EnvFiles = map[string]string{}
		}
		p.EnvFiles[missing] = other
	}
}

func (p *PreviewConfig) variable(into *map[string]string, name string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var value string
		mayBeUnset(text(&value), &p.EnvironmentUnset)(d, n, where)
		if *into == nil {
			*into = map[string]string{}
		}
		(*into)[name] = value
	}
}

func (p *PreviewConfig) mount(path string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var value string
		text(&value)(d, n, where)
		if p.Mounts == nil {
			p.Mounts = map[string]string{}
		}
		p.Mounts[path] = value
	}
}

func within(into *int, low, high int64) decodeFunc {
	return func(d *decoder, n node, where string) {
		var value int64
		if !d.integer(n, where, &value) {
			return
		}
		if value < low || value > high {
			d.problem(n, fmt.Sprintf("%s: %d is not between %d and %d", where, value, low, high), "")
			return
		}
		*into = int(value)
	}
}

var days = regexp.MustCompile(`^([0-9]+)d(.*)$`)

// parseDuration is time.ParseDuration with days in front; never is 0.
func parseDuration(value string) (time.Duration, error) {
	if value == "never" {
		return 0, nil
	}
	var whole time.Duration
	if m := days.FindStringSubmatch(value); m != nil {
		n, err := strconv.ParseInt(m[1], 10, 32)
		if err != nil || n > 36500 {
			return 0, fmt.Errorf("%q is too long", value)
		}
		whole, value = time.Duration(n)*24*time.Hour, firstOf(m[2], "0s")
	}
	rest, err := time.ParseDuration(value)
	if err != nil || rest < 0 || whole+rest <= 0 {
		return 0, fmt.Errorf("%q is not a duration", value)
	}
	return whole + rest, nil
}

func duration(into *time.Duration) decodeFunc {
	return func(d *decoder, n node, where string) {
		value, ok := d.scalar(n, where, "a duration")
		if !ok {
			return
		}
		parsed, err := parseDuration(value)
		if err != nil {
			d.problem(n, where+": not a duration", "write it like 72h, 3d or never")
			return
		}
		*into = parsed
	}
}
