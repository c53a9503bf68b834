package subset

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

// looker finds columns that look sensitive, by all that they show and some of
// their values. No value is in what it finds.
type looker struct {
	source     *Source
	facts      mask.Source
	plan       *mask.Plan
	classifier *mask.Classifier
}

func (s *Source) looker(facts mask.Source, p *mask.Plan) *looker {
	return &looker{source: s, facts: facts, plan: p, classifier: mask.NewClassifier()}
}

// rule is what becomes of a column in the words of its rule; empty without one.
func (l *looker) rule(t *catalog.Table, column string) string {
	return l.plan.RuleOf(t, column, l.source.spec.Masking.Rules)
}

// table lists the columns of a table that look sensitive, with a rule or
// without: by themselves, as the words of others, or as copies of others.
func (l *looker) table(ctx context.Context, t *catalog.Table) ([]mask.Finding, error) {
	columns := copiedColumns(t)
	raw, err := l.source.samples(ctx, t, columns, l.facts.Details)
	if err != nil {
		return nil, err
	}
	samples := mask.Values(raw, len(columns))
	rows := int64(bytes.Count(raw, []byte("\n")))
	sensitive := l.plan.Masked(t)
	var findings []mask.Finding
	for i, name := range columns {
		look := l.facts.LookAt(t, name)
		if look.Samples, err = l.enough(ctx, t, look, samples[i], rows); err != nil {
			return nil, err
		}
		if f, ok := l.classifier.Classify(look); ok {
			findings = append(findings, f)
			if l.rule(t, name) == "" {
				sensitive[name] = f.As
			}
		}
	}
	open := l.plan.Open(t, l.source.spec.Masking.Rules, sensitive)
	words := mask.Words(t, l.facts.Details, open, sensitive)
	open = slices.DeleteFunc(open, func(name string) bool {
		return slices.ContainsFunc(words, func(f mask.Finding) bool { return f.Name == name })
	})
	findings = append(findings, words...)
	return append(findings, mask.Copies(t, l.facts.Details, columns, raw, open, sensitive)...), nil
}

// copies finds columns that give away what others of their rows held before it
// was masked.
func (l *looker) copies(ctx context.Context, t *catalog.Table) ([]mask.Finding, error) {
	masked := l.plan.Masked(t)
	open := l.plan.Open(t, l.source.spec.Masking.Rules, masked)
	if len(masked) == 0 || len(open) == 0 {
		return nil, nil
	}
	columns := copiedColumns(t)
	raw, err := l.source.samples(ctx, t, columns, l.facts.Details)
	if err != nil {
		return nil, err
	}
	return mask.Copies(t, l.facts.Details, columns, raw, open, masked), nil
}

// unknown are findings of columns of a table without a rule that are not among
// those that there are already.
func (l *looker) unknown(t *catalog.Table, more, findings []mask.Finding) iter.Seq[mask.Finding] {
	return func(yield func(mask.Finding) bool) {
		for _, f := range more {
			known := func(o mask.Finding) bool { return o.Column() == f.Column() }
			if l.rule(t, f.Name) == "" && !slices.ContainsFunc(findings, known) && !yield(f) {
				return
			}
		}
	}
}

// scanned is how many rows of a table, or values of a column, are looked at.
const scanned = 500

// fewValues is how many values of a column the rows must have shown; of
// columns with less, more are looked for.
const fewValues = 50

// enough adds values of a column that is NULL in most of the rows.
func (l *looker) enough(
	ctx context.Context, t *catalog.Table, look mask.Look, samples []string, rows int64,
) ([]string, error) {
	all := rows < atMost(t, scanned) && sampling(t, scanned) == whole
	if len(samples) >= fewValues || all || !mask.Telling(look.Type) || l.rule(t, look.Name) != "" {
		return samples, nil
	}
	var raw bytes.Buffer
	sql := fmt.Sprintf("COPY (SELECT %s FROM %s%s WHERE NOT (%s IS NULL) LIMIT %d) TO STDOUT",
		mask.Sampled(look.Name, l.facts.Details.Columns[t][look.Name]), from(t), blocks(t, mostBlocks),
		catalog.Quote(look.Name), atMost(t, scanned))
	if _, err := l.source.Leader.PgConn().CopyTo(ctx, &raw, sql); err != nil {
		return nil, err
	}
	if more := mask.Values(raw.Bytes(), 1)[0]; len(more) > len(samples) {
		return more, nil
	}
	return samples, nil
}

// samples reads some rows in COPY text format from all over a table, the begin
// and the end of long values.
func (s *Source) samples(
	ctx context.Context, t *catalog.Table, columns []string, details *catalog.Details,
) ([]byte, error) {
	if len(columns) == 0 {
		return nil, nil
	}
	list := make([]string, len(columns))
	for i, name := range columns {
		list[i] = mask.Sampled(name, details.Columns[t][name])
	}
	var raw bytes.Buffer
	rows := atMost(t, scanned)
	sql := fmt.Sprintf("COPY (SELECT %s FROM %s%s LIMIT %d) TO STDOUT",
		strings.Join(list, ", "), from(t), sampling(t, rows), rows)
	_, err := s.Leader.PgConn().CopyTo(ctx, &raw, sql)
	return raw.Bytes(), err
}

const (
	whole      = ""     // no sample: all rows
	fewBlocks  = 100    // of a table are read where a few rows will do
	mostBlocks = 10_000 // where values are rare: 80 MB
)

// sampling has about so many rows taken from all over a table.
func sampling(t *catalog.Table, rows int64) string {
	known, was, pages := extent(t)
	if known <= 2*rows {
		return blocks(t, fewBlocks)
	}
	if pages <= fewBlocks {
		return fmt.Sprintf(" TABLESAMPLE BERNOULLI (%.3g) REPEATABLE (1)", min(100, 200*float64(rows)/float64(known)))
	}
	// Of each block every so manieth row, so that the limit is not met in the
	// first blocks.
	every := known / max(was, 1) * fewBlocks / rows
	if every < 2 {
		return blocks(t, fewBlocks)
	}
	return blocks(t, fewBlocks) +
		fmt.Sprintf(" WHERE ((ctid::pg_catalog.text::pg_catalog.point)[1])::pg_catalog.int8 OPERATOR(pg_catalog.%%) %d"+
			" OPERATOR(pg_catalog.=) 0", every)
}

// extent is the rows of a table when it was last analyzed, its blocks then,
// and its blocks as of now.
func extent(t *catalog.Table) (rows, was, pages int64) {
	for _, h := range t.Heaps {
		rows += int64(max(h.Rows, 0))
		was += h.Was
		pages += h.Pages
	}
	return rows, was, pages
}

// blocks samples so many blocks from all over a larger table.
func blocks(t *catalog.Table, most int64) string {
	_, _, pages := extent(t)
	if pages <= most {
		return whole
	}
	return fmt.Sprintf(" TABLESAMPLE SYSTEM (%g) REPEATABLE (1)", max(100*float64(most)/float64(pages), 0.0001))
}
