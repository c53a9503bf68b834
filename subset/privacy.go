package subset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

// Privacy says what happens to columns that look sensitive and have no rule.
type Privacy string

// The levels, the strictest first.
const (
	PrivacyStrict Privacy = "strict" // stop before a row is read
	PrivacyWarn   Privacy = "warn"   // copy, and say so
	PrivacyOff    Privacy = "off"    // copy; rules hold all the same
)

// ParsePrivacy reads a level.
func ParsePrivacy(text string) (Privacy, error) {
	p := Privacy(text)
	if !slices.Contains([]Privacy{PrivacyStrict, PrivacyWarn, PrivacyOff}, p) {
		return "", hint.Usage(fmt.Errorf("unknown privacy level %q", text), "choose strict, warn or off")
	}
	return p, nil
}

// Masking is what Spec says about the values of columns.
type Masking struct {
	Privacy Privacy // empty means PrivacyOff
	Rules   []mask.Rule
	Key     mask.Key
	Fresh   bool                // the key is of this run alone
	Scanned map[string][]string // columns of each schema.table when it was last scanned; nil when it never was
}

// PrivacyReport says how the rows of a subset were treated.
type PrivacyReport struct {
	Level    Privacy       `json:"level"`
	Key      string        `json:"key,omitempty"` // "given" or "fresh", where anything is masked
	Masked   []mask.Column `json:"masked,omitempty"`
	Unmasked []string      `json:"unmasked,omitempty"` // columns that look sensitive and are copied as they are
}

// SensitiveError is the refusal to read rows: columns look sensitive, and
// nobody has said what is to become of them.
type SensitiveError struct{ Findings []mask.Finding }

func (e *SensitiveError) Error() string {
	var b strings.Builder
	b.WriteString("columns without a rule of what is to become of them:")
	for _, f := range e.Findings {
		b.WriteString("\n  " + f.String())
	}
	return b.String()
}

// mask resolves the rules, and stops where the level of privacy says so. It
// reads no row before it has decided that.
func (s *Source) mask(ctx context.Context, p *Plan) error {
	m := s.spec.Masking
	p.Privacy = PrivacyReport{Level: m.Privacy}
	gated := m.Privacy == PrivacyStrict || m.Privacy == PrivacyWarn
	if len(m.Rules) == 0 && !gated {
		return nil
	}
	details, err := catalog.ReadDetails(ctx, s.leader, s.db)
	if err != nil {
		return err
	}
	if p.masks, err = mask.Resolve(mask.Source{Database: s.db, Details: details, Keys: p.keys}, m.Rules, m.Key); err != nil {
		return err
	}
	p.describeMasks(m)
	if gated {
		if err := s.gate(p, details); err != nil {
			return err
		}
	}
	return s.probe(ctx, p, details)
}

func (p *Plan) describeMasks(m Masking) {
	p.Privacy.Masked = p.masks.Columns
	if len(p.masks.Columns) > 0 {
		p.Privacy.Key = "given"
		if m.Fresh {
			p.Privacy.Key = "fresh"
		}
	}
}

// gate finds what looks sensitive and has no rule.
func (s *Source) gate(p *Plan, details *catalog.Details) error {
	findings := mask.Unruled(s.db, details, s.spec.Masking.Rules, p.masks, s.spec.Masking.Scanned)
	findings = slices.DeleteFunc(findings, func(f mask.Finding) bool { return !p.copies(f.Table) })
	if len(findings) == 0 {
		return nil
	}
	if p.Privacy.Level == PrivacyStrict {
		return hint.Usage(&SensitiveError{findings}, "offshoot mask scan --write adds rules to offshoot.yaml; keep is a rule too; --privacy warn copies them as they are, this once")
	}
	for _, f := range findings {
		p.Privacy.Unmasked = append(p.Privacy.Unmasked, f.Column())
		p.Warnings = append(p.Warnings, f.String()+": copied as it is")
	}
	return nil
}

// copies reports whether rows of the table may be copied.
func (p *Plan) copies(table string) bool {
	return slices.ContainsFunc(p.Tables, func(t TablePlan) bool { return t.Schema+"."+t.Name == table })
}

// probed is how many rows of a table are masked before the run, to see
// whether the outcome fits its types and CHECK constraints.
const probed = 200

// probe masks some rows of each table and has the source say whether it would
// take them.
func (s *Source) probe(ctx context.Context, p *Plan, details *catalog.Details) error {
	var errs []error
	for i := range p.Tables {
		t := p.Tables[i].table
		if p.masks.Masks(t) {
			errs = append(errs, s.probeTable(ctx, p.masks, t, details))
		}
	}
	return errors.Join(errs...)
}

func (s *Source) probeTable(ctx context.Context, masks *mask.Plan, t *catalog.Table, details *catalog.Details) error {
	columns := copiedColumns(t)
	sql := fmt.Sprintf("COPY (SELECT %s FROM %s LIMIT %d) TO STDOUT", strings.Join(masks.Expressions(t, columns), ", "), from(t), probed)
	var raw bytes.Buffer
	if err := s.tentative(ctx, func() error {
		_, err := s.leader.PgConn().CopyTo(ctx, &raw, sql)
		return err
	}); err != nil {
		return refused(masks, t, "", err)
	}
	masked, err := masks.Block(t, columns, raw.Bytes())
	if err != nil {
		return fmt.Errorf("mask %s: %w", dotted(t.Name), err)
	}
	if len(masked) == 0 {
		return nil
	}
	for _, part := range masks.Probes(t, columns, masked, details) {
		var holds bool
		err := s.tentative(ctx, func() error {
			return s.leader.QueryRow(ctx, part.SQL, part.Values...).Scan(&holds)
		})
		switch {
		case err != nil:
			return refused(masks, t, "", err)
		case !holds:
			return refused(masks, t, part.Check, nil)
		}
	}
	return nil
}

func from(t *catalog.Table) string {
	if t.Partitioned {
		return t.Name.String()
	}
	return "ONLY " + t.Name.String()
}

// tentative runs statements that may fail in a savepoint, so that the
// snapshot outlives them.
func (s *Source) tentative(ctx context.Context, do func() error) error {
	if _, err := s.leader.Exec(ctx, "SAVEPOINT tentative"); err != nil {
		return err
	}
	if err := do(); err != nil {
		_, undo := s.leader.Exec(ctx, "ROLLBACK TO SAVEPOINT tentative; RELEASE SAVEPOINT tentative")
		return errors.Join(err, undo)
	}
	_, err := s.leader.Exec(ctx, "RELEASE SAVEPOINT tentative")
	return err
}

// refused says which rules do not fit a table. What PostgreSQL says of a
// value is left out but for its code: the value may be a person's.
func refused(masks *mask.Plan, t *catalog.Table, check string, err error) error {
	var pg *pgconn.PgError
	what := "the CHECK constraint " + check + " does not hold for masked rows"
	switch {
	case errors.As(err, &pg) && (strings.HasPrefix(pg.Code, "42") || strings.HasPrefix(pg.Code, "0A")):
		what = "an expression is wrong: " + pg.Message
	case errors.As(err, &pg):
		what = "masked values do not fit the type of a column"
		if pg.ConstraintName != "" {
			what = "masked values break the constraint " + pg.ConstraintName + " of a domain"
		}
		what += " (SQLSTATE " + pg.Code + ")"
	case err != nil:
		return err
	}
	return hint.Usage(fmt.Errorf("%smask: %s: %s", masks.Place(t), dotted(t.Name), what), "masked there: %s", strings.Join(masks.Of(t), ", "))
}

// String says in one line how values were treated.
func (p PrivacyReport) String() string {
	text := "privacy " + string(p.Level) + ", "
	switch {
	case len(p.Masked) == 0:
		text += "no column is masked"
	case p.Key == "fresh":
		text += counted(len(p.Masked)) + " masked with a key of this run alone"
	default:
		text += counted(len(p.Masked)) + " masked"
	}
	if n := len(p.Unmasked); n > 0 {
		text += ", " + counted(n) + " copied that looked sensitive"
	}
	return text
}

func counted(columns int) string {
	if columns == 1 {
		return "1 column"
	}
	return number(int64(columns)) + " columns"
}

// lines says what is masked how, one line for each table.
func (p PrivacyReport) lines() []string {
	if p.Level == "" {
		return nil
	}
	lines := []string{p.String()}
	for i := 0; i < len(p.Masked); {
		table := p.Masked[i].Table
		var columns []string
		for ; i < len(p.Masked) && p.Masked[i].Table == table; i++ {
			columns = append(columns, p.Masked[i].Name+" ("+p.Masked[i].How+")")
		}
		lines = append(lines, "masked: "+table+": "+strings.Join(columns, ", "))
	}
	return lines
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
	if r.plan.masks == nil {
		return plain{w}
	}
	return r.plan.masks.Writer(h.Table, columns, w)
}

type plain struct{ io.Writer }

// Close has nothing to write.
func (plain) Close() error { return nil }
