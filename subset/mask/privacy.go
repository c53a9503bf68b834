package mask

import (
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/hint"
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

// Masking is what a subset is told about the values of columns.
type Masking struct {
	Privacy Privacy // empty means PrivacyOff
	Rules   []Rule
	Key     Key
	Schema  []LiteralRule       // for what the schema itself says
	Fresh   bool                // the key is of this run alone
	Scanned map[string][]string // columns of each schema.table when it was last scanned; nil when it never was
}

// PrivacyReport says how the rows of a subset were treated.
type PrivacyReport struct {
	Level  Privacy  `json:"level"`
	Key    string   `json:"key,omitempty"` // "given" or "fresh", where anything is masked
	Masked []Column `json:"masked,omitempty"`
	// columns, and places of the schema, that look sensitive and are copied as they are
	Unmasked []string `json:"unmasked,omitempty"`

	Schema []LiteralFinding `json:"schema,omitempty"` // places of the schema with personal data, and what became of it
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
	return document.Number(int64(columns)) + " columns"
}

// Lines says what is masked how, one line for each table.
func (p PrivacyReport) Lines() []string {
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
	for _, f := range p.Schema {
		if f.Rule != "" {
			lines = append(lines, "schema: "+f.String()+": "+f.Rule)
		}
	}
	return lines
}

// The levels, the strictest first.
