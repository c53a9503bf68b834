package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// Subset is the part about what to keep.
type Subset struct {
	Curve      plan.Curve
	Mode       plan.Mode
	Tables     map[string]plan.Rule
	Roots      []plan.Root
	References []string
	Skip       []string // extensions
	Load       plan.Load
	Disk       plan.Disk

	On      string // ProviderEC2, or empty: this computer
	Machine SubsetMachine
}

func (s *Subset) fields() []field {
	return []field{
		{
			name: "curve", value: curve(&s.Curve),
			about:  "two points, source rows: kept rows; a straight line between them on log-log axes",
			absent: "`{10: 3, 1000000: 10000}`",
		},
		{
			name: "mode", value: mode(&s.Mode),
			about: "what counts where both cannot hold: the row targets (`curve`), or every child of a kept row " +
				"(`family`); " +
				"see [Subsets](subset.md#whole-families-and-roots); `--mode` wins over it",
			absent: "`curve`",
		},
		{
			name: "tables", value: ofTables(s.table),
			about:  "`all`, `none`, or any of `rows`, `share` (0 to 1) and `where` (an SQL condition on the table)",
			absent: "the curve",
		},
		{
			name: "roots", value: ofTables(s.root),
			about: "an SQL condition, or several: those rows and everything that belongs to them are kept; " +
				"`--root` adds to it",
			absent: "none",
		},
		{
			name: "references", value: texts(&s.References),
			about: "foreign keys that the schema does not declare: " +
				"`schema.child.column -> schema.parent.column [when condition]`; the condition is SQL on the child, " +
				"whose column may be text (or a domain over it) with the parent's bigint or uuid in it",
			absent: "none",
		},
		{
			name: "extensions", value: entries("<name>", s.extension),
			about: "`skip` leaves an extension out that the target refuses and no object needs, such as " +
				"`pg_stat_statements`",
			absent: "all; one that nothing depends on is left out where the target refuses it",
		},
		{
			name: "max_load", value: within(&s.Load.Sessions, 1, 10000),
			about: "reading pauses while more than this many sessions of others are active in the source; " +
				"`--max-load` wins over it; the role needs `pg_read_all_stats`",
			absent: "no limit",
		},
		{
			name: "max_lag", value: duration(&s.Load.Lag),
			about: "reading pauses while a standby of the source, or the source itself where it is one, is further " +
				"behind, such as `10s`; `--max-lag` wins over it",
			absent: "no limit",
		},
		{
			name: "disk", value: disk(&s.Disk),
			about: "how fast the source reads what is not in its memory: `{reads: 3000, rate: 125MB}`, random reads " +
				"and bytes a second, or `memory`; decides how rows are read, never which are kept",
			absent: "measured when a run begins; `--plan` shows it",
		},
		{
			name: "on", value: on(&s.On),
			about: "`ec2` has subsets made by a [machine beside the source](ec2.md#a-subset-made-beside-the-source); " +
				"`--on` wins over it",
			absent: "this computer",
		},
		{name: "machine", value: section(s.Machine.fields()), about: "that machine"},
	}
}

// ofTables reads a mapping by tables with their schemas.
func ofTables(of func(table string) value) value {
	v := entries("<schema.table>", of)
	return v.as(v.schema.named(&schema{Pattern: `\.`}))
}

func curve(into *plan.Curve) value {
	points := map[string]*schema{"^[0-9]+$": rowCount()}
	known := &schema{Type: "object", Least: 2, Most: 2, ByPattern: points, Further: false}
	return value{schema: known, read: func(d *decoder, n node, where string) {
		points := map[int64]int64{}
		d.pairs(n, where, func(key, value node) {
			var from, kept int64
			if d.integer(key, where, &from) && d.integer(value, fmt.Sprintf("%s.%d", where, from), &kept) {
				points[from] = kept
			}
		})
		if d.failedSince(n) {
			return
		}
		made, err := plan.NewCurve(points)
		if err != nil {
			d.wrap(n, err)
			return
		}
		*into = made
	}}
}

// rowCount is a number of rows or pages, for editors.
func rowCount() *schema { return orVariable(&schema{Type: "integer", Minimum: bound[int64](1)}) }

func mode(into *plan.Mode) value {
	return value{schema: words("curve", "family"), read: func(d *decoder, n node, where string) {
		name, ok := d.scalar(n, where, "text")
		if !ok {
			return
		}
		m, err := plan.ParseMode(name)
		if err != nil {
			d.problem(n, fmt.Sprintf("%s: %v", where, err), strings.Join(hint.Of(err), "; "))
		}
		*into = m
	}}
}

// root reads the condition, or several, for rows of a table.
func (s *Subset) root(table string) value {
	return value{schema: refer("texts"), read: func(d *decoder, n node, where string) {
		var conditions []string
		texts(&conditions).read(d, n, where)
		for _, condition := range conditions {
			s.Roots = append(s.Roots, plan.Root{Table: table, Where: condition})
		}
	}}
}

// extension reads "skip".
func (s *Subset) extension(name string) value {
	return value{schema: words("skip"), read: func(d *decoder, n node, where string) {
		switch word, ok := d.scalar(n, where, "text"); {
		case !ok:
		case word == "skip":
			s.Skip = append(s.Skip, name)
		default:
			d.problem(n, where+": not skip", "an extension that is not listed is taken along")
		}
	}}
}

// table reads "all", "none" or {where, rows, share}.
func (s *Subset) table(name string) value {
	rule := objectOf(ruleFields(&plan.Rule{}))
	rule.Type = "object"
	known := anyOf(&schema{Enum: []string{"all", "none"}}, refer("variable"), rule)
	return value{schema: known, read: func(d *decoder, n node, where string) {
		rule, ok := decodeRule(d, n, where)
		if !ok {
			return
		}
		if !strings.Contains(name, ".") {
			d.problem(n, fmt.Sprintf("%s: table without its schema", where), fmt.Sprintf("write public.%s", name))
			return
		}
		if s.Tables == nil {
			s.Tables = map[string]plan.Rule{}
		}
		s.Tables[name] = rule
	}}
}

func ruleFields(rule *plan.Rule) []field {
	return []field{
		{name: "where", value: text(&rule.Where), about: "SQL condition on the rows to sample"},
		{name: "rows", value: rows(&rule.Rows), about: "this many rows instead of the curve's"},
		{name: "share", value: share(&rule.Share), about: "this share of the rows instead of the curve's"},
	}
}

func rows(into *int64) value {
	return value{schema: rowCount(), read: func(d *decoder, n node, where string) {
		if d.integer(n, where, into) && *into < 1 {
			d.problem(n, fmt.Sprintf("%s: %d is not a number of rows", where, *into), "use none to keep no row")
		}
	}}
}

func share(into *float64) value {
	known := orVariable(&schema{Type: "number", Above: bound(0.0), Maximum: bound(1.0)})
	return value{schema: known, read: func(d *decoder, n node, where string) {
		value, ok := d.scalar(n, where, "a number between 0 and 1")
		if !ok {
			return
		}
		share, err := strconv.ParseFloat(value, 64)
		if err != nil || !(share > 0 && share <= 1) {
			d.problem(n, where+": not a share", "a share lies above 0 and is at most 1")
			return
		}
		*into = share
	}}
}

func decodeRule(d *decoder, n node, where string) (rule plan.Rule, ok bool) {
	if n.isMapping() {
		d.mapping(n, where, ruleFields(&rule))
		if rule.Rows > 0 && rule.Share > 0 {
			d.problem(n, where+": rows and share", "keep one of them")
		}
		return rule, !d.failedSince(n)
	}
	value, ok := d.scalar(n, where, "all, none or {where, rows, share}")
	switch {
	case !ok:
		return rule, false
	case value == "all":
		return plan.Rule{All: true}, true
	case value == "none":
		return plan.Rule{None: true}, true
	}
	d.problem(n, where+": not all, none or {where, rows, share}", "")
	return rule, false
}

// Spec returns what the configuration asks to keep of a source.
func (c *Config) Spec(source string) plan.Spec {
	return plan.Spec{
		URL: source, Curve: c.Subset.Curve, Mode: c.Subset.Mode,
		Tables: c.Subset.Tables, Roots: c.Subset.Roots, References: c.Subset.References,
		Skip: c.Subset.Skip, Load: c.Subset.Load, Disk: c.Subset.Disk,
	}
}
