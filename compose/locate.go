package compose

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"
)

// composeFile is a compose file as it was read.
type composeFile struct {
	name string // as in messages
	docs []*yaml.Node
	env  types.Mapping // what it sees
}

var (
	validating = regexp.MustCompile(`validating (\S+?): `)
	decoding   = regexp.MustCompile(`decoding failed due to the following error\(s\):\s*`)
	bracketed  = regexp.MustCompile(`'(services|networks|volumes|secrets|configs)\[([^\]]+)\]([^']*)'`)
	unknown    = regexp.MustCompile(`(\S*) ?additional properties '([^']+)'(?:, '[^']+')* not allowed`)
	named      = regexp.MustCompile(`(service|network|volume|secret|config) "([^"]+)"`)
	shape      = regexp.MustCompile(`\b(services|networks|volumes|secrets|configs)(\.[^\s:,'"]+)? must be a mapping( or null)?`)
	dotted     = regexp.MustCompile(`\b(?:services|networks|volumes|secrets|configs|include)\.[^\s:,'"]+`)
)

// locate puts file and line in front of an error of the loader, which only says
// services.web.ports, and says in plain words what the schema calls additional
// properties.
func locate(files []composeFile, err error) error {
	text := decoding.ReplaceAllString(err.Error(), "")
	text = validating.ReplaceAllString(text, "")
	text = bracketed.ReplaceAllString(text, "$1.$2$3:")
	var path []string
	switch m := unknown.FindStringSubmatch(text); {
	case m != nil:
		path = append(split(m[1]), m[2])
		where := " in " + m[1]
		if m[1] == "" {
			where = ""
		}
		text = strings.Replace(text, m[0], "unknown key "+m[2]+where, 1)
	case shape.MatchString(text):
		m := shape.FindStringSubmatch(text)
		path = split(m[1] + m[2])
		text = strings.Replace(text, m[0], m[0]+shapeOf(m[1], m[2]), 1)
	case dotted.MatchString(text):
		path = split(dotted.FindString(text))
	case named.MatchString(text):
		m := named.FindStringSubmatch(text)
		path = []string{m[1] + "s", m[2]}
	}
	text = strings.TrimSuffix(strings.Join(strings.Fields(text), " "), ": invalid compose project")
	file, line, node, env := find(files, path)
	if line > 0 {
		text = strings.TrimPrefix(text, file+": ")
		text = file + ":" + strconv.Itoa(line) + ": " + text
	}
	return &located{text: text, err: err, key: strings.Contains(text, "unknown key "), node: node, env: env}
}

// shapeOf shows how what has to be a mapping is written.
func shapeOf(kind, name string) string {
	switch {
	case kind == "services" && name == "":
		return " of services by their names, such as {web: {image: nginx}}"
	case kind == "services":
		return " of keys, such as {image: nginx}"
	case name == "":
		return " of names, each followed by a colon, such as {" + strings.TrimSuffix(kind, "s") + "1: {}}"
	}
	return ": write nothing after its colon, or keys such as {name: other}"
}

// located is an error of the loader in our words.
type located struct {
	text string
	err  error
	key  bool          // it is about a key, and not about a value
	node *yaml.Node    // what is there; nil: nobody knows where it is
	env  types.Mapping // what the file sees
}

func (l *located) Error() string { return l.text }
func (l *located) Unwrap() error { return l.err }

func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' })
}

// find gives the place of the path that goes deepest, in the last file that
// has it: it overrides the others.
func find(files []composeFile, path []string) (file string, line int, node *yaml.Node, env types.Mapping) {
	deepest := 1 // "services" alone says nothing
	if len(path) == 1 {
		deepest = 0
	}
	for _, f := range files {
		for _, doc := range f.docs {
			depth, at, value := descend(doc, path)
			if depth > deepest || depth == deepest && line > 0 {
				deepest, file, line, node, env = depth, f.name, at, value, f.env
			}
		}
	}
	return file, line, node, env
}

// descend follows the path as far as it goes; a key may have dots in it.
func descend(node *yaml.Node, path []string) (depth, line int, value *yaml.Node) {
	switch {
	case node.Kind == yaml.DocumentNode && len(node.Content) > 0:
		return descend(node.Content[0], path)
	case node.Kind == yaml.AliasNode:
		return descend(node.Alias, path)
	case node.Kind == yaml.SequenceNode && len(path) > 0:
		if i, err := strconv.Atoi(strings.Trim(path[0], "[]")); err == nil && i < len(node.Content) {
			return below(node.Content[i], node.Content[i], path, 1)
		}
	case node.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			for n := 1; n <= len(path); n++ {
				if key.Value == strings.Join(path[:n], ".") {
					return below(key, node.Content[i+1], path, n)
				}
			}
		}
	}
	return 0, 0, nil
}

// below goes on in value after n steps of the path; if there is no more, it is at.
func below(at, value *yaml.Node, path []string, n int) (depth, line int, found *yaml.Node) {
	if depth, line, found = descend(value, path[n:]); depth > 0 {
		return depth + n, line, found
	}
	return n, at.Line, value
}
