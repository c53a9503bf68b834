package subset

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/reference"
)

// References are the references of a source that its schema does not declare,
// and how far they hold. Of the values of rows only those are in it that name
// tables.
type References struct {
	Version    int         `json:"version"` // of this document, 1
	Database   string      `json:"database"`
	References []Reference `json:"references"`
	Nameless   []Nameless  `json:"nameless,omitempty"`
	Notes      []string    `json:"notes,omitempty"` // on what could not be looked at
}

// Reference is one that was tried on some rows.
type Reference struct {
	Reference string `json:"reference"` // as subset.references has it
	Why       string `json:"why"`       // it was thought of
	Rows      int64  `json:"rows"`      // that were tried: they reference something
	Held      int64  `json:"held"`      // what they reference is there
	Holds     bool   `json:"holds"`
	Untried   string `json:"untried,omitempty"` // why

	candidate reference.Candidate
}

// Nameless is a column of names of tables, or of types, some of which are not
// those of tables.
type Nameless struct {
	Column string `json:"column"`
	Values int    `json:"values"` // different ones
}

// holding is the share of rows from which a reference holds: where none is
// enforced some rows outlive what they reference.
const holding = 0.9

// References finds references that the schema does not declare, and tries each
// on some rows of the data. observe may be nil.
func (s *Source) References(ctx context.Context, observe func(done, total int)) (*References, error) {
	declared, err := plan.ResolveReferences(s.Database, s.spec.References)
	if err != nil {
		return nil, err
	}
	known := slices.Concat(s.Database.ForeignKeys, declared)
	d := &detective{source: s, finder: reference.NewFinder(s.Database, known), found: &References{
		Version: 1, Database: s.Database.Name, References: []Reference{},
	}}
	candidates, err := d.candidates(ctx)
	if err != nil {
		return nil, err
	}
	for i, c := range candidates {
		if observe != nil {
			observe(i, len(candidates))
		}
		if err := d.try(ctx, c); err != nil {
			return nil, err
		}
	}
	d.found.settle()
	return d.found, nil
}

// others counts a value of a pair that names no table.
func (f *References) others(p reference.Pair) {
	column := p.Table.Name.Dotted() + "." + p.Type
	if n := len(f.Nameless); n == 0 || f.Nameless[n-1].Column != column {
		f.Nameless = append(f.Nameless, Nameless{Column: column})
	}
	f.Nameless[len(f.Nameless)-1].Values++
}

// note says what could not be looked at, and why.
func (f *References) note(where, why string) { f.Notes = append(f.Notes, where+": "+why) }

// settle keeps of those that the same rows may mean the one that holds best;
// where none holds, all.
func (f *References) settle() {
	best := map[string]*Reference{}
	for i := range f.References {
		r := &f.References[i]
		r.Holds = r.Rows > 0 && r.Share() >= holding
		if b := best[r.rows()]; r.Holds && (b == nil || r.Share() > b.Share()) {
			best[r.rows()] = r
		}
	}
	kept := []Reference{}
	for i := range f.References {
		r := &f.References[i]
		if b := best[r.rows()]; b == nil || b == r {
			kept = append(kept, *r)
		}
	}
	slices.SortStableFunc(kept, func(a, b Reference) int {
		return cmp.Or(strings.Compare(a.candidate.Child.Name.Dotted(), b.candidate.Child.Name.Dotted()),
			strings.Compare(a.candidate.Column, b.candidate.Column))
	})
	f.References = kept
}

// rows says of which rows a reference is, and by which column.
func (r *Reference) rows() string {
	return r.candidate.Child.Name.Dotted() + "." + r.candidate.Column + " when " + r.candidate.When
}

// Share is the part of the rows for which the reference holds.
func (r *Reference) Share() float64 { return float64(r.Held) / float64(max(r.Rows, 1)) }

// Finding says how far the reference holds.
func (r *Reference) Finding() string {
	switch {
	case r.Untried != "":
		return r.Untried
	case r.Rows == 0:
		return "no rows"
	}
	percent := 1000 * r.Held / r.Rows // rounded down: nothing but all is 100 %
	return fmt.Sprintf("%d.%d %% of %s", percent/10, percent%10, document.Number(r.Rows))
}

// Holding lists those that hold.
func (f *References) Holding() []Reference {
	return slices.DeleteFunc(slices.Clone(f.References), func(r Reference) bool { return !r.Holds })
}

// WriteText prints the references for people.
func (f *References) WriteText(w io.Writer) error {
	width := document.Columns(w, document.Unbounded)
	var b strings.Builder
	b.WriteString(document.Prose([]string{fmt.Sprintf("%s: %d of %d likely references that the schema does not "+
		"declare hold", f.Database, len(f.Holding()), len(f.References))}, width))
	if len(f.References) > 0 {
		var g document.Grid
		g.Add("reference", "by", "holds", "of rows")
		for _, r := range f.References {
			verdict := "no"
			if r.Holds {
				verdict = "yes"
			}
			g.Add(r.Reference, r.Why, verdict, r.Finding())
		}
		b.WriteString("\n" + g.Text(width))
	}
	for _, n := range f.Nameless {
		fmt.Fprintf(&b, "\n%s: different values that name no table: %d", n.Column, n.Values)
	}
	for _, note := range f.Notes {
		b.WriteString("\n" + note)
	}
	_, err := io.WriteString(w, document.Tidy(b.String()+"\n"))
	return err
}
