package subset

import (
	"context"
	"maps"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// proposal is what may become of a column that looks sensitive: the first rule
// that the schema allows and the trial on rows does not refuse.
type proposal struct {
	finding *mask.Finding
	table   *catalog.Table
	rules   []mask.Rule // left to try, the best first
	of      *proposal   // of a parent, whose rule holds for this column too
}

// rule is the best rule that is left; false where there is none.
func (p *proposal) rule() (mask.Rule, bool) {
	if p.of != nil {
		rule, ok := p.of.rule()
		rule.Column = p.finding.Column()
		return rule, ok
	}
	if len(p.rules) == 0 {
		return mask.Rule{}, false
	}
	return p.rules[0], true
}

// proposals are those for the findings of a database, by the full names of
// their columns.
type proposals map[string]*proposal

// propose finds a rule for each finding that strict will accept, or says in
// the finding why there is none. It tries the rules together with those that
// there are, as a run does.
func (l *looker) propose(ctx context.Context, findings []*mask.Finding) (proposals, error) {
	all := proposals{}
	for _, f := range findings {
		t := l.facts.Database.Table(f.Table)
		p := &proposal{finding: f, table: t}
		p.rules, f.Unfit = mask.Candidates(l.facts, t, *f)
		all[f.Column()] = p
	}
	all.join(l.facts.Keys)
	touched := map[*catalog.Table]bool{}
	for _, p := range all {
		touched[p.table] = true
	}
	for len(touched) > 0 {
		refused, err := l.try(ctx, all, touched)
		if err != nil {
			return nil, err
		}
		touched = all.next(refused)
	}
	return all, nil
}

// join has children follow their parents, for which they have to be the same.
func (all proposals) join(keys []*catalog.ForeignKey) {
	for _, k := range keys {
		for i, column := range k.ChildColumns {
			child := all[k.Child.Name.Dotted()+"."+column]
			parent := all[k.Parent.Name.Dotted()+"."+k.ParentColumns[i]]
			if child == nil || parent == nil || child.of != nil || parent.follows(child) {
				continue
			}
			child.of = parent
			child.finding.Unfit = parent.finding.Unfit
		}
	}
}

func (p *proposal) follows(other *proposal) bool {
	return p == other || p.of != nil && p.of.follows(other)
}

// try says why which proposals are refused: by the catalog, or by masked rows
// of the tables.
func (l *looker) try(ctx context.Context, all proposals, touched map[*catalog.Table]bool) (map[string]string, error) {
	rules := slices.Clone(l.source.spec.Masking.Rules)
	for _, column := range slices.Sorted(maps.Keys(all)) {
		if rule, ok := all[column].rule(); ok && all[column].of == nil {
			rule.Where, rule.Proposed = column, true
			rules = append(rules, rule)
		}
	}
	masks, mistakes := mask.Resolve(l.facts, rules, l.source.spec.Masking.Key)
	trial := &trial{
		source: l.source, mistakes: mistakes, proved: mask.Proof{},
		plan: &plan.Plan{Masks: masks, Details: l.facts.Details},
	}
	for _, t := range l.facts.Database.Tables {
		if touched[t] && (masks.Doubtful(t, l.facts.Details, trial.proved) || masks.Feeds(t)) {
			trial.plan.Tables = append(trial.plan.Tables, plan.TablePlan{Table: t})
		}
	}
	if err := trial.withoutRows(ctx); err != nil {
		return nil, err
	}
	if err := trial.withRows(ctx, nil); err != nil {
		return nil, err
	}
	refused := map[string]string{}
	mistakes.Each(func(where string, err error) {
		if _, proposed := all[where]; proposed && refused[where] == "" {
			refused[where] = err.Error()
		}
	})
	return refused, nil
}

// next drops what is refused, and lists the tables that are to be tried anew.
func (all proposals) next(refused map[string]string) map[*catalog.Table]bool {
	touched := map[*catalog.Table]bool{}
	for column, why := range refused {
		p := all[column]
		p.rules = p.rules[1:]
		if len(p.rules) == 0 {
			p.finding.Unfit = why
		}
		for _, other := range all {
			if other.follows(p) {
				touched[other.table] = true
				other.finding.Unfit = p.finding.Unfit
			}
		}
	}
	return touched
}

// finding is what a scan says of a column: its rule, or the one that would do.
func (all proposals) finding(f mask.Finding, rule string) ScanFinding {
	found := ScanFinding{Finding: f, Rule: rule}
	if p := all[f.Column()]; rule == "" && p != nil {
		found.Finding = *p.finding
		found.Suggest, _ = p.rule()
	}
	return found
}

// explain adds to findings why no transformer fits.
func (all proposals) explain(findings []mask.Finding) []mask.Finding {
	explained := slices.Clone(findings)
	for i, f := range explained {
		if p := all[f.Column()]; p != nil {
			explained[i] = *p.finding
		}
	}
	return explained
}

// withoutRule are the findings that nobody has decided about.
func (l *looker) withoutRule(findings []mask.Finding) []*mask.Finding {
	var list []*mask.Finding
	for i, f := range findings {
		t := l.facts.Database.Table(f.Table)
		if t != nil && f.Topic != "" && l.rule(t, f.Name) == "" {
			list = append(list, new(findings[i]))
		}
	}
	return list
}
