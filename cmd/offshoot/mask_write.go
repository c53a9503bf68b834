package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

// addRules adds rules and the list of columns to the text of a configuration.
// Every other line stays as it is, comments too.
func addRules(text []byte, scan *subset.Scan) ([]byte, error) {
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if strings.TrimSpace(string(text)) == "" {
		lines = nil
	}
	lines, err := insert(lines, "mask", append(newRules(scan), undecided(scan, text)...), false)
	if err != nil {
		return nil, err
	}
	if lines, err = insert(lines, "schema", places(scan.Schema), false); err != nil {
		return nil, err
	}
	lines, err = insert(lines, "scanned", seen(scan.Seen), true)
	if err != nil {
		return nil, err
	}
	return []byte(strings.Join(lines, "\n") + "\n"), nil
}

// newRules are those for the columns that have none.
func newRules(scan *subset.Scan) []string {
	var rules []string
	for _, f := range scan.Findings {
		if f.Rule == "" && f.Suggest.As != "" {
			rules = append(rules, fmt.Sprintf("%s # %s, %.0f %%", f.Suggest.YAML(), f.Topic, 100*f.Confidence))
		}
	}
	return rules
}

// undecided are comments on columns that no transformer fits, but for those
// that are there already: somebody has to write a rule.
func undecided(scan *subset.Scan, text []byte) []string {
	var lines []string
	for _, f := range scan.Findings {
		line := fmt.Sprintf("# %s: # %s: write keep, or sql with an expression",
			dollars(mask.Quoted(f.Column())), f.Topic)
		if f.Rule == "" && f.Suggest.As == "" && !strings.Contains(string(text), line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// wrote says what addRules has added to a file.
func wrote(path string, scan *subset.Scan) []string {
	const named = 5
	rules := ui.Plural(int64(len(newRules(scan))), "rule")
	if of := places(scan.Schema); len(of) > 0 {
		rules += " for columns, " + ui.Plural(int64(len(of)), "rule") + " for the schema"
	}
	columns := 0
	for _, of := range scan.Seen {
		columns += len(of)
	}
	tables := slices.Sorted(maps.Keys(scan.Seen))
	shown := strings.Join(tables[:min(len(tables), named)], ", ")
	if more := len(tables) - named; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	lines := []string{"wrote " + path + ": " + rules + " added"}
	if len(tables) > 0 {
		lines = append(lines, fmt.Sprintf("noted as scanned: %s of %s: %s",
			ui.Plural(int64(columns), "column"), ui.Plural(int64(len(tables)), "table"), shown))
	}
	return lines
}

// places are rules for the places of the schema that have none, where any but
// keep is possible.
func places(findings []mask.LiteralFinding) []string {
	var rules []string
	for _, f := range findings {
		if as := f.Suggest(); f.Rule == "" && as != "" {
			rules = append(rules, fmt.Sprintf("%s: %s # %s", dollars(mask.Quoted(f.Place)), as, f.Topic))
		}
	}
	return rules
}

// seen lists the columns of each table, one table a line.
func seen(columns map[string][]string) []string {
	var list []string
	for _, table := range slices.Sorted(maps.Keys(columns)) {
		quoted := make([]string, len(columns[table]))
		for i, c := range columns[table] {
			quoted[i] = dollars(mask.Quoted(c))
		}
		list = append(list, mask.Quoted(table)+": ["+strings.Join(quoted, ", ")+"]")
	}
	return list
}

// dollars keeps a name from being taken for a variable.
func dollars(s string) string { return strings.ReplaceAll(s, "${", "$${") }

// insert puts entries at the end of a mapping of the file, or in place of all
// that is in it.
func insert(lines []string, key string, entries []string, replace bool) ([]string, error) {
	if len(entries) == 0 && !replace {
		return lines, nil
	}
	at, value, err := find(lines, key)
	if err != nil {
		return nil, err
	}
	indent := "  "
	if at < 0 {
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		return append(append(lines, key+":"), indented(entries, indent)...), nil
	}
	if value.Kind == yaml.MappingNode && len(value.Content) > 0 && !replace {
		if value.Style&yaml.FlowStyle != 0 {
			return nil,
				hint.Usage(fmt.Errorf("%s: %s is written in braces", config.Name, key),
					"write one rule a line, so that more can be added")
		}
		indent = strings.Repeat(" ", value.Content[0].Column-1)
	}
	begin, end := at+1, sectionEnd(lines, at)
	if replace {
		return slices.Concat(lines[:at], []string{key + ":"}, indented(entries, indent), lines[end:]), nil
	}
	if value.Kind == yaml.MappingNode && len(value.Content) == 0 {
		lines[at], end = key+":", begin
	}
	return slices.Concat(lines[:end], indented(entries, indent), lines[end:]), nil
}

// find returns the line of a key of the file and its value; -1 when it is not
// there.
func find(lines []string, key string) (int, *yaml.Node, error) {
	var document yaml.Node
	text := strings.Join(lines, "\n")
	if strings.TrimSpace(config.WithoutComments(text)) == "" {
		return -1, nil, nil
	}
	if err := yaml.Load([]byte(text), &document); err != nil {
		return 0, nil, err
	}
	root := document.Content[0]
	if root.Style&yaml.FlowStyle != 0 {
		return 0, nil,
			hint.Usage(fmt.Errorf("%s is written in braces", config.Name),
				"write one key a line, so that more can be added")
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == key {
			return root.Content[i].Line - 1, root.Content[i+1], nil
		}
	}
	return -1, nil, nil
}

// sectionEnd is the line after the last one of a key's value: comments and
// blank lines before the next key belong to that.
func sectionEnd(lines []string, at int) int {
	end := at + 1
	for i := at + 1; i < len(lines); i++ {
		line := lines[i]
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(strings.TrimSpace(line), "#"):
			continue
		case line[0] != ' ' && line[0] != '\t' && line[0] != '}' && line[0] != ']':
			return end
		}
		end = i + 1
	}
	return end
}

func indented(entries []string, indent string) []string {
	list := make([]string, len(entries))
	for i, e := range entries {
		list[i] = indent + e
	}
	return list
}
