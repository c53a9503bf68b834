package rehearse

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Twice is what a second run of the migration does, on the database that the first has changed: nothing, where the tool
// knows what it has run.
type Twice struct {
	Exit    int      `json:"exit"`
	Changed []string `json:"changed,omitempty"` // of the schema, and tables with a new file
}

// shownChanges is how many of them are shown to people.
const shownChanges = 5

// RunTwice runs the migration once more where the first run went well. What was watched is told already.
func (r *Report) RunTwice(
	ctx context.Context, s Server, database string, run func(context.Context) (exit int, err error),
) error {
	if r.Exit != 0 || r.Hangs > 0 {
		return nil
	}
	before, err := schemaOfAll(ctx, s, database)
	if err != nil {
		return err
	}
	exit, err := run(ctx)
	if err != nil {
		return err
	}
	after, err := schemaOfAll(ctx, s, database)
	if err != nil {
		return err
	}
	r.Twice = &Twice{Exit: exit, Changed: differing(before, after)}
	return nil
}

// schemaOfAll says of each table, column, constraint and index what it is.
func schemaOfAll(ctx context.Context, s Server, database string) (map[string]string, error) {
	tables, err := readRelations(ctx, s, database)
	if err != nil {
		return nil, err
	}
	known, err := readDetails(ctx, s, database)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, r := range tables {
		if r.isTable() {
			all["table "+shortName(r.Dotted())] = fmt.Sprint(r.OID, " ", r.File)
		}
	}
	for _, d := range known {
		if table, there := tables[d.table]; there {
			name := fmt.Sprintf("%s %s of %s", d.kind, d.name, shortName(table.Dotted()))
			all[name] = fmt.Sprint(d.what, " ", d.definition, " ", d.flag, " ", d.made)
		}
	}
	return all, nil
}

// differing lists what is not the same in both, and how.
func differing(before, after map[string]string) []string {
	var all []string
	for name, what := range before {
		if now, there := after[name]; !there {
			all = append(all, name+" is gone")
		} else if now != what {
			all = append(all, name+" is another")
		}
	}
	for name := range after {
		if _, there := before[name]; !there {
			all = append(all, name+" is new")
		}
	}
	slices.Sort(all)
	return all
}

// String says it in a sentence.
func (t *Twice) String() string {
	what := "changes nothing"
	if len(t.Changed) > 0 {
		what = "changes more: " + strings.Join(t.Changed[:min(len(t.Changed), shownChanges)], ", ")
		if more := len(t.Changed) - shownChanges; more > 0 {
			what += fmt.Sprintf(" and %d more", more)
		}
	}
	if t.Exit != 0 {
		return fmt.Sprintf("run a second time, it fails with exit %d and %s", t.Exit, what)
	}
	return "run a second time, it " + what
}
