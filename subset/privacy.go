package subset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// SensitiveError is the refusal to read rows: columns, or places of the
// schema, look sensitive, and nobody has said what is to become of them.
type SensitiveError struct {
	Findings []mask.Finding
	Schema   []mask.LiteralFinding
}

func (e *SensitiveError) Error() string {
	var b strings.Builder
	if len(e.Findings) > 0 {
		b.WriteString("sensitive-looking columns without a masking rule:")
	}
	for _, f := range e.Findings {
		b.WriteString("\n  " + f.String())
	}
	if len(e.Schema) > 0 {
		b.WriteString(strings.Repeat("\n", min(len(e.Findings), 1)) +
			"sensitive-looking places of the schema without a rule:")
	}
	for _, f := range e.Schema {
		b.WriteString("\n  " + f.String())
	}
	return b.String()
}

// mask resolves the rules, and stops where the level of privacy says so.
// Before that it reads no rows but some that it looks at; where a rule is
// wrong, it still looks for what else is, without the columns that nobody has
// decided about.
func (s *Source) mask(ctx context.Context, p *plan.Plan) error {
	m := s.spec.Masking
	p.Privacy = mask.PrivacyReport{Level: m.Privacy}
	gated := m.Privacy == mask.PrivacyStrict || m.Privacy == mask.PrivacyWarn
	if len(m.Rules) == 0 && len(m.Schema) == 0 && !gated {
		return nil
	}
	details, err := catalog.ReadDetails(ctx, s.Leader, s.Database)
	if err != nil {
		return err
	}
	facts := mask.Source{Database: s.Database, Details: details, Keys: p.ForeignKeys}
	masks, mistakes := mask.Resolve(facts, m.Rules, m.Key)
	p.Masks, p.Details = masks, details
	passages, err := catalog.ReadPassages(ctx, s.Leader, s.Database.Version)
	if err != nil {
		return fmt.Errorf("read texts of the schema: %w", s.Explain(s.Leader, err))
	}
	p.Privacy.Schema, p.Rewrite = mask.ResolveLiterals(passages, m.Schema, m.Key, mistakes)
	trial := &trial{source: s, plan: p, mistakes: mistakes, proved: mask.Proof{}}
	if err := trial.withoutRows(ctx); err != nil {
		return err
	}
	var undecided *SensitiveError
	if gated {
		if undecided, err = s.gate(ctx, p, facts); err != nil {
			return err
		}
	}
	if undecided == nil || mistakes.Any() {
		if err := trial.withRows(ctx, undecided.columns()); err != nil {
			return err
		}
	}
	p.Proved = trial.proved
	p.DescribeMasks(m)
	return errors.Join(mistakes.Err(), undecided.refusal())
}

// gate finds what looks sensitive and has no rule; nil when rows may be read.
func (s *Source) gate(ctx context.Context, p *plan.Plan, facts mask.Source) (*SensitiveError, error) {
	findings, err := s.undecided(ctx, p, facts)
	if err != nil {
		return nil, err
	}
	literals := slices.DeleteFunc(slices.Clone(p.Privacy.Schema),
		func(f mask.LiteralFinding) bool { return f.Rule != "" })
	if len(findings)+len(literals) == 0 {
		return nil, nil
	}
	if p.Privacy.Level == mask.PrivacyStrict {
		looker := s.looker(facts, p.Masks)
		proposals, err := looker.propose(ctx, looker.withoutRule(findings))
		if err != nil {
			return nil, fmt.Errorf("try rules: %w", err)
		}
		return &SensitiveError{proposals.explain(findings), literals}, nil
	}
	for _, f := range findings {
		p.Leave(f.Column(), f.String())
	}
	for _, f := range literals {
		p.Leave(f.Place, f.String())
	}
	return nil, nil
}

// undecided lists the columns that look sensitive and have no rule. Before the
// first scan it looks at values as a scan does; after it, in some rows, for
// copies of what is masked.
func (s *Source) undecided(ctx context.Context, p *plan.Plan, facts mask.Source) ([]mask.Finding, error) {
	m := s.spec.Masking
	findings := mask.Unruled(facts, m.Rules, p.Masks, m.Scanned)
	findings = slices.DeleteFunc(findings, func(f mask.Finding) bool { return !p.Copies(f.Table) })
	looker := s.looker(facts, p.Masks)
	look := looker.table
	switch {
	case m.Scanned == nil:
	case p.Privacy.Level == mask.PrivacyStrict && len(findings) > 0:
		return findings, nil
	default:
		look = looker.copies
	}
	for i := range p.Tables {
		t := p.Tables[i].Table
		more, err := look(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("look at values of %s: %w", t.Name.Dotted(), s.Explain(s.Leader, err))
		}
		findings = slices.AppendSeq(findings, looker.unknown(t, more, findings))
		if err := s.Rest(ctx); err != nil {
			return nil, s.Explain(s.Leader, err)
		}
	}
	return inOrder(findings, p), nil
}

// inOrder sorts findings by table, and by column as the table has them.
func inOrder(findings []mask.Finding, p *plan.Plan) []mask.Finding {
	at := map[string]int{}
	for i := range p.Tables {
		for n, c := range p.Tables[i].Table.Columns {
			at[p.Tables[i].Table.Name.Dotted()+"."+c.Name] = n
		}
	}
	slices.SortStableFunc(findings, func(a, b mask.Finding) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(at[a.Column()], at[b.Column()]))
	})
	return findings
}

// columns are the full names of those that nobody has decided about.
func (e *SensitiveError) columns() map[string]bool {
	names := map[string]bool{}
	if e != nil {
		for _, f := range e.Findings {
			names[f.Column()] = true
		}
	}
	return names
}

func (e *SensitiveError) refusal() error {
	if e == nil {
		return nil
	}
	unfit := 0
	for _, f := range e.Findings {
		if f.Unfit != "" {
			unfit++
		}
	}
	const (
		scan   = "offshoot mask scan --write adds rules to offshoot.yaml"
		decide = "write under mask what becomes of columns that no transformer fits: keep, or {as: sql, value: …} " +
			"with an expression that the constraint takes"
		warn = "; --privacy warn copies them as they are, this once"
	)
	switch {
	case unfit == 0:
		return hint.Usage(e, scan+"; keep is a rule too"+warn)
	case unfit == len(e.Findings) && len(e.Schema) == 0:
		return hint.Usage(e, decide+warn)
	}
	return hint.Usage(e, scan+"; "+decide+warn)
}

// privacy is what is written into the target.
func (r *run) privacy() string {
	if r.src.spec.Masking.Privacy == "" {
		return ""
	}
	return r.plan.Privacy.String()
}

// masked is where rows of a heap are written to on their way to the sink.
func (r *run) masked(h *catalog.Heap, columns []string, w io.Writer) io.WriteCloser {
	if r.plan.Masks == nil {
		return plain{w}
	}
	return r.plan.Masks.Writer(h.Table, columns, w)
}

type plain struct{ io.Writer }

// Close has nothing to write.
func (plain) Close() error { return nil }
