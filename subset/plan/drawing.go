package plan

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/offshoot-dev/offshoot/internal/document"
)

// Drawing is a plan or a report as a graph: tables as large as the rows that
// are kept of them, and an arrow from child to parent for each way that rows
// reference, as thick as the rows that it forces.
type Drawing struct {
	Title  string
	Tables []DrawnTable
	arrows []Arrow
}

// DrawnTable is a table of a drawing, and how much of it is kept.
type DrawnTable struct {
	Schema, Name     string
	Kept, Of, Target int64
	Estimated        bool
}

// Arrow leads from a child to its parent.
type Arrow struct {
	child, parent int // positions in tables
	Names         []string
	Columns       []string
	Forced        int64
	Loose         bool // not what PostgreSQL holds to be true of every row
}

// WriteMermaid draws the plan for a page that renders Mermaid, such as a pull
// request.
func (p *Plan) WriteMermaid(w io.Writer) error { return p.drawing().WriteMermaid(w) }

// WriteDOT draws the plan for Graphviz.
func (p *Plan) WriteDOT(w io.Writer) error { return p.drawing().WriteDOT(w) }

func (p *Plan) drawing() *Drawing {
	d := &Drawing{Title: fmt.Sprintf("%s: about %s of %s rows", p.Database, document.Number(p.Expected.Rows),
		document.Number(p.SourceRows))}
	for i := range p.Tables {
		t := &p.Tables[i]
		d.Tables = append(d.Tables, DrawnTable{t.Schema, t.Name, t.Expected.Rows, t.Rows, t.Target, t.Estimated})
	}
	for i := range p.Keys {
		k := &p.Keys[i]
		d.Connect(k.Child, k.Parent,
			Arrow{Names: []string{k.Name}, Columns: k.Columns, Forced: k.Forced, Loose: !k.Validated})
	}
	return d
}

// Connect adds an arrow. Keys that differ only in the partitions they cover
// share one.
func (d *Drawing) Connect(child, parent string, a Arrow) {
	a.child, a.parent = d.find(child), d.find(parent)
	if a.child < 0 || a.parent < 0 {
		return
	}
	for i := range d.arrows {
		b := &d.arrows[i]
		if b.child == a.child && b.parent == a.parent && b.Loose == a.Loose && slices.Equal(b.Columns, a.Columns) {
			b.Names = append(b.Names, a.Names...)
			b.Forced += a.Forced
			return
		}
	}
	d.arrows = append(d.arrows, a)
}

func (d *Drawing) find(name string) int {
	return slices.IndexFunc(d.Tables, func(t DrawnTable) bool { return t.Schema+"."+t.Name == name })
}

// schemas is the schemas in order of their names.
func (d *Drawing) schemas() []string {
	var names []string
	for _, t := range d.Tables {
		names = append(names, t.Schema)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (t *DrawnTable) rows() string {
	return document.Number(t.Kept) + " of " + document.About(t.Of, t.Estimated)
}

// magnitude grows by one with each digit of a number of rows.
func magnitude(rows int64) float64 { return math.Log10(float64(max(rows, 0)) + 1) }

// WriteDOT writes the drawing for Graphviz.
func (d *Drawing) WriteDOT(w io.Writer) error {
	var b strings.Builder
	b.WriteString("digraph subset {\n")
	fmt.Fprintf(&b, "  graph [label=%s, labelloc=t, rankdir=LR, fontname=\"sans-serif\"]\n", quoteDOT(d.Title))
	b.WriteString("  node [shape=box, style=\"rounded,filled\", fillcolor=\"#e8f1e4\", color=\"#5b7f4f\", " +
		"fontname=\"sans-serif\"]\n")
	b.WriteString("  edge [color=\"#777777\", fontname=\"sans-serif\", fontsize=10]\n")
	for n, schema := range d.schemas() {
		fmt.Fprintf(&b, "  subgraph cluster_%d {\n    label=%s; color=\"#bbbbbb\"\n", n, quoteDOT(schema))
		for i := range d.Tables {
			t := &d.Tables[i]
			if t.Schema != schema {
				continue
			}
			size := magnitude(t.Kept)
			fmt.Fprintf(&b, "    t%d [label=%s, width=%.2f, height=%.2f, fontsize=%.1f%s]\n", i,
				quoteDOT(t.Name+"\n"+t.rows()),
				0.8+0.5*size, 0.4+0.25*size, 9+3*size, t.shadeDOT())
		}
		b.WriteString("  }\n")
	}
	for i := range d.arrows {
		d.arrows[i].writeDOT(&b)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// shadeDOT marks tables that hold nothing, or far more than their target.
func (t *DrawnTable) shadeDOT() string {
	switch {
	case t.Kept == 0:
		return `, fillcolor="#f4f4f4", color="#aaaaaa"`
	case t.overflows():
		return `, fillcolor="#fbe3c8", color="#b87333"`
	}
	return ""
}

func (t *DrawnTable) overflows() bool {
	return t.Kept-t.Target >= noticed && float64(t.Kept) >= overflowing*float64(t.Target)
}

func (a *Arrow) writeDOT(b *strings.Builder) {
	fmt.Fprintf(b, "  t%d -> t%d [tooltip=%s, penwidth=%.2f", a.child, a.parent, quoteDOT(strings.Join(a.Names, "\n")),
		1+magnitude(a.Forced))
	if a.Forced > 0 {
		fmt.Fprintf(b, ", label=%s", quoteDOT(document.Number(a.Forced)))
	}
	if a.Loose {
		b.WriteString(", style=dashed")
	}
	b.WriteString("]\n")
}

// quoteDOT makes a string of Graphviz's language that shows the text as it
// is: it reads backslashes, and names of characters as HTML has them.
// https://graphviz.org/docs/attr-types/escString/
func quoteDOT(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '"' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '&':
			b.WriteString("&amp;")
		case !unicode.IsPrint(r):
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

// mermaidSizes are the classes of nodes, by the digits of the rows they hold.
var mermaidSizes = [...]int{11, 13, 16, 20, 24, 28} // font size in pixels

// WriteMermaid writes the drawing for Markdown.
func (d *Drawing) WriteMermaid(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "flowchart LR\n  %%%% %s\n", textMermaid(d.Title))
	for n, schema := range d.schemas() {
		fmt.Fprintf(&b, "  subgraph s%d [\"%s\"]\n", n, textMermaid(schema))
		for i := range d.Tables {
			if t := &d.Tables[i]; t.Schema == schema {
				fmt.Fprintf(&b, "    t%d[\"%s<br/>%s\"]:::%s\n", i, textMermaid(t.Name), textMermaid(t.rows()),
					t.classMermaid())
			}
		}
		b.WriteString("  end\n")
	}
	for i := range d.arrows {
		d.arrows[i].writeMermaid(&b)
	}
	for i := range d.arrows {
		fmt.Fprintf(&b, "  linkStyle %d stroke-width:%.1fpx\n", i, 1+magnitude(d.arrows[i].Forced))
	}
	for i, size := range mermaidSizes {
		fmt.Fprintf(&b, "  classDef rows%d font-size:%dpx\n", i, size)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *DrawnTable) classMermaid() string {
	return fmt.Sprintf("rows%d", min(int(math.Ceil(magnitude(t.Kept))), len(mermaidSizes)-1))
}

func (a *Arrow) writeMermaid(b *strings.Builder) {
	line := "-->"
	if a.Loose {
		line = "-.->"
	}
	if a.Forced > 0 {
		line += fmt.Sprintf("|\"%s\"|", textMermaid(document.Number(a.Forced)))
	}
	fmt.Fprintf(b, "  t%d %s t%d\n", a.child, line, a.parent)
}

// textMermaid shows the text as it is. Mermaid reads HTML, Markdown, icons,
// formulas, comments and directives in a label, so that every mark which is
// not between letters or digits is written as the number of its character.
// https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
func textMermaid(s string) string {
	var b strings.Builder
	runes := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	word := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	for i, r := range runes {
		switch {
		case !unicode.IsPrint(r):
			b.WriteByte(' ')
		case word(i) || r == ' ' || strings.ContainsRune("_.,-", r) && word(i-1) && word(i+1):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "#%d;", r)
			if strings.ContainsRune(`$:\`, r) && i+1 < len(runes) && runes[i+1] != ' ' {
				fmt.Fprintf(&b, "#%d;", wordJoiner)
			}
		}
	}
	return b.String()
}

// wordJoiner is invisible. It keeps $$, fa:fa- and \n from becoming a formula,
// an icon and a line break, which Mermaid looks for where numbers of
// characters are resolved already.
const wordJoiner = '\u2060'
