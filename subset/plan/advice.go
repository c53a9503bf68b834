package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// What is worth a line.
const (
	grown       = 2   // times as many blocks as when ANALYZE last ran
	overflowing = 1.5 // times its target that a table is expected to hold
	noticed     = 20  // rows above the target that are worth a line
	emptyShare  = 0.1 // of its target that a table is expected to hold
	guessed     = 500 // rows of a heap from which on it matters what ANALYZE knows
)

// advise says what the source lacks and what the subset will look like, each
// in one line that names what it is about and what to do.
func (p *Plan) advise(counts catalog.Counts) {
	p.adviseIndexes()
	p.adviseStatistics(counts)
	p.adviseOverflow()
	p.adviseEmpty()
	p.advisePlaces()
}

// adviseIndexes names the indexes that would save a scan: below kept parents
// of a table that is no candidate as a whole, and above the rows of a
// reference that only the configuration knows.
func (p *Plan) adviseIndexes() {
	for i := range p.Tables {
		t := &p.Tables[i]
		for _, k := range t.Driving {
			if t.How == Drive && !k.Indexed {
				p.Warnings = append(p.Warnings, fmt.Sprintf("no index on %s (%s): finding its rows costs a scan; %s",
					t.Table.Name.Dotted(), strings.Join(k.ChildColumns, ", "), createIndex(t.Table, k.ChildColumns)))
			}
		}
	}
	for _, k := range p.ForeignKeys {
		if k.OID == 0 && !hasKey(k.Parent, k.ParentColumns) {
			p.Warnings = append(p.Warnings,
				fmt.Sprintf("no unique index on %s (%s), which %s references: every lookup costs a scan; %s",
					k.Parent.Name.Dotted(), strings.Join(k.ParentColumns, ", "), k.Child.Name.Dotted(),
					createIndex(k.Parent, k.ParentColumns)))
		}
	}
}

// createIndex is the statement for an index that serves a key. That of a
// partition tree cannot be made while others write.
func createIndex(t *catalog.Table, columns []string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = catalog.Quote(c)
	}
	concurrently := " CONCURRENTLY"
	if t.Partitioned {
		concurrently = ""
	}
	return fmt.Sprintf("CREATE INDEX%s ON %s (%s)", concurrently, t.Name, strings.Join(quoted, ", "))
}

func hasKey(t *catalog.Table, columns []string) bool {
	return slices.ContainsFunc(t.Keys, func(k catalog.Key) bool {
		return len(k.Columns) >= len(columns) &&
			!slices.ContainsFunc(k.Columns[:len(columns)], func(c string) bool { return !slices.Contains(columns, c) })
	})
}

// adviseStatistics names tables of which ANALYZE knows nothing, or what long
// is past: the row counts of large ones, and what keys will force, are
// estimated by it.
func (p *Plan) adviseStatistics(counts catalog.Counts) {
	var never, stale []catalog.Name
	for i := range p.Tables {
		for _, h := range p.Tables[i].Table.Heaps {
			switch {
			case counts[h.OID].Rows < guessed:
			case h.Was == 0 && len(h.Statistics) == 0:
				never = append(never, h.Name)
			case h.Pages > catalog.CountedPages && h.Pages > grown*h.Was:
				stale = append(stale, h.Name)
			}
		}
	}
	if len(never) > 0 {
		p.Warnings = append(p.Warnings,
			"never analyzed: "+catalog.ListNames(never)+": what they hold and force is guessed; "+analyze(never))
	}
	if len(stale) > 0 {
		p.Warnings = append(p.Warnings,
			fmt.Sprintf("grown since ANALYZE to more than %d times their size: %s: their rows are guessed; %s", grown,
				catalog.ListNames(stale), analyze(stale)))
	}
}

// analyze is the statement for a few tables, and for the whole database when
// they are many.
func analyze(names []catalog.Name) string {
	const most = 5
	if len(names) > most {
		return "ANALYZE"
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = n.String()
	}
	return "ANALYZE " + strings.Join(quoted, ", ")
}

// adviseOverflow names tables that will hold much more than their target, and
// the key that forces most of it.
func (p *Plan) adviseOverflow() {
	for i := range p.Tables {
		t := &p.Tables[i]
		over := t.Expected.Rows - t.Target
		if float64(t.Expected.Rows) < overflowing*float64(t.Target) || over < noticed || t.Keep.None {
			continue
		}
		k := p.forcing(t)
		if k == nil {
			continue
		}
		p.Advice = append(p.Advice,
			fmt.Sprintf("%s will hold about %s rows for a target of %s: %s forces %s; fewer rows of %s (rows or "+
				"share), or more of %s, balance them",
				t.Table.Name.Dotted(), document.Number(t.Expected.Rows), document.Number(t.Target), k.Name,
				document.Number(k.Forced), k.Child, k.Parent))
	}
}

// forcing is the key that forces most rows of a table.
func (p *Plan) forcing(t *TablePlan) *KeyPlan {
	var above []*KeyPlan
	for i := range p.Keys {
		if k := &p.Keys[i]; k.Parent == t.Table.Name.Dotted() && k.Forced > 0 {
			above = append(above, k)
		}
	}
	if len(above) == 0 {
		return nil
	}
	return slices.MaxFunc(above, func(a, b *KeyPlan) int { return cmp.Compare(a.Forced, b.Forced) })
}

// adviseEmpty names tables that will hold far less than their target, because
// what their rows reference does not fit.
func (p *Plan) adviseEmpty() {
	for i := range p.Tables {
		t := &p.Tables[i]
		if t.Target >= noticed && float64(t.Expected.Rows) < emptyShare*float64(t.Target) {
			p.Advice = append(p.Advice,
				fmt.Sprintf("%s will hold about %s rows for a target of %s, because the rows it references do not "+
					"fit; give those tables more (rows or share)",
					t.Table.Name.Dotted(), document.Number(t.Expected.Rows), document.Number(t.Target)))
		}
	}
}

// advisePlaces names tables without a key.
func (p *Plan) advisePlaces() {
	var keyless []catalog.Name
	for i := range p.Tables {
		t := &p.Tables[i]
		if t.How != Nothing && t.How != Every && len(t.Table.Keys) == 0 {
			keyless = append(keyless, t.Table.Name)
		}
	}
	if len(keyless) > 0 {
		p.Advice = append(p.Advice,
			"without a primary key: "+catalog.ListNames(keyless)+
				": rows are chosen by position, so that an UPDATE or a VACUUM FULL changes which; add a primary key")
	}
}
