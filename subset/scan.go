package subset

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// Scan says of each column whether it looks as if it held personal data. No
// value of a row is in it.
type Scan struct {
	Version  int                   `json:"version"` // of this document, 1
	Database string                `json:"database"`
	Columns  int                   `json:"columns"`
	Findings []ScanFinding         `json:"findings"`
	Schema   []mask.LiteralFinding `json:"schema,omitempty"` // places of the schema with personal data
	Seen     map[string][]string   `json:"-"`                // the columns of each table
}

// ScanFinding is a column that looks sensitive and what is to become of it.
type ScanFinding struct {
	mask.Finding
	Rule    string    `json:"rule,omitempty"` // that it has, or that one of its foreign key has
	Suggest mask.Rule `json:"-"`              // where it has none; without As when nothing fits
}

// Scan classifies every column by its name, type, comment and some of its
// values.
func (s *Source) Scan(ctx context.Context) (*Scan, error) {
	details, err := catalog.ReadDetails(ctx, s.Leader, s.Database)
	if err != nil {
		return nil, err
	}
	declared, err := plan.ResolveReferences(s.Database, s.spec.References)
	if err != nil {
		return nil, err
	}
	source := mask.Source{
		Database: s.Database, Details: details,
		Keys: append(append([]*catalog.ForeignKey{}, s.Database.ForeignKeys...), declared...),
	}
	rules, mistakes := mask.Resolve(source, s.spec.Masking.Rules, s.spec.Masking.Key)
	passages, err := catalog.ReadPassages(ctx, s.Leader, s.Database.Version)
	if err != nil {
		return nil, fmt.Errorf("read texts of the schema: %w", s.Explain(s.Leader, err))
	}
	scan := &Scan{Version: 1, Database: s.Database.Name, Seen: map[string][]string{}, Findings: []ScanFinding{}}
	scan.Schema, _ = mask.ResolveLiterals(passages, s.spec.Masking.Schema, s.spec.Masking.Key, mistakes)
	if mistakes.Any() {
		return nil, mistakes.Err()
	}
	return scan, scan.look(ctx, s.looker(source, rules))
}

// look adds what is found in the tables, with the rules that columns have or
// should have.
func (c *Scan) look(ctx context.Context, l *looker) error {
	var findings []mask.Finding
	for _, t := range l.facts.Database.Tables {
		if !t.Readable || t.RowSecurity {
			continue
		}
		if columns := copiedColumns(t); len(columns) > 0 {
			c.Columns += len(columns)
			c.Seen[t.Name.Dotted()] = columns
		}
		more, err := l.table(ctx, t)
		if err != nil {
			return fmt.Errorf("scan %s: %w", t.Name.Dotted(), l.source.Explain(l.source.Leader, err))
		}
		findings = append(findings, more...)
		if err := l.source.Rest(ctx); err != nil {
			return l.source.Explain(l.source.Leader, err)
		}
	}
	proposals, err := l.propose(ctx, l.withoutRule(findings))
	if err != nil {
		return fmt.Errorf("try rules: %w", err)
	}
	for _, f := range findings {
		rule := l.rule(l.facts.Database.Table(f.Table), f.Name)
		c.Findings = append(c.Findings, proposals.finding(f, rule))
	}
	return nil
}

// Undecided counts the columns that look sensitive and have no rule.
func (c *Scan) Undecided() int {
	n := 0
	for _, f := range c.Findings {
		if f.Rule == "" {
			n++
		}
	}
	return n
}

// WriteText prints the findings for people.
func (c *Scan) WriteText(w io.Writer) error {
	width := document.Columns(w, document.Unbounded)
	var b strings.Builder
	b.WriteString(document.Prose([]string{fmt.Sprintf("%s: %d of %s columns look sensitive, %d of them without a rule",
		c.Database, len(c.Findings), document.Number(int64(c.Columns)), c.Undecided())}, width))
	if len(c.Findings) > 0 {
		var g document.Grid
		g.Add("column", "looks like", "sure", "why", "rule")
		for _, f := range c.Findings {
			g.Add(f.Column(), f.Topic, fmt.Sprintf("%.0f %%", 100*f.Confidence), f.Reason, f.becomes())
		}
		b.WriteString("\n" + g.Text(width))
	}
	c.describeUnfit(&b)
	c.describeSchema(&b)
	_, err := io.WriteString(w, document.Tidy(b.String()))
	return err
}

// describeUnfit says why columns have no rule that would do.
func (c *Scan) describeUnfit(b *strings.Builder) {
	title := "\nno transformer fits:\n"
	for _, f := range c.Findings {
		if f.Rule == "" && f.Unfit != "" {
			b.WriteString(title + "  " + f.Unfit + "\n")
			title = ""
		}
	}
}

func (c *Scan) describeSchema(b *strings.Builder) {
	if len(c.Schema) == 0 {
		return
	}
	b.WriteString("\nin the schema itself:\n")
	for _, f := range c.Schema {
		decision := f.Rule
		if decision == "" {
			decision = "no rule"
		}
		b.WriteString("  " + f.String() + ": " + decision + "\n")
	}
}

func (f ScanFinding) becomes() string {
	switch {
	case f.Rule != "":
		return f.Rule
	case f.Suggest.As == "":
		return "none fits: write keep, or sql with an expression"
	}
	return "none; " + f.Suggest.String() + " would do"
}
