package config

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v4"
)

// readFunc reads one value; where is its path in the file, for messages.
type readFunc func(d *decoder, n node, where string)

// value is how one value of the file is read, and what editors are told of it.
type value struct {
	read   readFunc
	schema *schema
	fields []field // of a mapping with known keys, be it one of several forms
	entry  string  // of a mapping with the user's own keys: what they are called
}

// field is one key of a mapping. All that is known of a key stands here once:
// docs/offshoot.schema.json and the table in docs/configuration.md are made of it.
type field struct {
	name string
	value
	former   string // a name that it had before, which is still read
	required bool
	about    string // in Markdown
	absent   string // what holds without the key, in Markdown; code alone is the default
	example  any
}

// is tells whether a key is the field's.
func (f field) is(key string) bool { return f.name == key || f.former != "" && f.former == key }

// as tells editors of s instead.
func (v value) as(s *schema) value {
	v.schema = s
	return v
}

// section reads a mapping with known keys.
func section(fields []field) value {
	return value{
		fields: fields, schema: objectOf(fields),
		read: func(d *decoder, n node, where string) { d.mapping(n, where, fields) },
	}
}

// text reads a text, or what YAML takes for a number.
func text(into *string) value {
	return value{schema: &schema{Type: "string"}, read: func(d *decoder, n node, where string) {
		if value, ok := d.scalar(n, where, "text"); ok {
			*into = value
		}
	}}
}

// anyText is text of which editors accept numbers too.
func anyText(into *string) value { return text(into).as(refer("text")) }

// texts reads a list, or one text as a list of one.
func texts(into *[]string) value {
	return value{schema: refer("texts"), read: func(d *decoder, n node, where string) {
		if n.Kind == yaml.ScalarNode {
			n = node{&yaml.Node{Kind: yaml.SequenceNode, Line: n.Line, Content: []*yaml.Node{n.Node}}}
		}
		list(into).read(d, n, where)
	}}
}

func list(into *[]string) value {
	return value{schema: &schema{Type: "array", Items: refer("text")}, read: func(d *decoder, n node, where string) {
		if n.Kind != yaml.SequenceNode {
			d.problem(n, where+": not a list", "write it like [one, two]")
			return
		}
		for i, item := range n.Content {
			var value string
			text(&value).read(d, newNode(item), fmt.Sprintf("%s[%d]", where, i))
			*into = append(*into, value)
		}
	}}
}

// entries reads a mapping with keys of the user's own, which the documentation
// calls by name.
func entries(name string, of func(key string) value) value {
	return value{entry: name, schema: mapOf(of("").schema), read: func(d *decoder, n node, where string) {
		d.pairs(n, where, func(key, value node) {
			of(key.Value).read(d, value, join(where, key.Value))
		})
	}}
}

func within(into *int, low, high int64) value {
	known := orVariable(&schema{Type: "integer", Minimum: bound(low), Maximum: bound(high)})
	return value{schema: known, read: func(d *decoder, n node, where string) {
		var value int64
		if !d.integer(n, where, &value) {
			return
		}
		if value < low || value > high {
			d.problem(n, fmt.Sprintf("%s: %d is not between %d and %d", where, value, low, high), "")
			return
		}
		*into = int(value)
	}}
}

func yesNo(into *bool) value {
	known := orVariable(&schema{Type: []string{"boolean", "null"}})
	return value{schema: known, read: func(d *decoder, n node, where string) {
		value, ok := d.scalar(n, where, "true or false")
		switch {
		case !ok:
		case value == "true", value == "false":
			*into = value == "true"
		default:
			d.problem(n, where+": not true or false", "")
		}
	}}
}

// mayBeUnset puts missing variables aside for the command that needs them.
func mayBeUnset(inner value, into *error) value {
	read := inner.read
	inner.read = func(d *decoder, n node, where string) {
		aside := &decoder{file: d.file, lookup: d.lookup}
		read(aside, n, where)
		for _, p := range aside.problems {
			if !p.unset {
				d.problems = append(d.problems, p)
				continue
			}
			*into = errors.Join(*into, (&decoder{file: d.file, problems: []problem{p}}).err())
		}
	}
	return inner
}
