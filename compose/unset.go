package compose

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// use is where a compose file takes a variable that has to be set.
type use struct {
	name, file string
	line       int
	left       string // of the value, without the variable
}

// explain is an error of the loader with its place and, where an unset variable
// has led to it, with that cause in front: what is left of "${DIR}:/data" says
// nothing.
func (l *loading) explain(err error) error {
	found := locate(l.read, err)
	uses := l.unset()
	if len(uses) == 0 || !l.causes(uses, found) {
		return invalid(found)
	}
	var names, lines []string
	for _, u := range uses {
		names = append(names, u.name)
		lines = append(lines, fmt.Sprintf("%s:%d: %s", u.file, u.line, l.notSet(u.name)))
	}
	text, left := lines[0], found.Error()
	if at := uses[0]; len(uses) == 1 {
		left = strings.TrimPrefix(left, fmt.Sprintf("%s:%d: ", at.file, at.line))
	}
	if len(lines) > 1 {
		text = "variables are not set:\n  " + strings.Join(lines, "\n  ") + "\n "
	}
	return hint.Usage(&located{text: fmt.Sprintf("compose file: %s (%s)", text, left), err: err},
		"set %s in %s, or under preview.environment in offshoot.yaml%s", strings.Join(names, ", "), l.dotenv(),
		l.sampleHint())
}

// sampleHint says how a sample of the .env that is missing is used as it is.
func (l *loading) sampleHint() string {
	path := filepath.Join(l.workDir, ".env")
	sample := sampleOf(path)
	if sample == "" || exists(l.instead(path)) {
		return ""
	}
	return fmt.Sprintf("; to read a sample as it is: preview.env_files: {%s: %s}", rel(l.dir, path),
		rel(l.dir, filepath.Join(l.workDir, sample)))
}

// notSet says so of a variable, and which sample has it.
func (l *loading) notSet(name string) string {
	text := name + " is not set"
	return text + l.inSample(name)
}

// inSample says which sample has a variable, if one does.
func (l *loading) inSample(name string) string {
	sample := sampleWith(l.workDir, l.check.root, name)
	if sample == "" {
		return ""
	}
	return "; " + rel(l.dir, filepath.Join(l.workDir, sample)) + " has it"
}

// unset lists the variables that have to be set and are not, by the place of
// their first use. Files that the error has kept from being read count too.
func (l *loading) unset() []use {
	files := slices.Clone(l.read)
	for _, f := range l.files {
		known := slices.ContainsFunc(files, func(r composeFile) bool { return r.name == rel(l.dir, f) })
		if known || !inside(l.check.root, resolve(f)) {
			continue
		}
		if docs, err := documents(f); err == nil {
			files = append(files, composeFile{name: rel(l.dir, f), docs: docs, env: l.env})
		}
	}
	var uses []use
	seen := map[string]bool{}
	for _, f := range files {
		for _, doc := range f.docs {
			for _, u := range unsetIn(doc, f.env) {
				if u.file = f.name; !seen[u.name] {
					seen[u.name] = true
					uses = append(uses, u)
				}
			}
		}
	}
	return uses
}

// mustBeSet tells that a reference gives nothing in place of its variable.
var mustBeSet = regexp.MustCompile(`^\$(?:[A-Za-z_]|\{[A-Za-z_][A-Za-z0-9_]*(?:\}|:?\?))`)

// unsetIn lists the variables of a node's values; keys are not interpolated.
func unsetIn(node *yaml.Node, env types.Mapping) []use {
	var uses []use
	switch node.Kind {
	case yaml.ScalarNode:
		for _, at := range variable.FindAllStringSubmatchIndex(node.Value, -1) {
			groups := variable.FindStringSubmatch(node.Value[at[0]:])
			name := groups[1] + groups[3]
			if _, set := env[name]; name != "" && !set && mustBeSet.MatchString(node.Value[at[0]:]) {
				left, _ := template.Substitute(node.Value, env.Resolve)
				uses = append(uses, use{name: name, line: node.Line, left: left})
			}
		}
	case yaml.MappingNode:
		for i := 1; i < len(node.Content); i += 2 {
			uses = append(uses, unsetIn(node.Content[i], env)...)
		}
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, child := range node.Content {
			uses = append(uses, unsetIn(child, env)...)
		}
	}
	return uses
}

// causes tells whether unset variables can have led to the error: one is used
// where it is, or the error quotes what is left of a value without it.
func (l *loading) causes(uses []use, err error) bool {
	var found *located
	if !errors.As(err, &found) || found.key {
		return false
	}
	if found.node != nil {
		return len(unsetIn(found.node, found.env)) > 0
	}
	return slices.ContainsFunc(uses, func(u use) bool { return u.left != "" && strings.Contains(found.text, u.left) })
}

// sampleEnding is how a file ends that stands for one that is not checked in.
var sampleEnding = regexp.MustCompile(`^(?:example|sample|dist|template|tmpl|defaults?)$`)

// isSample tells whether a file name is that of variables for example:
// .env.example, .env.production.sample, env.dist, example.env.
func isSample(name string) bool {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '-' || r == '_' })
	return len(words) > 1 && slices.Contains(words, "env") && slices.ContainsFunc(words, sampleEnding.MatchString)
}

// samples are the names of such files in dir, those of .env first.
func samples(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if isSample(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(strings.Count(a, ".")-strings.Count(b, "."), strings.Compare(a, b))
	})
	return names
}

var assignment = regexp.MustCompile(`^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=`)

// mostSample is more than anybody writes, in bytes.
const mostSample = 1 << 20

// sampleWith is the sample in dir that has the variable. Of what is in it
// nothing but the names of variables is looked at.
func sampleWith(dir, root, name string) string {
	for _, sample := range samples(dir) {
		path := resolve(filepath.Join(dir, sample))
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > mostSample ||
			!inside(root, path) {
			continue
		}
		file, err := os.Open(path)
		if err != nil {
			continue
		}
		has := assigns(bufio.NewScanner(file), name)
		file.Close()
		if has {
			return sample
		}
	}
	return ""
}

func assigns(lines *bufio.Scanner, name string) bool {
	for lines.Scan() {
		if m := assignment.FindStringSubmatch(lines.Text()); m != nil && m[1] == name {
			return true
		}
	}
	return false
}

// sampleOf is the sample that stands for a missing file, by its name: for
// .env.production .env.production.sample or .env.sample.production.
func sampleOf(path string) string {
	dir, name := filepath.Split(path)
	for _, sample := range samples(dir) {
		if slices.Equal(withoutSample(sample), withoutSample(name)) {
			return sample
		}
	}
	return ""
}

// withoutSample are the words of a file's name, but for those of a sample.
func withoutSample(name string) []string {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '-' || r == '_' })
	words = slices.DeleteFunc(words, sampleEnding.MatchString)
	slices.Sort(words)
	return words
}

// place is the file and line of a service's key, as in messages; empty when
// the files do not have it by that name.
func (l *loading) place(path ...string) string {
	if file, line, _, _ := find(l.read, path); line > 0 {
		return file + ":" + strconv.Itoa(line) + ": "
	}
	return ""
}
