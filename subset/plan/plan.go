package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

// Plan says what Run will do. It is a value: made from the catalog, the row
// counts and the Spec alone, and printed before anything is copied.
type Plan struct {
	Version    int                `json:"version"` // of this document, 1
	Database   string             `json:"database"`
	Curve      string             `json:"curve"`
	Mode       Mode               `json:"mode"`
	Roots      []Root             `json:"roots,omitempty"`
	Seed       uint64             `json:"seed"`
	SourceRows int64              `json:"source_rows"`
	Target     int64              `json:"target"`    // rows in all
	Allowance  int64              `json:"allowance"` // rows that may be kept above the targets of their tables
	Expected   Expected           `json:"expected"`  // in all
	Tables     []TablePlan        `json:"tables"`    // parents before children
	Keys       []KeyPlan          `json:"keys"`
	Pace       catalog.Pace       `json:"source,omitzero"` // how far and how fast the source is
	LeftOut    []catalog.Omission `json:"left_out,omitempty"`
	Warnings   []string           `json:"warnings,omitempty"` // what the source lacks, and what would help
	// what the subset will look like, and what would change it
	Advice []string `json:"advice,omitempty"`

	Privacy mask.PrivacyReport `json:"privacy,omitzero"`

	ForeignKeys []*catalog.ForeignKey `json:"-"` // declared in the schema, then in the configuration
	Skip        []string              `json:"-"` // extensions to leave out of the schema
	Unreadable  []catalog.Name        `json:"-"` // tables that the role may not read and nobody needs
	Masks       *mask.Plan            `json:"-"`
	Details     *catalog.Details      `json:"-"` // of columns, where masks need them
	Proved      mask.Proof            `json:"-"`
	Rewrite     mask.Rewrite          `json:"-"` // of the texts of the schema
}

// TablePlan is what Run will do with one table.
type TablePlan struct {
	Schema    string   `json:"schema"`
	Name      string   `json:"name"`
	Rows      int64    `json:"source_rows"`
	Estimated bool     `json:"estimated,omitempty"` // Rows comes from statistics or a sample, not from a count
	Bytes     int64    `json:"source_bytes"`
	Target    int64    `json:"target"`
	Rule      string   `json:"rule,omitempty"`
	Strategy  string   `json:"strategy"`        // how candidate rows are found
	Reason    string   `json:"reason"`          // why so
	Cycle     int      `json:"cycle,omitempty"` // tables with the same number reference each other
	Expected  Expected `json:"expected"`

	Table      *catalog.Table        `json:"-"`
	Keep       Rule                  `json:"-"`
	How        Strategy              `json:"-"`
	Driving    []*catalog.ForeignKey `json:"-"` // keys whose kept parents bring candidates
	referenced bool                  // by a table that is not planned before this one
	Reserve    float64               `json:"-"` // the part of the target that is sampled before other tables force rows
}

// overflowShare is the part of the whole subset's target that may be kept
// above the targets of single tables, because rows below need it. Measured:
// without it a table with two sampled parents stays nearly empty.
const overflowShare = 0.1

// Make decides everything that can be decided without looking at rows. It
// is a pure function: equal arguments give equal plans.
func Make(db *catalog.Database, counts catalog.Counts, spec Spec) (*Plan, error) {
	rules, err := resolveRules(db, spec.Tables)
	if err != nil {
		return nil, err
	}
	if err := skippable(db, spec.Skip); err != nil {
		return nil, err
	}
	declared, err := ResolveReferences(db, spec.References)
	if err != nil {
		return nil, err
	}
	roots, err := resolveRoots(db, spec.Roots, rules)
	if err != nil {
		return nil, err
	}
	show(roots, spec.Conditions)
	p := &Plan{
		Version: 1, Database: db.Name, Curve: spec.Curve.String(), Mode: cmp.Or(spec.Mode, ModeCurve), Roots: roots,
		Seed:        spec.Seed,
		Pace:        spec.Pace,
		Skip:        spec.Skip,
		Warnings:    slices.Clone(db.Warnings),
		ForeignKeys: append(slices.Clone(db.ForeignKeys), declared...),
	}
	for _, l := range db.LeftOut {
		p.LeftOut = append(p.LeftOut, catalog.Omission{Schema: l.Name.Schema, Name: l.Name.Name, Reason: l.Reason})
	}
	blocked, err := p.access(db, rules)
	if err != nil {
		return nil, err
	}
	for i, group := range order(db.Tables, p.ForeignKeys) {
		group = slices.DeleteFunc(group, func(t *catalog.Table) bool { return blocked[t] })
		p.addGroup(group, i+1, counts, rules, spec)
	}
	p.finish()
	p.explain()
	p.predict(counts, spec.Matching)
	p.advise(counts)
	return p, nil
}

// access refuses tables that cannot be read completely, unless the user left
// them out and no other table needs them.
func (p *Plan) access(db *catalog.Database, rules map[*catalog.Table]Rule) (map[*catalog.Table]bool, error) {
	denied := &PermissionError{Role: db.Role}
	secured := &RowSecurityError{Role: db.Role}
	blocked := map[*catalog.Table]bool{}
	for _, t := range db.Tables {
		needed := !rules[t].None || p.references(t, rules)
		switch {
		case !t.Readable && needed:
			denied.Tables = append(denied.Tables, t.Denied...)
		case !t.Readable:
			blocked[t] = true
			p.Unreadable = append(p.Unreadable, t.Name)
			p.LeftOut = append(p.LeftOut,
				catalog.Omission{Schema: t.Name.Schema, Name: t.Name.Name, Reason: "excluded, not readable"})
		case t.RowSecurity && needed:
			secured.Tables = append(secured.Tables, t.Name)
		case t.RowSecurity:
			blocked[t] = true
			p.LeftOut = append(p.LeftOut,
				catalog.Omission{Schema: t.Name.Schema, Name: t.Name.Name, Reason: "excluded, row-level security"})
		}
	}
	if len(denied.Tables) > 0 {
		return nil,
			hint.Wrap(fmt.Errorf("source: %w", denied),
				"grant SELECT on %s to %s, or set these tables, and those that reference them, to none",
				catalog.ListNames(denied.Tables), db.Role)
	}
	if len(secured.Tables) > 0 {
		return nil,
			hint.Wrap(fmt.Errorf("source: %w", secured),
				"use a role with BYPASSRLS, or set these tables, and those that reference them, to none")
	}
	return blocked, nil
}

// references reports whether rows of a table that is not left out may need
// rows of t.
func (p *Plan) references(t *catalog.Table, rules map[*catalog.Table]Rule) bool {
	return slices.ContainsFunc(p.ForeignKeys, func(k *catalog.ForeignKey) bool {
		return k.Parent == t && k.Child != t && !rules[k.Child].None
	})
}

func (p *Plan) addGroup(
	group []*catalog.Table, number int, counts catalog.Counts, rules map[*catalog.Table]Rule, spec Spec,
) {
	tables := make([]TablePlan, len(group))
	for i, t := range group {
		tables[i] = p.planTable(t, counts, rules, spec)
		if len(group) > 1 {
			tables[i].Cycle = number
		}
	}
	slices.SortStableFunc(tables, func(a, b TablePlan) int { return cmp.Compare(a.Rows, b.Rows) })
	p.Tables = append(p.Tables, tables...)
}

func (p *Plan) planTable(t *catalog.Table, counts catalog.Counts, rules map[*catalog.Table]Rule, spec Spec) TablePlan {
	tp := TablePlan{Schema: t.Name.Schema, Name: t.Name.Name, Table: t}
	for _, h := range t.Heaps {
		c := counts[h.OID]
		tp.Rows += c.Rows
		tp.Bytes += h.Bytes
		tp.Estimated = tp.Estimated || !c.Exact
	}
	tp.Keep, tp.Rule = ruleOf(t, tp.Rows, rules, spec.Conditions)
	tp.Target = target(tp.Rows, tp.Keep, spec.Curve)
	tp.How, tp.Driving = p.choose(&tp)
	tp.Strategy = tp.How.describe(tp.Driving)
	return tp
}

// ruleOf is the user's rule for a table, else that for tables whose use is
// known, with the words that describe it.
func ruleOf(t *catalog.Table, rows int64, rules map[*catalog.Table]Rule, full bool) (Rule, string) {
	rule, given := rules[t]
	if why := keptWhole(t, rows); !given && why != "" {
		rule = Rule{All: true}
		return rule, rule.String() + " (" + why + ")"
	}
	if full {
		return rule, rule.inFull()
	}
	return rule, rule.String()
}

// show says what a plan shows of the conditions of roots.
func show(roots []Root, full bool) {
	for i := range roots {
		roots[i].Shown = roots[i].Where
		if !full {
			roots[i].Shown = withoutValues(roots[i].Where)
		}
	}
}

func target(rows int64, rule Rule, curve Curve) int64 {
	switch {
	case rule.All:
		return rows
	case rule.None:
		return 0
	case rule.Rows > 0:
		return min(rule.Rows, rows)
	case rule.Share > 0:
		return min(max(int64(rule.Share*float64(rows)+0.5), 1), rows)
	}
	return curve.Rows(rows)
}

// finish adds up and marks tables whose rows later tables reference.
func (p *Plan) finish() {
	position := map[*catalog.Table]int{}
	for i := range p.Tables {
		t := &p.Tables[i]
		position[t.Table] = i
		p.SourceRows += t.Rows
		p.Target += t.Target
	}
	p.Allowance = max(int64(overflowShare*float64(p.Target)), 1)
	p.ForeignKeys = slices.DeleteFunc(p.ForeignKeys, func(k *catalog.ForeignKey) bool {
		_, child := position[k.Child]
		_, parent := position[k.Parent]
		return !child || !parent
	})
	for _, k := range p.ForeignKeys {
		if parent := position[k.Parent]; position[k.Child] > parent {
			p.Tables[parent].referenced = true
		}
	}
	for i := range p.Tables {
		p.Tables[i].Reserve = p.reserve(&p.Tables[i], position)
	}
}
