package document

import (
	"fmt"
	"html"
	"io"
	"strings"
)

// pageStyle is all that a page needs from outside of its text: no script, no font and no picture of anybody's.
const pageStyle = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1f24}
h1{font-size:1.3rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}table{border-collapse:collapse;margin:1rem 0}
td,th{border-bottom:1px solid #d0d7de;padding:.3rem .8rem .3rem 0;text-align:left;vertical-align:top}
svg{max-width:100%;height:auto}li{margin:.2rem 0}code{white-space:pre-wrap}summary{cursor:pointer}
.beside{display:flex;flex-wrap:wrap;gap:0 2rem}.tree{overflow-x:auto}.tree table{font-size:.85rem}
.tree td{border:0;padding:0 .8rem 0 0;white-space:pre;font-family:ui-monospace,monospace}`

// WriteHTML prints the sheet as a page of its own. Figures are markup behind the tables, and are not escaped.
func (s Sheet) WriteHTML(w io.Writer, title string, figures ...string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta http-equiv=\""+
		"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>%s</title>\n"+
		"<style>%s</style></head><body>\n", html.EscapeString(title), pageStyle)
	for i, line := range s.Headlines {
		tag := "p"
		if i == 0 {
			tag = "h1"
		}
		fmt.Fprintf(&b, "<%s>%s</%[1]s>\n", tag, html.EscapeString(line))
	}
	for _, g := range s.Grids {
		g.page(&b)
	}
	for _, figure := range figures {
		b.WriteString(figure)
	}
	if len(s.Notes) > 0 {
		b.WriteString("<ul>\n")
		for _, note := range s.Notes {
			fmt.Fprintf(&b, "<li>%s</li>\n", html.EscapeString(note))
		}
		b.WriteString("</ul>\n")
	}
	b.WriteString("</body></html>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// Fragment is a table as it stands on a page.
func Fragment(g Grid) string {
	var b strings.Builder
	g.page(&b)
	return b.String()
}

func (g *Grid) page(b *strings.Builder) {
	b.WriteString("<table>\n")
	for i, line := range g.Lines {
		tag := "td"
		if i == 0 {
			tag = "th"
		}
		b.WriteString("<tr>")
		for _, cell := range line {
			fmt.Fprintf(b, "<%s>%s</%[1]s>", tag, html.EscapeString(cell))
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n")
}
