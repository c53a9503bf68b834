package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

// addRules adds rules and the list of columns to the text of a configuration.
// Every other line stays as it is, comments too.
func addRules(text []byte, scan *subset.Scan) ([]byte, error) {
	lines, err := insert(split(text), append(newRules(scan), undecided(scan, text)...), "mask")
	if err != nil {
		return nil, err
	}
	if lines, err = insert(lines, places(scan.Schema), "schema"); err != nil {
		return nil, err
	}
	lines, err = replace(lines, seen(scan.Seen), "scanned")
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
