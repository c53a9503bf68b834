package facts

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/offshoot-dev/offshoot/internal/document"
)

// shown is how many statements are printed for people.
const shown = 20

// WriteText prints the facts for people, the largest tables first.
func (f *Facts) WriteText(w io.Writer) error { return f.sheet().WriteText(w) }

// WriteMarkdown prints the same in Markdown.
func (f *Facts) WriteMarkdown(w io.Writer) error { return f.sheet().WriteMarkdown(w) }

// WriteJSON prints all of them.
func (f *Facts) WriteJSON(w io.Writer) error { return document.WriteJSON(w, f) }

func (f *Facts) sheet() document.Sheet {
	s := document.Sheet{Headlines: []string{
		fmt.Sprintf("source: PostgreSQL %d.%d, %d tables", f.Server/10000, f.Server%10000, len(f.Tables)),
	}}
	s.Grids = append(s.Grids, f.sizes())
	if len(f.Statements) > 0 {
		s.Grids = append(s.Grids, f.calls())
	}
	settings := document.Grid{}
	settings.Add("setting", "value")
	for _, one := range f.Settings {
		settings.Add(one.Name, one.Value+one.Unit)
	}
	s.Grids = append(s.Grids, settings)
	for _, m := range f.Missing {
		s.Notes = append(s.Notes, "missing: "+m)
	}
	return s
}

func (f *Facts) sizes() document.Grid {
	g := document.Grid{}
	g.Add("table", "rows", "heap", "beside it", "indexes", "columns known", "values")
	tables := slices.Clone(f.Tables)
	slices.SortStableFunc(tables, func(a, b Table) int { return cmp.Compare(b.Total(), a.Total()) })
	for _, t := range tables {
		rows := "never analyzed"
		if t.Rows >= 0 {
			rows = document.Number(int64(t.Rows))
		}
		indexes := t.Total() - t.Bytes - t.Toast
		g.Add(t.Dotted(), rows, document.Size(t.Bytes), document.Size(t.Toast),
			fmt.Sprintf("%d, %s", len(t.Indexes), document.Size(indexes)), fmt.Sprint(len(t.Columns)),
			document.Number(t.values()))
	}
	return g
}

// values is how many of them are told.
func (t Table) values() (n int64) {
	for _, c := range t.Columns {
		told, _ := c.Told()
		n += int64(len(told) + len(c.Bounds))
		if c.Elements != nil {
			n += int64(len(c.Elements.Values))
		}
	}
	return n
}

func (f *Facts) calls() document.Grid {
	g := document.Grid{}
	g.Add("calls", "rows", "ms each", "statement")
	for _, s := range f.Statements[:min(len(f.Statements), shown)] {
		each := s.Time / float64(max(s.Calls, 1))
		g.Add(document.Number(s.Calls), document.Number(s.Rows), fmt.Sprintf("%.2f", each), s.Shape)
	}
	return g
}
