package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// node is one value of the file, behind any alias.
type node struct{ *yaml.Node }

func newNode(n *yaml.Node) node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return node{n}
}

func (n node) isMapping() bool { return n.Kind == yaml.MappingNode }
func (n node) isNull() bool    { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// decoder reads the whole file before it gives up, so that the user sees every
// problem at once.
type decoder struct {
	file     string
	lookup   func(string) (string, bool)
	problems []problem
}

// problem is one thing wrong in the file.
type problem struct {
	line  int
	text  string
	hint  string
	unset bool // an environment variable is missing
}

// Parse reads the file's text into c. The zero file, or one with comments
// only, is fine.
func (c *Config) Parse(file string, data []byte, lookup func(string) (string, bool)) error {
	d := &decoder{file: file, lookup: lookup}
	var document yaml.Node
	if strings.TrimSpace(WithoutComments(string(data))) == "" {
		return nil
	}
	if err := yaml.Load(data, &document); err != nil {
		return d.syntax(err)
	}
	if root := newNode(document.Content[0]); !root.isNull() {
		d.mapping(root, "", c.fields())
	}
	return d.err()
}

// WithoutComments leaves out the lines of a file that are comments alone.
func WithoutComments(text string) string {
	lines := strings.Split(text, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool {
		return strings.HasPrefix(strings.TrimSpace(line), "#")
	}), "\n")
}

func (d *decoder) syntax(err error) error {
	var where *yaml.LoadError
	if !errors.As(err, &where) {
		return hint.Usage(fmt.Errorf("%s: %w", d.file, err), "")
	}
	place := d.file
	if where.Mark.Line > 0 {
		place = fmt.Sprintf("%s:%d", place, where.Mark.Line)
	}
	return hint.Usage(fmt.Errorf("%s: %s", place, where.Message), "")
}

// err lists the problems in the order of the file.
func (d *decoder) err() error {
	slices.SortStableFunc(d.problems, func(a, b problem) int { return a.line - b.line })
	errs := make([]error, len(d.problems))
	for i, p := range d.problems {
		errs[i] = hint.Usage(fmt.Errorf("%s:%d: %s", d.file, p.line, p.text), "%s", p.hint)
	}
	return errors.Join(errs...)
}

func (d *decoder) problem(n node, text, advice string) {
	d.problems = append(d.problems, problem{line: n.Line, text: text, hint: advice})
}

func (d *decoder) wrap(n node, err error) {
	d.problem(n, err.Error(), strings.Join(hint.Of(err), "; "))
}

// failedSince reports whether something at or below n was wrong.
func (d *decoder) failedSince(n node) bool {
	return slices.ContainsFunc(d.problems, func(p problem) bool { return p.line >= n.Line })
}

// mapping reads a mapping with known keys.
func (d *decoder) mapping(n node, where string, fields []field) {
	given := map[string]bool{}
	d.pairs(n, where, func(key, value node) {
		given[key.Value] = !value.isNull()
		i := slices.IndexFunc(fields, func(f field) bool { return f.is(key.Value) })
		if i < 0 {
			d.unknown(key, where, fields)
			return
		}
		if !value.isNull() {
			fields[i].read(d, value, join(where, key.Value))
		}
	})
	for _, f := range fields {
		if f.required && n.isMapping() && !given[f.name] {
			d.problem(n, fmt.Sprintf("%s: %s is missing", where, f.name), "")
		}
	}
}

func (d *decoder) unknown(key node, where string, fields []field) {
	var known []string
	for _, f := range fields {
		known = append(known, f.name)
	}
	advice := "known here: " + strings.Join(known, ", ")
	if near := hint.Nearest(key.Value, known); near != "" {
		advice = fmt.Sprintf("did you mean %q?", near)
	}
	d.problem(key, fmt.Sprintf("unknown key %q", join(where, key.Value)), advice)
}

// pairs visits the entries of a mapping, each key once.
func (d *decoder) pairs(n node, where string, visit func(key, value node)) {
	if !n.isMapping() {
		if where == "" {
			where = "the file"
		}
		d.problem(n, where+": not a mapping", "")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := newNode(n.Content[i]), newNode(n.Content[i+1])
		switch {
		case key.Kind != yaml.ScalarNode:
			d.problem(key, cmp.Or(where, "the file")+": a key that is not plain text", "")
		case seen[key.Value]:
			d.problem(key, fmt.Sprintf("%s is given twice", join(where, key.Value)), "")
		default:
			seen[key.Value] = true
			visit(key, value)
		}
	}
}

func join(where, key string) string {
	if where == "" {
		return key
	}
	if strings.HasPrefix(key, ".") || strings.Contains(key, "/") {
		return where + ": " + key // a path: a dot before it would read as a part of it
	}
	return where + "." + key
}

// scalar is a plain value with its variables replaced.
func (d *decoder) scalar(n node, where, want string) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.isNull() {
		d.problem(n, fmt.Sprintf("%s: not %s", where, want), "")
		return "", false
	}
	value, unset, err := expand(n.Value, d.lookup)
	if err != nil {
		d.problems = append(d.problems, problem{
			line: n.Line, text: where + ": " + err.Error(), hint: strings.Join(hint.Of(err), "; "), unset: unset,
		})
		return "", false
	}
	return value, true
}

func (d *decoder) integer(n node, where string, into *int64) bool {
	value, ok := d.scalar(n, where, "a whole number")
	if !ok {
		return false
	}
	parsed, err := strconv.ParseInt(value, 0, 64)
	if err != nil {
		d.problem(n, where+": not a whole number", "")
		return false
	}
	*into = parsed
	return true
}
